/*
 * quota.c
 *		Table otp_quota: how many codes were handed out to a user or a destination of late.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "store/permanent.h"
#include "store/quota.h"
#include "store/relation.h"
#include "store/write.h"

/* The row as it stands on the page, up to the columns of variable width. */
typedef struct FormData_otp_quota
{
	int64		slot;
	int64		width;
	int32		issues[OTP_QUOTA_SLOTS];	/* columns issues_1 to issues_8 */
	/* text scope, subject, purpose */
} FormData_otp_quota;

StaticAssertDecl(sizeof(FormData_otp_quota) == INTALIGN(sizeof(FormData_otp_quota)),
				 "scope follows without padding");

enum
{
	COL_SLOT = 1,
	COL_WIDTH,
	COL_ISSUES_1,
	COL_SCOPE = COL_ISSUES_1 + OTP_QUOTA_SLOTS,
	COL_SUBJECT,
	COL_PURPOSE,
	COL_COUNT = COL_PURPOSE
};

/* The scopes whose subject is a user. */
static const char *const scopes_of_users[] = {
	OTP_QUOTA_OF_USER, OTP_QUOTA_OF_PROMPT, OTP_QUOTA_OF_AGAIN
};

bool
otp_quota_is_of_user(const text *scope)
{
	for (int i = 0; i < lengthof(scopes_of_users); i++)
		if (otp_same_text(scope, cstring_to_text(scopes_of_users[i])))
			return true;
	return false;
}

static void
init_keys(ScanKey keys, const OtpQuotaKey *key)
{
	ScanKeyInit(&keys[0], COL_SCOPE, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(key->scope));
	ScanKeyInit(&keys[1], COL_SUBJECT, BTEqualStrategyNumber, F_TEXTEQ,
				PointerGetDatum(key->subject));
	ScanKeyInit(&keys[2], COL_PURPOSE, BTEqualStrategyNumber, F_TEXTEQ,
				PointerGetDatum(key->purpose));
}

/*
 * Is the row that the index led to the one that is meant?  A permanent row that has come into a dead one's
 * place meanwhile is visible to every snapshot.
 */
static bool
is_of(Relation rel, HeapTuple tuple, const OtpQuotaKey *key)
{
	const text *const wanted[] = {key->scope, key->subject, key->purpose};

	for (int i = 0; i < lengthof(wanted); i++)
	{
		bool		isnull;
		const text *value = DatumGetTextPP(heap_getattr(tuple, COL_SCOPE + i,
														RelationGetDescr(rel), &isnull));

		if (!otp_same_text(value, wanted[i]))
			return false;
	}
	return true;
}

void
otp_quota_read(HeapTuple tuple, OtpQuota *quota)
{
	FormData_otp_quota *form = (FormData_otp_quota *) GETSTRUCT(tuple);

	quota->slot = form->slot;
	quota->width = form->width;
	memcpy(quota->issues, form->issues, sizeof(form->issues));
}

/* scope and subject are the first columns behind those of fixed width. */
const text *
otp_quota_user(HeapTuple tuple)
{
	char	   *scope = (char *) GETSTRUCT(tuple) + sizeof(FormData_otp_quota);
	char	   *end = scope + VARSIZE_ANY(scope);

	if (!otp_quota_is_of_user((const text *) scope))
		return NULL;
	return (const text *) att_align_pointer(end, TYPALIGN_INT, -1, end);
}

OtpQuotaKey
otp_quota_key(Relation rel, HeapTuple tuple)
{
	OtpQuotaKey key;
	const text **const columns[] = {&key.scope, &key.subject, &key.purpose};

	for (int i = 0; i < lengthof(columns); i++)
	{
		bool		isnull;

		*columns[i] = DatumGetTextPP(heap_getattr(tuple, COL_SCOPE + i, RelationGetDescr(rel),
												  &isnull));
	}
	return key;
}

void
otp_quota_fetch(Relation rel, Snapshot snapshot, const OtpQuotaKey *key, OtpQuotaRow *row)
{
	ScanKeyData keys[3];
	HeapTuple	tuple;

	init_keys(keys, key);
	tuple = otp_table_fetch(rel, snapshot, lengthof(keys), keys);
	memset(row, 0, sizeof(*row));
	if (tuple == NULL)
		return;
	if (is_of(rel, tuple, key))
	{
		row->exists = true;
		row->tid = tuple->t_self;
		otp_quota_read(tuple, &row->quota);
	}
	heap_freetuple(tuple);
}

static void
create(Relation rel, const OtpQuotaKey *key, const OtpQuota *quota)
{
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT] = {false};
	ScanKeyData keys[3];
	HeapTuple	tuple;

	init_keys(keys, key);
	otp_table_check_not_removed(rel, lengthof(keys), keys);
	values[COL_SLOT - 1] = Int64GetDatum(quota->slot);
	values[COL_WIDTH - 1] = Int64GetDatum(quota->width);
	for (int i = 0; i < OTP_QUOTA_SLOTS; i++)
		values[COL_ISSUES_1 - 1 + i] = Int32GetDatum(quota->issues[i]);
	values[COL_SCOPE - 1] = PointerGetDatum(key->scope);
	values[COL_SUBJECT - 1] = PointerGetDatum(key->subject);
	values[COL_PURPOSE - 1] = PointerGetDatum(key->purpose);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	otp_permanent_insert(rel, tuple);
	heap_freetuple(tuple);
}

static void
overwrite_row(OtpOverwrite *overwrite, const OtpQuota *quota)
{
	FormData_otp_quota form = {quota->slot, quota->width};
	OtpPatch	patch = {0, sizeof(form), &form};

	memcpy(form.issues, quota->issues, sizeof(form.issues));
	otp_overwrite_finish(overwrite, &patch, 1);
}

bool
otp_quota_put(Relation rel, const OtpQuotaKey *key, OtpQuotaRow *row, TransactionId *busy)
{
	OtpOverwrite overwrite;
	OtpOverwriteState state;

	*busy = InvalidTransactionId;
	if (!row->exists)
	{
		create(rel, key, &row->quota);
		return true;
	}
	state = otp_overwrite_try(&overwrite, rel, &row->tid, busy);
	/* What this transaction has changed by hand stays so however often one tries. */
	if (state == OTP_OVERWRITE_OWN)
		otp_overwrite_begin(&overwrite, rel, &row->tid);
	if (state != OTP_OVERWRITE_READY)
		return false;
	overwrite_row(&overwrite, &row->quota);
	return true;
}

int64
otp_quota_remove_each(Relation rel, const text *user, OtpTableRemoved removed, void *arg)
{
	int64		count = 0;

	for (int i = 0; i < lengthof(scopes_of_users); i++)
	{
		ScanKeyData keys[2];

		ScanKeyInit(&keys[0], COL_SCOPE, BTEqualStrategyNumber, F_TEXTEQ,
					CStringGetTextDatum(scopes_of_users[i]));
		ScanKeyInit(&keys[1], COL_SUBJECT, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
		count += otp_table_remove_each(rel, lengthof(keys), keys, removed, arg);
	}
	return count;
}
