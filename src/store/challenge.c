/*
 * challenge.c
 *		Table otp_challenge: the issued code of a user and purpose.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "errors.h"
#include "store/challenge.h"

/*
 * The row as it stands on the page.  All columns but the last two have a fixed width and none
 * is null, so that a new version is the old one with other bytes.
 */
typedef struct FormData_otp_challenge
{
	TimestampTz issued_at;
	TimestampTz expires_at;
	int64		total_at_issue;
	int64		context_tag;
	int32		key_id;
	int16		length;
	int16		alphabet;
	ItemPointerData budget;
	char		state;
	pg_uuid_t	nonce;
	/* text user_id, purpose */
} FormData_otp_challenge;

enum
{
	COL_ISSUED_AT = 1,
	COL_EXPIRES_AT,
	COL_TOTAL_AT_ISSUE,
	COL_CONTEXT_TAG,
	COL_KEY_ID,
	COL_LENGTH,
	COL_ALPHABET,
	COL_BUDGET,
	COL_STATE,
	COL_NONCE,
	COL_USER_ID,
	COL_PURPOSE,
	COL_COUNT = COL_PURPOSE
};

#ifndef ItemPointerGetDatum
#define ItemPointerGetDatum(x) PointerGetDatum(x)
#endif
StaticAssertDecl(UUID_LEN == OTP_NONCE_SIZE, "a nonce is stored as a uuid");
StaticAssertDecl(sizeof(int64) == OTP_TAG_SIZE, "a tag is stored as a bigint");

static void
to_form(const OtpChallenge *challenge, FormData_otp_challenge *form)
{
	form->issued_at = challenge->issued_at;
	form->expires_at = challenge->expires_at;
	form->total_at_issue = challenge->total_at_issue;
	memcpy(&form->context_tag, challenge->tag, OTP_TAG_SIZE);
	form->key_id = challenge->key_id;
	form->length = challenge->length;
	form->alphabet = challenge->alphabet;
	form->budget = challenge->budget;
	form->state = challenge->state;
	memcpy(form->nonce.data, challenge->nonce, OTP_NONCE_SIZE);
}

static void
from_form(const FormData_otp_challenge *form, OtpChallenge *challenge)
{
	if (form->length < OTP_CODE_MIN || form->length > OTP_CODE_MAX ||
		otp_alphabet_symbols(form->alphabet) == NULL ||
		(form->state != OTP_CHALLENGE_LIVE && form->state != OTP_CHALLENGE_SPENT &&
		 form->state != OTP_CHALLENGE_CANCELLED))
		ereport(ERROR,
				errcode(ERRCODE_OTP_SEALED_DAMAGED),
				errmsg("a row of table \"otp_challenge\" is damaged"),
				errdetail("It has a code of %d symbols of alphabet %d in state \"%c\".",
						  form->length, form->alphabet, form->state),
				otp_errprivate());
	challenge->issued_at = form->issued_at;
	challenge->expires_at = form->expires_at;
	challenge->total_at_issue = form->total_at_issue;
	memcpy(challenge->tag, &form->context_tag, OTP_TAG_SIZE);
	challenge->key_id = form->key_id;
	challenge->length = form->length;
	challenge->alphabet = form->alphabet;
	challenge->budget = form->budget;
	challenge->state = form->state;
	memcpy(challenge->nonce, form->nonce.data, OTP_NONCE_SIZE);
}

void
otp_challenge_read(HeapTuple tuple, OtpChallenge *challenge)
{
	from_form((FormData_otp_challenge *) GETSTRUCT(tuple), challenge);
}

bool
otp_challenge_fetch(Relation rel, Snapshot snapshot, const text *user,
					const text *purpose, OtpChallengeRow *row)
{
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	ScanKeyInit(&keys[1], COL_PURPOSE, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(purpose));
	row->tuple = otp_table_fetch(rel, snapshot, 2, keys);
	if (row->tuple == NULL)
		return false;
	otp_challenge_read(row->tuple, &row->challenge);
	return true;
}

