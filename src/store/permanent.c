/*
 * permanent.c
 *		Writes that outlive a rollback.
 *
 * A rejected guess stays counted whatever becomes of the caller's transaction.
 * PostgreSQL has no autonomous transactions; what follows needs none.  Both kinds of
 * write end in one Generic WAL record on one heap page of a table of our own, so crash
 * recovery, standbys and page checksums treat them like any other change.
 *
 * The record is put together here instead of by GenericXLogStart() and GenericXLogFinish(), which
 * copy the page twice and compare all of it byte by byte to find out what we know: which
 * bytes changed.  That was half the time of a wrong guess.  The format (a sequence
 * of offset, length, bytes) is the one that generic_redo() has read since PostgreSQL 9.6,
 * the record is written and read by the same major version, and the crash and standby tests
 * replay it on each.
 *
 * Permanent insert.  The row is inserted in the ordinary way, heap and indexes, by
 * the current (sub)transaction.  Then its xmin is frozen in place.
 *
 * - Until the freeze it is an uncommitted row.  An error or a crash at any point before leaves
 *   a dead tuple and dead index entries, which vacuum removes.
 * - The freeze is one change of two hint bits under the exclusive lock of the page's content,
 *   in one WAL record: it happened or it did not.
 * - After the freeze every visibility test takes the row for committed without
 *   looking at its xmin: it is seen by all snapshots, survives abort and crash, and is
 *   deleted and vacuumed like any other.
 * - All index entries are there before the freeze, in the buffers and in the WAL.  This
 *   is why HEAP_INSERT_FROZEN would be wrong: a crash between the heap record and the
 *   index record would leave a live row that no index finds.
 * - In a unique index no second live row can appear: whoever inserts holds a lock
 *   of ours that serializes the inserters of a key.  If someone else does insert, the
 *   unique index raises its error before the freeze.  What it does not see is a row that
 *   this very transaction has deleted, and that a rollback would bring back: whoever inserts
 *   asks otp_table_check_not_removed() first.
 * - Nothing can have removed the row between insertion and freeze: our
 *   transaction is in progress, so the tuple is neither prunable nor vacuumable, and nobody
 *   else can see it to update it.
 * - CREATE INDEX and REINDEX CONCURRENTLY end with a search for rows of their snapshot that the
 *   index lacks: they read the index, then the table.  A row that is inserted and frozen in between is
 *   seen by that snapshot and gets a second entry.  Nothing can hold that search off: the locks that it
 *   takes are held by a REINDEX all along, which itself waits for the transactions that use the table.
 *   So the trail has ordinary rows meanwhile.  Of a unique index, which is what otp_budget and
 *   otp_key have, the second entry is refused: the build fails, and can be repeated.
 * - The freeze does not touch the visibility map: heap_insert has cleared the page's
 *   all-visible bit, and vacuum sets it again by its own rules, to which a frozen row
 *   is committed and older than every snapshot.  That a snapshot older than the row sees it
 *   is what this write is for.
 *
 * Permanent overwrite.  Columns of fixed width are changed where the row stands, as nextval()
 * does it with a sequence: no new row version, no transaction id.
 *
 * - The page is locked exclusively from before the comparison that decides on the
 *   change until the change is made and logged, and whatever can fail has been done
 *   before: what is left between judgement and charge is a critical section that copies
 *   bytes and logs them.  A held content lock holds off
 *   interrupts: no cancel, timeout or termination comes in between.
 * - Row versions: if a transaction is deleting or updating the row, or this one has just inserted
 *   it in the ordinary way, the overwrite is refused, because it might land on a version that
 *   dies; a mere row lock does not matter.  Whoever is refused lets go of our locks, waits for
 *   the other transaction and begins again with what there is then.  Tables whose rows are both overwritten and updated are
 *   updated by otp_table_update(), which sees an overwrite that came between reading and updating.
 * - Null bitmap, length and the position of every column stay as they are, and
 *   none of the columns is indexed, so no index entry becomes wrong.
 * - A reader without the page's lock can see the columns of a row half changed, as
 *   with a sequence, but never a single one, since each is an aligned word.  Who
 *   decides by them holds the lock that serializes the writers of the row.
 *
 * Neither kind takes or releases a predicate lock: what is written here is outside of
 * the transaction, hence outside of SERIALIZABLE's promise.
 *
 * Flush.  The caller flushes once, before it tells anyone the verdict.  A row of the trail costs
 * the transaction an id, and so its commit a record and a second flush, although all that
 * it did is on disk by then.  Hence a transaction that had written nothing before is made
 * one that has written nothing again; its commit record then follows at leisure.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "replication/syncrep.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "utils/memdebug.h"
#include "utils/rel.h"

#include "errors.h"
#include "store/permanent.h"
#include "store/relation.h"
#include "store/write.h"

/* As generic_redo() reads it. */
#define FRAGMENT_HEADER		(2 * sizeof(OffsetNumber))

