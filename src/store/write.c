/*
 * write.c
 *		How a row of the extension's tables is inserted, updated and deleted.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_index.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/predicate.h"
#include "utils/memdebug.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "errors.h"
#include "store/relation.h"
#include "store/write.h"
#include "userlock.h"

/* Has this transaction deleted or updated the tuple? */
static bool
removed_here(HeapTupleHeader header)
{
	return (header->t_infomask & HEAP_XMAX_INVALID) == 0 &&
		!HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(header));
}

void
otp_table_check_not_removed(Relation rel, int nkeys, ScanKey keys)
{
	Relation	index = otp_table_open_primary_key(rel);
	SysScanDesc scan = systable_beginscan_ordered(rel, index, SnapshotAny, nkeys, keys);
	HeapTuple	tuple;
	bool		removed = false;

	while (!removed && (tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
		removed = removed_here(tuple->t_data);
	systable_endscan_ordered(scan);
	index_close(index, NoLock);
	if (removed)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_IN_USE),
				errmsg("a row of table \"%s\" has been deleted by this very transaction",
					   RelationGetRelationName(rel)),
				errdetail("Its successor is permanent, and a rollback would bring the row back beside it."),
				errhint("Commit the deletion first."),
				otp_errprivate());
}

/* By the executor, so that indexes with expressions or predicates are kept up as well. */
void
otp_table_insert_index_entries(Relation rel, HeapTuple tuple, OtpUpdateIndexes indexes)
{
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *info = makeNode(ResultRelInfo);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsHeapTuple);

	InitResultRelInfo(info, rel, 0, NULL, 0);
	ExecOpenIndices(info, false);
	ExecStoreHeapTuple(tuple, slot, false);
	if (info->ri_NumIndices > 0)
		list_free(otp_index_insert(info, slot, estate, indexes));
	ExecCloseIndices(info);
	ExecDropSingleTupleTableSlot(slot);
	FreeExecutorState(estate);
}

/* Does the index get the rows that are inserted, but lack others? */
static bool
is_incomplete(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	result = ((Form_pg_index) GETSTRUCT(tuple))->indisready &&
		!((Form_pg_index) GETSTRUCT(tuple))->indisvalid;
	ReleaseSysCache(tuple);
	return result;
}

bool
otp_table_is_being_indexed(Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);
	bool		incomplete = false;
	bool		built;
	LOCKTAG		lock;
	ListCell   *cell;

	foreach(cell, indexes)
		incomplete |= is_incomplete(lfirst_oid(cell));
	list_free(indexes);
	if (!incomplete)
		return false;
	/*
	 * A build holds the table's lock from its beginning to its end; what it leaves behind if it
	 * fails, does not.  Two who ask must not take each other for a build.
	 */
	otp_probe_lock(&lock);
	built = !ConditionalLockRelation(rel, ShareUpdateExclusiveLock);
	if (!built)
		UnlockRelation(rel, ShareUpdateExclusiveLock);
	otp_lock_release(&lock);
	return built;
}

void
otp_table_insert(Relation rel, HeapTuple tuple)
{
	VALGRIND_CHECK_MEM_IS_DEFINED(tuple->t_data, tuple->t_len);
	heap_insert(rel, tuple, GetCurrentCommandId(true), 0, NULL);
	otp_table_insert_index_entries(rel, tuple, OTP_INDEX_ALL);
	CommandCounterIncrement();
}

void
otp_table_check_conflict(Relation rel, HeapTuple tuple)
{
	CheckForSerializableConflictIn(rel, &tuple->t_self,
								   ItemPointerGetBlockNumber(&tuple->t_self));
}

void
otp_table_delete(Relation rel, ItemPointer tid)
{
	simple_heap_delete(rel, tid);
	CommandCounterIncrement();
}

/* One try; *tuple gets its place. */
static TM_Result
update_version(Relation rel, ItemPointer tid, HeapTuple tuple)
{
	TM_FailureData failure;
	LockTupleMode lockmode;
	OtpUpdateIndexes indexes;
	TM_Result	result;

	VALGRIND_CHECK_MEM_IS_DEFINED(tuple->t_data, tuple->t_len);
	result = otp_heap_update(rel, tid, tuple, &failure, &lockmode, &indexes);
	if (result != TM_Ok)
		return result;
	if (!otp_index_none(indexes, tuple))
		otp_table_insert_index_entries(rel, tuple, indexes);
	CommandCounterIncrement();
	return TM_Ok;
}

static OtpUpdateResult
lost_or_error(Relation rel, TM_Result result)
{
	if (result != TM_Updated && result != TM_Deleted)
		elog(ERROR, "unexpected result %d of changing table \"%s\"",
			 (int) result, RelationGetRelationName(rel));
	return OTP_UPDATE_LOST;
}