const text *
otp_challenge_purpose(Relation rel, HeapTuple tuple)
{
	bool		isnull;

	return DatumGetTextPP(heap_getattr(tuple, COL_PURPOSE, RelationGetDescr(rel), &isnull));
}

List *
otp_challenge_purposes(Relation rel, Snapshot snapshot, const text *user)
{
	ScanKeyData key;
	List	   *purposes = NIL;
	List	   *tuples;
	ListCell   *cell;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	tuples = otp_table_fetch_all(rel, snapshot, 1, &key);
	foreach(cell, tuples)
		purposes = lappend(purposes, (void *) otp_challenge_purpose(rel, lfirst(cell)));
	return purposes;
}

bool
otp_challenge_any(Relation rel, Snapshot snapshot, const text *user)
{
	ScanKeyData key;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	return otp_table_fetch(rel, snapshot, 1, &key) != NULL;
}

void
otp_challenge_insert(Relation rel, const text *user, const text *purpose,
					 const OtpChallenge *challenge)
{
	FormData_otp_challenge form;
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT] = {false};
	HeapTuple	tuple;

	to_form(challenge, &form);
	values[COL_ISSUED_AT - 1] = TimestampTzGetDatum(form.issued_at);
	values[COL_EXPIRES_AT - 1] = TimestampTzGetDatum(form.expires_at);
	values[COL_TOTAL_AT_ISSUE - 1] = Int64GetDatum(form.total_at_issue);
	values[COL_CONTEXT_TAG - 1] = Int64GetDatum(form.context_tag);
	values[COL_KEY_ID - 1] = Int32GetDatum(form.key_id);
	values[COL_LENGTH - 1] = Int16GetDatum(form.length);
	values[COL_ALPHABET - 1] = Int16GetDatum(form.alphabet);
	values[COL_BUDGET - 1] = ItemPointerGetDatum(&form.budget);
	values[COL_STATE - 1] = CharGetDatum(form.state);
	values[COL_NONCE - 1] = UUIDPGetDatum(&form.nonce);
	values[COL_USER_ID - 1] = PointerGetDatum(user);
	values[COL_PURPOSE - 1] = PointerGetDatum(purpose);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	otp_table_insert(rel, tuple);
	heap_freetuple(tuple);
}

OtpUpdateResult
otp_challenge_update(Relation rel, const OtpChallengeRow *row, const OtpChallenge *challenge)
{
	HeapTuple	tuple = heap_copytuple(row->tuple);
	OtpUpdateResult result;

	to_form(challenge, (FormData_otp_challenge *) GETSTRUCT(tuple));
	result = otp_table_update(rel, row->tuple, tuple);
	heap_freetuple(tuple);
	return result;
}

void
otp_challenge_overwrite(OtpOverwrite *overwrite, OtpChallengeState state)
{
	char		byte = state;
	OtpPatch	patch = {offsetof(FormData_otp_challenge, state), sizeof(byte), &byte};

	otp_overwrite_finish(overwrite, &patch, 1);
}

int64
otp_challenge_remove_each(Relation rel, const text *user, OtpTableRemoved removed, void *arg)
{
	ScanKeyData key;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	return otp_table_remove_each(rel, 1, &key, removed, arg);
}

int32
otp_challenge_key_id(HeapTuple tuple)
{
	return ((FormData_otp_challenge *) GETSTRUCT(tuple))->key_id;
}

TimestampTz
otp_challenge_expires_at(HeapTuple tuple)
{
	return ((FormData_otp_challenge *) GETSTRUCT(tuple))->expires_at;
}

TimestampTz
otp_challenge_issued_at(HeapTuple tuple)
{
	return ((FormData_otp_challenge *) GETSTRUCT(tuple))->issued_at;
}
