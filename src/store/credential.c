/*
 * credential.c
 *		Table otp_credential: the authenticators of each user.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/sequence.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "store/credential.h"

/* The row as it stands on the page, up to the columns of variable width. */
typedef struct FormData_otp_credential
{
	int64		credential_id;
	int64		last_position;
	TimestampTz used_at;
	TimestampTz made_at;
	TimestampTz expires_at;
	int32		drift;
	int32		key_id;
	int32		period;
	int16		window_size;
	int16		algorithm;
	int16		digits;
	char		kind;
	char		state;
	/* bytea sealed, text user_id, label, issuer, account, serial */
} FormData_otp_credential;

enum
{
	COL_CREDENTIAL_ID = 1,
	COL_LAST_POSITION,
	COL_USED_AT,
	COL_MADE_AT,
	COL_EXPIRES_AT,
	COL_DRIFT,
	COL_KEY_ID,
	COL_PERIOD,
	COL_WINDOW_SIZE,
	COL_ALGORITHM,
	COL_DIGITS,
	COL_KIND,
	COL_STATE,
	COL_SEALED,
	COL_USER_ID,
	COL_LABEL,
	COL_ISSUER,
	COL_ACCOUNT,
	COL_SERIAL,
	COL_COUNT = COL_SERIAL
};

static bool
is_sound(const OtpCredential *credential)
{
	return (credential->kind == OTP_CREDENTIAL_TOTP || credential->kind == OTP_CREDENTIAL_HOTP) &&
		(credential->state == OTP_CREDENTIAL_PENDING ||
		 credential->state == OTP_CREDENTIAL_ACTIVE) &&
		otp_algorithm_name(credential->algorithm) != NULL &&
		credential->digits >= OTP_DIGITS_MIN && credential->digits <= OTP_DIGITS_MAX &&
		credential->period >= OTP_PERIOD_MIN && credential->period <= OTP_PERIOD_MAX &&
		credential->window_size >= 0 && credential->last_position >= -1 &&
		credential->sealed_length > OTP_SEAL_OVERHEAD &&
		credential->sealed_length <= OTP_CREDENTIAL_SEALED_MAX;
}

static const text *
text_or_null(const Datum *values, const bool *nulls, int column)
{
	return nulls[column - 1] ? NULL : DatumGetTextPP(values[column - 1]);
}

void
otp_credential_read(Relation rel, HeapTuple tuple, OtpCredentialRow *row)
{
	FormData_otp_credential *form = (FormData_otp_credential *) GETSTRUCT(tuple);
	OtpCredential *credential = &row->credential;
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT];
	bytea	   *sealed;
	bool		in_place;

	row->tuple = tuple;
	heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
	credential->id = form->credential_id;
	credential->last_position = form->last_position;
	credential->used_at = form->used_at;
	credential->made_at = form->made_at;
	credential->expires_at = form->expires_at;
	credential->drift = form->drift;
	credential->key_id = form->key_id;
	credential->period = form->period;
	credential->window_size = form->window_size;
	credential->algorithm = form->algorithm;
	credential->digits = form->digits;
	credential->kind = form->kind;
	credential->state = form->state;
	sealed = DatumGetByteaPP(values[COL_SEALED - 1]);
	credential->sealed_length = VARSIZE_ANY_EXHDR(sealed);
	credential->sealed = (const uint8 *) VARDATA_ANY(sealed);
	in_place = otp_table_offset(tuple, credential->sealed, &credential->sealed_offset);
	credential->user = text_or_null(values, nulls, COL_USER_ID);
	credential->label = text_or_null(values, nulls, COL_LABEL);
	credential->issuer = text_or_null(values, nulls, COL_ISSUER);
	credential->account = text_or_null(values, nulls, COL_ACCOUNT);
	credential->serial = text_or_null(values, nulls, COL_SERIAL);
	if (!in_place || !is_sound(credential))
		ereport(ERROR,
				errcode(ERRCODE_OTP_SEALED_DAMAGED),
				errmsg("row %lld of table \"otp_credential\" is damaged",
					   (long long) credential->id),
				otp_errprivate());
}

int
otp_credential_fetch_all(Relation rel, Snapshot snapshot, const text *user,
						 OtpCredentialRow **rows)
{
	ScanKeyData key;
	List	   *tuples;
	int			count;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	tuples = otp_table_fetch_all(rel, snapshot, 1, &key);
	count = list_length(tuples);
	*rows = count == 0 ? NULL : palloc(count * sizeof(OtpCredentialRow));
	for (int i = 0; i < count; i++)
		otp_credential_read(rel, list_nth(tuples, i), &(*rows)[i]);
	list_free(tuples);
	return count;
}

TransactionId
otp_credential_maker(const OtpCredentialRow *row)
{
	TransactionId maker = HeapTupleHeaderGetXmin(row->tuple->t_data);

	if (TransactionIdIsCurrentTransactionId(maker) || !TransactionIdIsInProgress(maker))
		return InvalidTransactionId;
	return maker;
}

