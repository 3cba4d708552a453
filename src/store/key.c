/*
 * key.c
 *		Table otp_key: the data keys, wrapped by a master key.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "store/key.h"
#include "store/permanent.h"
#include "store/relation.h"
#include "store/write.h"

enum
{
	COL_ID = 1,
	COL_STATE,
	COL_MADE_AT,
	COL_MASTER_ID,
	COL_WRAPPED,
	COL_COUNT = COL_WRAPPED
};

#define STATE_WRITING	"writing"
#define STATE_READING	"reading"

static void
read_row(Relation rel, HeapTuple tuple, OtpKeyRow *row)
{
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT];
	bytea	   *wrapped;

	heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
	row->id = DatumGetInt32(values[COL_ID - 1]);
	row->writing = strcmp(TextDatumGetCString(values[COL_STATE - 1]), STATE_WRITING) == 0;
	row->made_at = DatumGetTimestampTz(values[COL_MADE_AT - 1]);
	strlcpy(row->master_id, TextDatumGetCString(values[COL_MASTER_ID - 1]),
			sizeof(row->master_id));
	wrapped = DatumGetByteaPP(values[COL_WRAPPED - 1]);
	if (VARSIZE_ANY_EXHDR(wrapped) != OTP_WRAPPED_SIZE)
		ereport(ERROR,
				errcode(ERRCODE_OTP_SEALED_DAMAGED),
				errmsg("data key %d is damaged", row->id),
				errdetail("It has %d bytes instead of %d.",
						  (int) VARSIZE_ANY_EXHDR(wrapped), OTP_WRAPPED_SIZE),
				otp_errprivate());
	memcpy(row->wrapped, VARDATA_ANY(wrapped), OTP_WRAPPED_SIZE);
	row->tuple = heap_copytuple(tuple);
}

static void
init_key(ScanKey key, int32 id)
{
	ScanKeyInit(key, COL_ID, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
}

bool
otp_key_fetch(Relation rel, Snapshot snapshot, int32 id, OtpKeyRow *row)
{
	ScanKeyData key;
	HeapTuple	tuple;

	init_key(&key, id);
	tuple = otp_table_fetch(rel, snapshot, 1, &key);
	if (tuple == NULL)
		return false;
	read_row(rel, tuple, row);
	return true;
}

bool
otp_key_fetch_writing(Relation rel, Snapshot snapshot, OtpKeyRow *row)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;

	/* A handful of rows: no index is worth its while. */
	ScanKeyInit(&key, COL_STATE, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(STATE_WRITING));
	scan = systable_beginscan(rel, InvalidOid, false, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	found = tuple != NULL;
	if (found)
		read_row(rel, tuple, row);
	systable_endscan(scan);
	return found;
}

int
otp_key_fetch_all(Relation rel, Snapshot snapshot, OtpKeyRow **rows)
{
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	HeapTuple	tuple;
	int			count = 0;
	int			room = 4;

	*rows = palloc(room * sizeof(OtpKeyRow));
	while ((tuple = systable_getnext(scan)) != NULL)
	{
		if (count == room)
			*rows = repalloc(*rows, (room *= 2) * sizeof(OtpKeyRow));
		read_row(rel, tuple, &(*rows)[count++]);
	}
	systable_endscan(scan);
	return count;
}

int32
otp_key_next_id(Relation rel)
{
	Snapshot	snapshot = otp_snapshot_now();
	OtpKeyRow  *rows;
	int			count = otp_key_fetch_all(rel, snapshot, &rows);
	int32		greatest = 0;

	UnregisterSnapshot(snapshot);
	for (int i = 0; i < count; i++)
		greatest = Max(greatest, rows[i].id);
	return greatest + 1;
}

static HeapTuple
form_tuple(Relation rel, const OtpKeyRow *row)
{
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT] = {false};
	bytea	   *wrapped = palloc(VARHDRSZ + OTP_WRAPPED_SIZE);

	SET_VARSIZE(wrapped, VARHDRSZ + OTP_WRAPPED_SIZE);
	memcpy(VARDATA(wrapped), row->wrapped, OTP_WRAPPED_SIZE);
	values[COL_ID - 1] = Int32GetDatum(row->id);
	values[COL_STATE - 1] = CStringGetTextDatum(row->writing ? STATE_WRITING : STATE_READING);
	values[COL_MADE_AT - 1] = TimestampTzGetDatum(row->made_at);
	values[COL_MASTER_ID - 1] = CStringGetTextDatum(row->master_id);
	values[COL_WRAPPED - 1] = PointerGetDatum(wrapped);
	return heap_form_tuple(RelationGetDescr(rel), values, nulls);
}

void
otp_key_insert(Relation rel, const OtpKeyRow *row)
{
	otp_table_insert(rel, form_tuple(rel, row));
}

void
otp_key_insert_permanently(Relation rel, const OtpKeyRow *row)
{
	ScanKeyData key;

	init_key(&key, row->id);
	otp_table_check_not_removed(rel, 1, &key);
	otp_permanent_insert(rel, form_tuple(rel, row));
}

OtpUpdateResult
otp_key_update(Relation rel, const OtpKeyRow *row)
{
	return otp_table_update(rel, row->tuple, form_tuple(rel, row));
}

int32
otp_key_id_of(Relation rel, HeapTuple tuple)
{
	bool		isnull;

	return DatumGetInt32(heap_getattr(tuple, COL_ID, RelationGetDescr(rel), &isnull));
}