/*
 * Changes bytes of a page and logs them; offsets are from the page's start.  The caller has
 * locked the buffer exclusively.
 */
static void
change_page(Relation rel, Buffer buffer, const OtpPatch *patches, int count)
{
	char		delta[OTP_PATCH_COUNT * FRAGMENT_HEADER + OTP_PATCH_BYTES];
	char	   *end = delta;
	Page		page = BufferGetPage(buffer);

	if (RelationNeedsWAL(rel))
		XLogBeginInsert();
	START_CRIT_SECTION();
	for (int i = 0; i < count; i++)
	{
		OffsetNumber header[2] = {patches[i].offset, patches[i].length};

		Assert(end + FRAGMENT_HEADER + patches[i].length <= delta + sizeof(delta));
		memcpy(end, header, FRAGMENT_HEADER);
		memcpy(end + FRAGMENT_HEADER, patches[i].data, patches[i].length);
		end += FRAGMENT_HEADER + patches[i].length;
		memcpy((char *) page + patches[i].offset, patches[i].data, patches[i].length);
	}
	VALGRIND_CHECK_MEM_IS_DEFINED(delta, end - delta);
	MarkBufferDirty(buffer);
	if (RelationNeedsWAL(rel))
	{
		bool		checked = wal_consistency_checking[RM_GENERIC_ID];
		XLogRecPtr	lsn;

		/*
		 * A Generic WAL record's check takes the hint bits of a heap page for differences, and recovery
		 * ends with them.
		 */
		wal_consistency_checking[RM_GENERIC_ID] = false;
		XLogRegisterBuffer(0, buffer, REGBUF_STANDARD);
		XLogRegisterBufData(0, delta, end - delta);
		lsn = XLogInsert(RM_GENERIC_ID, 0);
		wal_consistency_checking[RM_GENERIC_ID] = checked;
		PageSetLSN(page, lsn);
	}
	END_CRIT_SECTION();
}

static HeapTupleHeader
tuple_header(Page page, OffsetNumber offset)
{
	return (HeapTupleHeader) PageGetItem(page, PageGetItemId(page, offset));
}

/* Freezes the xmin of a row that this transaction has just inserted. */
static void
freeze_inserted(Relation rel, ItemPointer tid)
{
	Buffer		buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(tid));
	HeapTupleHeader header;
	uint16		infomask;
	OtpPatch	patch;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	header = tuple_header(BufferGetPage(buffer), ItemPointerGetOffsetNumber(tid));
	Assert(TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetRawXmin(header)));
	infomask = header->t_infomask | HEAP_XMIN_FROZEN;
	patch.offset = (char *) &header->t_infomask - (char *) BufferGetPage(buffer);
	patch.length = sizeof(infomask);
	patch.data = &infomask;
	change_page(rel, buffer, &patch, 1);
	UnlockReleaseBuffer(buffer);
}

void
otp_permanent_insert(Relation rel, HeapTuple tuple)
{
	VALGRIND_CHECK_MEM_IS_DEFINED(tuple->t_data, tuple->t_len);
	heap_insert(rel, tuple, GetCurrentCommandId(true), 0, NULL);
	otp_table_insert_index_entries(rel, tuple, OTP_INDEX_ALL);
	freeze_inserted(rel, &tuple->t_self);
	CommandCounterIncrement();
}

/*
 * Would a rollback take the row away?  What a snapshot sees is committed, or this
 * transaction's own; then the row is safe only if the table goes with it.
 */
static bool
row_may_go(Relation rel, HeapTupleHeader header)
{
	return !HeapTupleHeaderXminCommitted(header) &&
		rel->rd_createSubid == InvalidSubTransactionId &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetRawXmin(header));
}

