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
#include "storage/lmgr.h"
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
otp_table_delete(Relation rel, ItemPointer tid)
{
	simple_heap_delete(rel, tid);
	CommandCounterIncrement();
}

OtpUpdateResult
otp_table_update(Relation rel, ItemPointer tid, HeapTuple tuple)
{
	TM_FailureData failure;
	LockTupleMode lockmode;
	OtpUpdateIndexes indexes;
	TM_Result	result;

	VALGRIND_CHECK_MEM_IS_DEFINED(tuple->t_data, tuple->t_len);
	result = otp_heap_update(rel, tid, tuple, &failure, &lockmode, &indexes);
	switch (result)
	{
		case TM_Ok:
			break;
		case TM_Updated:
		case TM_Deleted:
			return OTP_UPDATE_LOST;
		default:
			elog(ERROR, "unexpected result %d of updating table \"%s\"",
				 (int) result, RelationGetRelationName(rel));
	}
	if (!otp_index_none(indexes, tuple))
		otp_table_insert_index_entries(rel, tuple, indexes);
	CommandCounterIncrement();
	return OTP_UPDATED;
}
