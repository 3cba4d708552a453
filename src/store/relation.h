/*
 * relation.h
 *		The extension's tables: which relation holds what, and how a row is read,
 *		inserted and updated.
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
	OTP_TABLE_EVENT
} OtpTable;

#define OTP_TABLE_COUNT	(OTP_TABLE_EVENT + 1)

/*
 * Opens the relation that holds a table's rows of a user (NULL: rows of no user).
 * The only place that knows which relation that is.  Close it with
 * table_close(rel, NoLock).
 *
 * Errors: 42P01 if the extension or one of its tables is not in this database; 55000 if the
 * table is of another version.
 */
extern Relation otp_table_open(OtpTable table, const text *user, LOCKMODE lockmode);

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
 * Refuses a permanent insert (55006) if this transaction itself has removed a row with the
 * same primary key: a rollback would bring that one back.
 */
extern void otp_table_check_not_removed(Relation rel, int nkeys, ScanKey keys);

/* Inserts a row and its index entries; part of the transaction. */
extern void otp_table_insert(Relation rel, HeapTuple tuple);

/* The index entries alone, of a tuple that is in the heap. */
extern void otp_table_insert_index_entries(Relation rel, HeapTuple tuple,
										   OtpUpdateIndexes indexes);

/*
 * May an index of the table be under construction by CREATE INDEX or REINDEX CONCURRENTLY, so far that
 * rows which are inserted enter it?  If not, no build comes so far before this transaction ends,
 * because it waits for our lock on the table.  Waits for no transaction that uses the table.
 */
extern bool otp_table_is_being_indexed(Relation rel);

/* Deletes a row that no other transaction is changing (else XX000); part of the transaction. */
extern void otp_table_delete(Relation rel, ItemPointer tid);

typedef enum OtpUpdateResult
{
	OTP_UPDATED,
	OTP_UPDATE_LOST				/* another transaction changed the row first */
} OtpUpdateResult;

/*
 * Compare-and-set: replaces the row version at `tid` if it is still the last one, waiting
 * for the end of a transaction that is changing it.  Part of the transaction.
 */
extern OtpUpdateResult otp_table_update(Relation rel, ItemPointer tid, HeapTuple tuple);

/*
 * Calls back when a table may have changed: whoever writes it outside this file sends a
 * relcache invalidation.  It comes at any moment, so the callback only sets a flag.
 */
typedef void (*OtpTableChanged) (void);
extern void otp_table_on_change(OtpTable table, OtpTableChanged callback);

#endif							/* OTP_STORE_RELATION_H */
