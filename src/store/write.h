/*
 * write.h
 *		How a row of the extension's tables is inserted, updated and deleted.
 */
#ifndef OTP_STORE_WRITE_H
#define OTP_STORE_WRITE_H

#include "compat.h"

#include "access/htup.h"
#include "access/skey.h"
#include "utils/rel.h"

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

/* Fails with 40001 where changing the row could, in SERIALIZABLE. */
extern void otp_table_check_conflict(Relation rel, HeapTuple tuple);

/* Deletes a row that no other transaction is changing (else XX000); part of the transaction. */
extern void otp_table_delete(Relation rel, ItemPointer tid);

typedef enum OtpUpdateResult
{
	OTP_UPDATED,
	OTP_UPDATE_LOST				/* the row was changed first: read it again */
} OtpUpdateResult;

/*
 * Compare-and-set: replaces the row version that was read, `old`, if it is still the last one and
 * says the same, waiting for the end of a transaction that is changing it.  Part of the
 * transaction.  A version that a permanent write has overwritten since stays as that write has
 * left it, and the update is lost as well.
 */
extern OtpUpdateResult otp_table_update(Relation rel, HeapTuple old, HeapTuple new);

/* Compare-and-set: deletes the row version, under the same conditions.  Part of the transaction. */
extern OtpUpdateResult otp_table_remove(Relation rel, HeapTuple old);

/*
 * Deletes all rows whose primary key begins with `keys`, waiting for whoever changes one; returns how many.  Part of the
 * transaction.
 */
extern int64 otp_table_remove_all(Relation rel, int nkeys, ScanKey keys);

/* The same; hands over each row as it was when it was deleted. */
typedef void (*OtpTableRemoved) (Relation rel, HeapTuple tuple, void *arg);
extern int64 otp_table_remove_each(Relation rel, int nkeys, ScanKey keys, OtpTableRemoved removed,
								   void *arg);

/*
 * Would otp_table_remove_if_idle() delete the row?  The snapshot that it was read with is still registered.
 */
extern bool otp_table_is_idle(Relation rel, HeapTuple tuple);

/*
 * The same without waiting: false, and nothing is deleted, if another transaction is changing the row or has.
 */
extern bool otp_table_remove_if_idle(Relation rel, HeapTuple old);

/*
 * Was nobody deleting the row when it was read, or is at least nobody now?  The snapshot that it was read with is still
 * registered.
 */
extern bool otp_table_stays(Relation rel, HeapTuple tuple);

/* Has this transaction made the version, so that a rollback takes it away? */
extern bool otp_table_is_own(HeapTuple tuple);

#endif							/* OTP_STORE_WRITE_H */
