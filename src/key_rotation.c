/*
 * key_rotation.c
 *		Exchanging keys: otp_rotate_key, otp_rewrap_master.
 *
 * Both begin with the row of the writing key, by compare-and-set, and so wait for each other's
 * transaction.
 */
#include "compat.h"

#include "access/table.h"
#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "args.h"
#include "core/secure.h"
#include "keyring.h"
#include "master_key.h"
#include "store/key.h"
#include "store/relation.h"

static int
fetch_all_now(Relation rel, OtpKeyRow **rows)
{
	Snapshot	snapshot = otp_snapshot_now();
	int			count = otp_key_fetch_all(rel, snapshot, rows);

	UnregisterSnapshot(snapshot);
	return count;
}

/* Makes the writing key one that is only read; its row as it was. */
static OtpKeyRow
retire_writing_key(Relation rel)
{
	for (;;)
	{
		OtpKeyRow  *rows;
		int			count;

		CHECK_FOR_INTERRUPTS();
		/* so that there is one, even if all were dropped by whom the last round has waited for */
		(void) otp_writing_key();
		count = fetch_all_now(rel, &rows);
		for (int i = 0; i < count; i++)
		{
			OtpKeyRow	retired = rows[i];

			retired.writing = false;
			if (rows[i].writing && otp_key_update(rel, &retired) == OTP_UPDATED)
				return rows[i];
		}
		pfree(rows);
	}
}

/* otp_rotate_key() → integer */
PG_FUNCTION_INFO_V1(otp_rotate_key);
Datum
otp_rotate_key(PG_FUNCTION_ARGS)
{
	Relation	rel;
	OtpKeyRow	row;
	OtpMasterKey master;

	otp_require_writable("otp_rotate_key()");
	rel = otp_table_open(OTP_TABLE_KEY, NULL, RowExclusiveLock);
	row = retire_writing_key(rel);
	/* Under the master key that the others are under, which may be the next one by now. */
	otp_master_key_find(&master, row.master_id);
	PG_TRY();
	{
		otp_master_key_check(&master, row.master_id, row.id);
		otp_key_make(&row, otp_key_next_id(rel), &master);
	}
	PG_FINALLY();
	{
		otp_wipe(master.wrapping, sizeof(master.wrapping));
	}
	PG_END_TRY();
	otp_key_insert(rel, &row);
	CacheInvalidateRelcache(rel);
	/* so that this session hears of it even if nothing else follows before an error */
	CommandCounterIncrement();
	table_close(rel, NoLock);
	PG_RETURN_INT32(row.id);
}

/* Wraps a row by the master key; false if the row has changed meanwhile. */
static bool
rewrap(Relation rel, OtpKeyRow *row, const OtpMasterKey *master)
{
	uint8		data_key[OTP_KEY_SIZE];

	otp_key_unwrap(row, data_key);
	PG_TRY();
	{
		otp_key_wrap(row, master, data_key);
	}
	PG_FINALLY();
	{
		otp_wipe(data_key, sizeof(data_key));
	}
	PG_END_TRY();
	return otp_key_update(rel, row) == OTP_UPDATED;
}

/*
 * All rows that the master key does not wrap yet.  One that is inserted meanwhile is inserted by
 * whoever has changed the writing key's row, which is then met here.
 */
static int32
rewrap_all(Relation rel, const OtpMasterKey *master)
{
	int32		rewrapped = 0;
	bool		changed = true;

	while (changed)
	{
		OtpKeyRow  *rows;
		int			count = fetch_all_now(rel, &rows);

		CHECK_FOR_INTERRUPTS();
		changed = false;
		for (int i = 0; i < count && !changed; i++)
		{
			if (strcmp(rows[i].master_id, master->id) == 0)
				continue;
			changed = !rewrap(rel, &rows[i], master);
			rewrapped += !changed;
		}
	}
	return rewrapped;
}

/* otp_rewrap_master() → integer */
PG_FUNCTION_INFO_V1(otp_rewrap_master);
Datum
otp_rewrap_master(PG_FUNCTION_ARGS)
{
	Relation	rel;
	OtpMasterKey next;
	int32		rewrapped;

	otp_require_writable("otp_rewrap_master()");
	otp_master_key_read_next(&next);
	rel = otp_table_open(OTP_TABLE_KEY, NULL, RowExclusiveLock);
	PG_TRY();
	{
		rewrapped = rewrap_all(rel, &next);
	}
	PG_FINALLY();
	{
		otp_wipe(next.wrapping, sizeof(next.wrapping));
	}
	PG_END_TRY();
	CacheInvalidateRelcache(rel);
	table_close(rel, NoLock);
	PG_RETURN_INT32(rewrapped);
}
