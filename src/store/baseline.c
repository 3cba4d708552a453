/*
 * baseline.c
 *		Table otp_baseline: from where the consecutive wrong guesses of a user and purpose count.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "errors.h"
#include "store/baseline.h"
#include "store/permanent.h"
#include "store/relation.h"
#include "store/write.h"

/* The row as it stands on the page, up to the columns of variable width. */
typedef struct FormData_otp_baseline
{
	int64		total;
	int64		id;
	/* text user_id, purpose */
} FormData_otp_baseline;

enum
{
	COL_TOTAL = 1,
	COL_ID,
	COL_USER_ID,
	COL_PURPOSE,
	COL_COUNT = COL_PURPOSE
};

List *
otp_baseline_fetch_all(Relation rel, Snapshot snapshot, const text *user)
{
	ScanKeyData key;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	return otp_table_fetch_all(rel, snapshot, 1, &key);
}

List *
otp_baseline_fetch_committed(Relation rel, Snapshot snapshot, const text *user)
{
	List	   *rows = otp_baseline_fetch_all(rel, snapshot, user);
	ListCell   *cell;

	foreach(cell, rows)
		if (otp_table_is_own(lfirst(cell)) || otp_baseline_total(lfirst(cell)) < 0)
			rows = foreach_delete_current(rows, cell);
	return rows;
}

int64
otp_baseline_total(HeapTuple tuple)
{
	return ((FormData_otp_baseline *) GETSTRUCT(tuple))->total;
}

OtpNotice
otp_baseline_notice(HeapTuple tuple, int64 *base)
{
	int64		total = otp_baseline_total(tuple);

	if (total >= 0)
		return OTP_NOTICE_NONE;
	*base = -(total + 1) / 2;
	return total % 2 == 0 ? OTP_NOTICE_STOPPED : OTP_NOTICE_WARNED;
}

static const text *
text_of(Relation rel, HeapTuple tuple, int column)
{
	bool		isnull;

	return DatumGetTextPP(heap_getattr(tuple, column, RelationGetDescr(rel), &isnull));
}

const text *
otp_baseline_user(Relation rel, HeapTuple tuple)
{
	return text_of(rel, tuple, COL_USER_ID);
}

const text *
otp_baseline_purpose(Relation rel, HeapTuple tuple)
{
	return text_of(rel, tuple, COL_PURPOSE);
}

void
otp_baseline_insert(Relation rel, const text *user, const text *purpose, int64 total,
					bool permanent)
{
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT] = {false};
	int64		id;
	HeapTuple	tuple;

	if (!pg_strong_random(&id, sizeof(id)))
		otp_openssl_error("make random numbers");
	values[COL_TOTAL - 1] = Int64GetDatum(total);
	values[COL_ID - 1] = Int64GetDatum(id);
	values[COL_USER_ID - 1] = PointerGetDatum(user);
	values[COL_PURPOSE - 1] = PointerGetDatum(purpose);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	/* The id is new, so no row that this transaction has removed could come back beside it. */
	if (permanent)
		otp_permanent_insert(rel, tuple);
	else
		otp_table_insert(rel, tuple);
	heap_freetuple(tuple);
}

/* -1 - 2 * base, or one less: so it is told from a total, and no two bases have the same. */
void
otp_baseline_insert_notice(Relation rel, const text *user, const text *purpose, OtpNotice notice,
						   int64 base)
{
	otp_baseline_insert(rel, user, purpose, -2 * base - (int64) notice, true);
}

int64
otp_baseline_remove_all(Relation rel, const text *user)
{
	ScanKeyData key;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	return otp_table_remove_all(rel, 1, &key);
}