int64
otp_credential_next_id(void)
{
	Relation	rel = otp_table_open(OTP_TABLE_CREDENTIAL, NULL, AccessShareLock);
	Oid			sequence = get_relname_relid("otp_credential_id", RelationGetNamespace(rel));

	table_close(rel, NoLock);
	if (!OidIsValid(sequence))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("sequence \"%s\" of extension \"otp\" does not exist", "otp_credential_id"),
				otp_errprivate());
	return nextval_internal(sequence, false);
}

static void
set_text(Datum *values, bool *nulls, int column, const text *value)
{
	nulls[column - 1] = value == NULL;
	values[column - 1] = PointerGetDatum(value);
}

void
otp_credential_insert(Relation rel, const OtpCredential *credential)
{
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT] = {false};
	bytea	   *sealed = palloc(VARHDRSZ + credential->sealed_length);
	HeapTuple	tuple;

	SET_VARSIZE(sealed, VARHDRSZ + credential->sealed_length);
	memcpy(VARDATA(sealed), credential->sealed, credential->sealed_length);
	values[COL_CREDENTIAL_ID - 1] = Int64GetDatum(credential->id);
	values[COL_LAST_POSITION - 1] = Int64GetDatum(credential->last_position);
	values[COL_USED_AT - 1] = TimestampTzGetDatum(credential->used_at);
	values[COL_MADE_AT - 1] = TimestampTzGetDatum(credential->made_at);
	values[COL_EXPIRES_AT - 1] = TimestampTzGetDatum(credential->expires_at);
	values[COL_DRIFT - 1] = Int32GetDatum(credential->drift);
	values[COL_KEY_ID - 1] = Int32GetDatum(credential->key_id);
	values[COL_PERIOD - 1] = Int32GetDatum(credential->period);
	values[COL_WINDOW_SIZE - 1] = Int16GetDatum(credential->window_size);
	values[COL_ALGORITHM - 1] = Int16GetDatum(credential->algorithm);
	values[COL_DIGITS - 1] = Int16GetDatum(credential->digits);
	values[COL_KIND - 1] = CharGetDatum(credential->kind);
	values[COL_STATE - 1] = CharGetDatum(credential->state);
	values[COL_SEALED - 1] = PointerGetDatum(sealed);
	set_text(values, nulls, COL_USER_ID, credential->user);
	set_text(values, nulls, COL_LABEL, credential->label);
	set_text(values, nulls, COL_ISSUER, credential->issuer);
	set_text(values, nulls, COL_ACCOUNT, credential->account);
	set_text(values, nulls, COL_SERIAL, credential->serial);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	otp_table_insert(rel, tuple);
	heap_freetuple(tuple);
	pfree(sealed);
}

OtpUpdateResult
otp_credential_update(Relation rel, const OtpCredentialRow *row,
					  const OtpCredential *credential)
{
	HeapTuple	tuple = heap_copytuple(row->tuple);
	FormData_otp_credential *form = (FormData_otp_credential *) GETSTRUCT(tuple);
	OtpUpdateResult result;

	form->last_position = credential->last_position;
	form->used_at = credential->used_at;
	form->expires_at = credential->expires_at;
	form->drift = credential->drift;
	form->state = credential->state;
	result = otp_table_update(rel, row->tuple, tuple);
	heap_freetuple(tuple);
	return result;
}

void
otp_credential_overwrite(OtpOverwrite *overwrite, const OtpCredential *credential)
{
	FormData_otp_credential form = {
		.last_position = credential->last_position,.used_at = credential->used_at
	};
	int32		drift = credential->drift;
	OtpPatch	patches[2] = {
		{offsetof(FormData_otp_credential, last_position), 2 * sizeof(int64), &form.last_position},
		{offsetof(FormData_otp_credential, drift), sizeof(drift), &drift},
	};

	otp_overwrite_finish(overwrite, patches, lengthof(patches));
}

int64
otp_credential_remove_all(Relation rel, const text *user)
{
	ScanKeyData key;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	return otp_table_remove_all(rel, 1, &key);
}

int32
otp_credential_key_id(HeapTuple tuple)
{
	return ((FormData_otp_credential *) GETSTRUCT(tuple))->key_id;
}

void
otp_credential_reseal(OtpOverwrite *overwrite, const OtpCredential *credential)
{
	int32		key_id = credential->key_id;
	OtpPatch	patches[2] = {
		{offsetof(FormData_otp_credential, key_id), sizeof(key_id), &key_id},
		{credential->sealed_offset, credential->sealed_length, credential->sealed},
	};

	otp_overwrite_finish(overwrite, patches, lengthof(patches));
}

bool
otp_credential_any(Relation rel, Snapshot snapshot, const text *user)
{
	ScanKeyData key;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	return otp_table_fetch(rel, snapshot, 1, &key) != NULL;
}

TimestampTz
otp_credential_waits_until(HeapTuple tuple)
{
	FormData_otp_credential *form = (FormData_otp_credential *) GETSTRUCT(tuple);

	return form->state == OTP_CREDENTIAL_PENDING ? form->expires_at : DT_NOEND;
}