/*
 * What has become of a version that this transaction has just replaced or deleted, if it says something
 * else than when it was read, else NULL.  From now on nobody can overwrite it.
 */
static HeapTuple
overwritten_meanwhile(Relation rel, HeapTuple old)
{
	Buffer		buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(&old->t_self));
	Page		page = BufferGetPage(buffer);
	HeapTupleData now;
	HeapTuple	copy = NULL;
	ItemId		item;
	int			hoff = old->t_data->t_hoff;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	item = PageGetItemId(page, ItemPointerGetOffsetNumber(&old->t_self));
	now.t_data = (HeapTupleHeader) PageGetItem(page, item);
	now.t_len = ItemIdGetLength(item);
	now.t_self = old->t_self;
	now.t_tableOid = old->t_tableOid;
	Assert(now.t_len == old->t_len && now.t_data->t_hoff == hoff);
	if (memcmp((char *) now.t_data + hoff, (char *) old->t_data + hoff, now.t_len - hoff) != 0)
		copy = heap_copytuple(&now);
	UnlockReleaseBuffer(buffer);
	return copy;
}

OtpUpdateResult
otp_table_update(Relation rel, HeapTuple old, HeapTuple new)
{
	TM_Result	result = update_version(rel, &old->t_self, new);
	HeapTuple	now;

	if (result != TM_Ok)
		return lost_or_error(rel, result);
	now = overwritten_meanwhile(rel, old);
	if (now == NULL)
		return OTP_UPDATED;
	/* Our version was made of what is no longer so; it takes over what is. */
	result = update_version(rel, &new->t_self, now);
	if (result != TM_Ok)
		elog(ERROR, "unexpected result %d of changing table \"%s\"",
			 (int) result, RelationGetRelationName(rel));
	return OTP_UPDATE_LOST;
}

OtpUpdateResult
otp_table_remove(Relation rel, HeapTuple old)
{
	TM_FailureData failure;
	TM_Result	result = otp_heap_delete(rel, &old->t_self, &failure, true);

	if (result != TM_Ok)
		return lost_or_error(rel, result);
	CommandCounterIncrement();
	return OTP_UPDATED;
}

static void
hand_over(Relation rel, HeapTuple tuple, OtpTableRemoved removed, void *arg)
{
	HeapTuple	now = overwritten_meanwhile(rel, tuple);

	removed(rel, now != NULL ? now : tuple, arg);
}

int64
otp_table_remove_each(Relation rel, int nkeys, ScanKey keys, OtpTableRemoved handle, void *arg)
{
	int64		removed = 0;
	bool		lost = true;

	while (lost)
	{
		ScanKeyData key[INDEX_MAX_KEYS];
		Snapshot	snapshot = otp_snapshot_now();
		List	   *tuples;
		ListCell   *cell;

		CHECK_FOR_INTERRUPTS();
		/* a scan makes the keys its own */
		memcpy(key, keys, nkeys * sizeof(ScanKeyData));
		tuples = otp_table_fetch_all(rel, snapshot, nkeys, key);
		UnregisterSnapshot(snapshot);
		lost = false;
		foreach(cell, tuples)
		{
			if (otp_table_remove(rel, lfirst(cell)) != OTP_UPDATED)
			{
				lost = true;
				continue;
			}
			removed++;
			if (handle != NULL)
				hand_over(rel, lfirst(cell), handle, arg);
		}
		list_free_deep(tuples);
	}
	return removed;
}

int64
otp_table_remove_all(Relation rel, int nkeys, ScanKey keys)
{
	return otp_table_remove_each(rel, nkeys, keys, NULL, NULL);
}

bool
otp_table_is_idle(Relation rel, HeapTuple tuple)
{
	Buffer		buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(&tuple->t_self));
	HeapTupleData now = *tuple;
	ItemId		item;
	bool		idle;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	item = PageGetItemId(BufferGetPage(buffer), ItemPointerGetOffsetNumber(&tuple->t_self));
	now.t_data = (HeapTupleHeader) PageGetItem(BufferGetPage(buffer), item);
	idle = HeapTupleSatisfiesUpdate(&now, GetCurrentCommandId(false), buffer) == TM_Ok;
	UnlockReleaseBuffer(buffer);
	return idle;
}

bool
otp_table_stays(Relation rel, HeapTuple tuple)
{
	return (tuple->t_data->t_infomask & HEAP_XMAX_INVALID) != 0 || otp_table_is_idle(rel, tuple);
}

bool
otp_table_remove_if_idle(Relation rel, HeapTuple old)
{
	TM_FailureData failure;

	if (otp_heap_delete(rel, &old->t_self, &failure, false) != TM_Ok)
		return false;
	CommandCounterIncrement();
	return true;
}

bool
otp_table_is_own(HeapTuple tuple)
{
	return !HeapTupleHeaderXminFrozen(tuple->t_data) &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetRawXmin(tuple->t_data));
}
