/*
 * relation.h
 *		The extension's tables: which relation holds what, and how a row is read.
 *
 * The tables are reached as PostgreSQL reaches its catalogs: by the C code alone, without
 * the planner and without any privilege of the caller.  Everything is read with a
 * snapshot of this moment, whatever the transaction's isolation level.
 */
#ifndef OTP_STORE_RELATION_H
#define OTP_STORE_RELATION_H

#include "compat.h"

#include "access/htup.h"
#include "access/skey.h"
#include "nodes/pg_list.h"
#include "storage/block.h"
#include "storage/lockdefs.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

typedef enum OtpTable
{
	OTP_TABLE_POLICY,
	OTP_TABLE_KEY,
	OTP_TABLE_CHALLENGE,
	OTP_TABLE_BUDGET,
	OTP_TABLE_DECOY,
	OTP_TABLE_EVENT,
	OTP_TABLE_CREDENTIAL,
	OTP_TABLE_RECOVERY,
	OTP_TABLE_BASELINE,
	OTP_TABLE_QUOTA,
	OTP_TABLE_MESSAGE,
	OTP_TABLE_CHANNEL_SECRET
} OtpTable;

#define OTP_TABLE_COUNT	(OTP_TABLE_CHANNEL_SECRET + 1)

/*
 * Opens the relation that holds a table's rows of a user (NULL: rows of no user).
 * The only place that knows which relation that is.  Close it with
 * table_close(rel, NoLock).
 *
 * Errors: 42P01 if the extension or one of its tables is not in this database; 55000 if the
 * table is of another version.
 */
extern Relation otp_table_open(OtpTable table, const text *user, LOCKMODE lockmode);

/* Is there such a table?  The extension may be of an older version than the library. */
extern bool otp_table_exists(OtpTable table);

/*
 * The snapshot of this moment, registered: end with UnregisterSnapshot().  It
 * sees what the transaction itself has done so far.
 */
extern Snapshot otp_snapshot_now(void);

/*
 * The row whose primary key is `keys` (with the table's attribute numbers, in the key's
 * order), as a copy, or NULL.  With a SnapshotDirty, *snapshot says whose row it is.
 */
extern HeapTuple otp_table_fetch(Relation rel, Snapshot snapshot, int nkeys, ScanKey keys);

/*
 * All rows, of type HeapTuple and as copies, whose primary key begins with `keys`, in the key's
 * order; NIL if there are none.
 */
extern List *otp_table_fetch_all(Relation rel, Snapshot snapshot, int nkeys, ScanKey keys);

/*
 * Calls `visit` for each row that there is now, as it stands on its page, until that returns false.  Memory
 * that it allocates is freed after each row.  The snapshot keeps the place of each from being used for another row.
 */
typedef bool (*OtpTableVisit) (Relation rel, HeapTuple tuple, void *arg);
extern void otp_table_scan(Relation rel, OtpTableVisit visit, void *arg);

/*
 * Where something stands in a row, from its first column; false if it stands elsewhere, because the
 * row has it compressed.
 */
extern bool otp_table_offset(HeapTuple tuple, const void *place, uint16 *offset);

/* Are they the same bytes? */
extern bool otp_same_text(const text *a, const text *b);

/* The primary key, opened; otp_table_open() has locked it.  Error: 42704 if it was dropped. */
extern Relation otp_table_open_primary_key(Relation rel);

/* Has the table, which is locked, such a block? */
extern bool otp_table_has_block(Relation rel, BlockNumber block);

/*
 * Calls back when a table may have changed: whoever writes it outside this file sends a
 * relcache invalidation.  It comes at any moment, so the callback only sets a flag.
 */
typedef void (*OtpTableChanged) (void);
extern void otp_table_on_change(OtpTable table, OtpTableChanged callback);

#endif							/* OTP_STORE_RELATION_H */