/* Can a transaction take the row away?  The caller has locked the buffer. */
static OtpOverwriteState
row_state(Relation rel, Buffer buffer, ItemPointer tid, ItemId item, TransactionId *busy)
{
	HeapTupleData tuple;

	tuple.t_data = (HeapTupleHeader) PageGetItem(BufferGetPage(buffer), item);
	if (row_may_go(rel, tuple.t_data))
		return OTP_OVERWRITE_OWN;
	if ((tuple.t_data->t_infomask & HEAP_XMAX_INVALID) != 0 ||
		HEAP_XMAX_IS_LOCKED_ONLY(tuple.t_data->t_infomask))
		return OTP_OVERWRITE_READY;
	tuple.t_len = ItemIdGetLength(item);
	tuple.t_self = *tid;
	tuple.t_tableOid = RelationGetRelid(rel);
	switch (HeapTupleSatisfiesUpdate(&tuple, GetCurrentCommandId(false), buffer))
	{
		case TM_Ok:
			return OTP_OVERWRITE_READY;
		case TM_Invisible:
		case TM_SelfModified:
			return OTP_OVERWRITE_OWN;
		case TM_BeingModified:
			*busy = HeapTupleHeaderGetUpdateXid(tuple.t_data);
			/* Of several who hold the row, the one that was changing it may have been rolled back. */
			if (!TransactionIdIsInProgress(*busy) && !TransactionIdDidCommit(*busy))
				return OTP_OVERWRITE_READY;
			return OTP_OVERWRITE_BUSY;
		default:
			return OTP_OVERWRITE_GONE;
	}
}

OtpOverwriteState
otp_overwrite_try(OtpOverwrite *overwrite, Relation rel, ItemPointer tid, TransactionId *busy)
{
	OtpOverwriteState state = OTP_OVERWRITE_MISSING;
	Page		page;

	*busy = InvalidTransactionId;
	overwrite->rel = rel;
	overwrite->buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(tid));
	overwrite->offset = ItemPointerGetOffsetNumber(tid);
	LockBuffer(overwrite->buffer, BUFFER_LOCK_EXCLUSIVE);
	page = BufferGetPage(overwrite->buffer);
	if (overwrite->offset <= PageGetMaxOffsetNumber(page) &&
		ItemIdIsNormal(PageGetItemId(page, overwrite->offset)))
		state = row_state(rel, overwrite->buffer, tid, PageGetItemId(page, overwrite->offset), busy);
	if (state != OTP_OVERWRITE_READY)
		UnlockReleaseBuffer(overwrite->buffer);
	return state;
}

void
otp_overwrite_begin(OtpOverwrite *overwrite, Relation rel, ItemPointer tid)
{
	TransactionId busy;

	switch (otp_overwrite_try(overwrite, rel, tid, &busy))
	{
		case OTP_OVERWRITE_READY:
			break;
		case OTP_OVERWRITE_MISSING:
			ereport(ERROR,
					errcode(ERRCODE_DATA_CORRUPTED),
					errmsg("row (%u,%u) of table \"%s\" is missing",
						   ItemPointerGetBlockNumber(tid), overwrite->offset,
						   RelationGetRelationName(rel)),
					otp_errprivate());
			break;
		default:
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_IN_USE),
					errmsg("a row of table \"%s\" is being changed by a transaction",
						   RelationGetRelationName(rel)),
					errdetail("The extension changes these rows in place; nothing else may update them."),
					errhint("End that transaction and try again."),
					otp_errprivate());
	}
}

void
otp_overwrite_wait(TransactionId busy)
{
	if (TransactionIdIsValid(busy))
		XactLockTableWait(busy, NULL, NULL, XLTW_None);
}

void
otp_overwrite_finish(OtpOverwrite *overwrite, const OtpPatch *patches, int count)
{
	Page		page = BufferGetPage(overwrite->buffer);
	HeapTupleHeader header = tuple_header(page, overwrite->offset);
	OffsetNumber row = (char *) header + header->t_hoff - (char *) page;
	OtpPatch	moved[OTP_PATCH_COUNT];

	Assert(count <= OTP_PATCH_COUNT);
	for (int i = 0; i < count; i++)
	{
		moved[i] = patches[i];
		moved[i].offset += row;
	}
	change_page(overwrite->rel, overwrite->buffer, moved, count);
	UnlockReleaseBuffer(overwrite->buffer);
}

void
otp_overwrite_abort(OtpOverwrite *overwrite)
{
	UnlockReleaseBuffer(overwrite->buffer);
}

void
otp_permanent_flush(XLogRecPtr before)
{
	XLogRecPtr	end = XactLastRecEnd;

	if (XLogRecPtrIsInvalid(end))
		return;					/* wal_level = minimal, and the table is the transaction's own */
	if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF)
	{
		XLogSetAsyncXactLSN(end);
		return;
	}
	XLogFlush(end);
	/* A commit gets its place in the queue undisturbed; so does this. */
	HOLD_INTERRUPTS();
	SyncRepWaitForLSN(end, false);
	RESUME_INTERRUPTS();
	if (XLogRecPtrIsInvalid(before))
		XactLastRecEnd = before;
}

void
otp_permanent_before_error(XLogRecPtr before, OtpPermanentStep step, void *arg)
{
	PG_TRY();
	{
		step(arg);
	}
	PG_CATCH();
	{
		otp_permanent_flush(before);
		PG_RE_THROW();
	}
	PG_END_TRY();
}
