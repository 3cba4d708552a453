/*
 * recovery.c
 *		Table otp_recovery: the set of recovery codes of each user.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "store/recovery.h"

/* The row as it stands on the page, up to the columns of variable width. */
typedef struct FormData_otp_recovery
{
	int64		spent;
	TimestampTz made_at;
	int32		key_id;
	int16		count;
	/* bytea sealed, text user_id */
} FormData_otp_recovery;

enum
{
	COL_SPENT = 1,
	COL_MADE_AT,
	COL_KEY_ID,
	COL_COUNT_OF_CODES,
	COL_SEALED,
	COL_USER_ID,
	COL_COUNT = COL_USER_ID
};

const text *
otp_recovery_read(Relation rel, HeapTuple tuple, OtpRecovery *recovery)
{
	FormData_otp_recovery *form = (FormData_otp_recovery *) GETSTRUCT(tuple);
	bool		isnull;
	bytea	   *sealed = DatumGetByteaPP(heap_getattr(tuple, COL_SEALED, RelationGetDescr(rel),
													  &isnull));

	if (form->count < 1 || form->count > OTP_RECOVERY_MAX ||
		VARSIZE_ANY_EXHDR(sealed) != OTP_RECOVERY_SEALED ||
		!otp_table_offset(tuple, VARDATA_ANY(sealed), &recovery->sealed_offset))
		ereport(ERROR,
				errcode(ERRCODE_OTP_SEALED_DAMAGED),
				errmsg("a row of table \"otp_recovery\" is damaged"),
				errdetail("It has %d codes and a seed of %d bytes.",
						  form->count, (int) VARSIZE_ANY_EXHDR(sealed)),
				otp_errprivate());
	recovery->spent = form->spent;
	recovery->made_at = form->made_at;
	recovery->key_id = form->key_id;
	recovery->count = form->count;
	memcpy(recovery->sealed, VARDATA_ANY(sealed), OTP_RECOVERY_SEALED);
	return DatumGetTextPP(heap_getattr(tuple, COL_USER_ID, RelationGetDescr(rel), &isnull));
}

bool
otp_recovery_fetch(Relation rel, Snapshot snapshot, const text *user, OtpRecoveryRow *row)
{
	ScanKeyData key;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	row->tuple = otp_table_fetch(rel, snapshot, 1, &key);
	if (row->tuple == NULL)
		return false;
	(void) otp_recovery_read(rel, row->tuple, &row->recovery);
	return true;
}

static HeapTuple
form_tuple(Relation rel, const text *user, const OtpRecovery *recovery)
{
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT] = {false};
	bytea	   *sealed = palloc(VARHDRSZ + OTP_RECOVERY_SEALED);

	SET_VARSIZE(sealed, VARHDRSZ + OTP_RECOVERY_SEALED);
	memcpy(VARDATA(sealed), recovery->sealed, OTP_RECOVERY_SEALED);
	values[COL_SPENT - 1] = Int64GetDatum(recovery->spent);
	values[COL_MADE_AT - 1] = TimestampTzGetDatum(recovery->made_at);
	values[COL_KEY_ID - 1] = Int32GetDatum(recovery->key_id);
	values[COL_COUNT_OF_CODES - 1] = Int16GetDatum(recovery->count);
	values[COL_SEALED - 1] = PointerGetDatum(sealed);
	values[COL_USER_ID - 1] = PointerGetDatum(user);
	return heap_form_tuple(RelationGetDescr(rel), values, nulls);
}

void
otp_recovery_insert(Relation rel, const text *user, const OtpRecovery *recovery)
{
	HeapTuple	tuple = form_tuple(rel, user, recovery);

	otp_table_insert(rel, tuple);
	heap_freetuple(tuple);
}

OtpUpdateResult
otp_recovery_update(Relation rel, const OtpRecoveryRow *row, const text *user,
					const OtpRecovery *recovery)
{
	HeapTuple	tuple = form_tuple(rel, user, recovery);
	OtpUpdateResult result = otp_table_update(rel, row->tuple, tuple);

	heap_freetuple(tuple);
	return result;
}

void
otp_recovery_overwrite(OtpOverwrite *overwrite, const OtpRecovery *recovery)
{
	int64		spent = recovery->spent;
	OtpPatch	patch = {offsetof(FormData_otp_recovery, spent), sizeof(spent), &spent};

	otp_overwrite_finish(overwrite, &patch, 1);
}

int64
otp_recovery_remove_all(Relation rel, const text *user)
{
	ScanKeyData key;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	return otp_table_remove_all(rel, 1, &key);
}

int32
otp_recovery_key_id(HeapTuple tuple)
{
	return ((FormData_otp_recovery *) GETSTRUCT(tuple))->key_id;
}

void
otp_recovery_reseal(OtpOverwrite *overwrite, const OtpRecovery *recovery)
{
	int32		key_id = recovery->key_id;
	OtpPatch	patches[2] = {
		{offsetof(FormData_otp_recovery, key_id), sizeof(key_id), &key_id},
		{recovery->sealed_offset, OTP_RECOVERY_SEALED, recovery->sealed},
	};

	otp_overwrite_finish(overwrite, patches, lengthof(patches));
}

bool
otp_recovery_any(Relation rel, Snapshot snapshot, const text *user)
{
	ScanKeyData key;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	return otp_table_fetch(rel, snapshot, 1, &key) != NULL;
}
