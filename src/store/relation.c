/*
 * relation.c
 *		The extension's tables: which relation holds what, and how a row is read,
 *		inserted and updated.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_index.h"
#include "executor/executor.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memdebug.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "errors.h"
#include "store/relation.h"
#include "userlock.h"

typedef struct TableDef
{
	const char *name;
	int			columns;		/* that this library knows */
} TableDef;

static const TableDef tables[OTP_TABLE_COUNT] = {
	[OTP_TABLE_POLICY] = {"otp_policy", 11},
	[OTP_TABLE_KEY] = {"otp_key", 5},
	[OTP_TABLE_CHALLENGE] = {"otp_challenge", 12},
	[OTP_TABLE_BUDGET] = {"otp_budget", 12},
	[OTP_TABLE_DECOY] = {"otp_decoy", 12},
	[OTP_TABLE_EVENT] = {"otp_event", 9},
};

/* OIDs of this database, once looked up; a relcache invalidation forgets one. */
static Oid	table_oids[OTP_TABLE_COUNT];
static OtpTableChanged table_callbacks[OTP_TABLE_COUNT];
static bool callback_registered = false;

static void
relation_changed(Datum arg, Oid relid)
{
	for (int table = 0; table < OTP_TABLE_COUNT; table++)
	{
		if (relid != InvalidOid && relid != table_oids[table])
			continue;
		table_oids[table] = InvalidOid;
		if (table_callbacks[table] != NULL)
			table_callbacks[table] ();
	}
}

static void
register_callback(void)
{
	if (callback_registered)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	callback_registered = true;
}

void
otp_table_on_change(OtpTable table, OtpTableChanged callback)
{
	register_callback();
	table_callbacks[table] = callback;
}

/* The schema that CREATE EXTENSION put the objects into, or InvalidOid. */
static Oid
extension_schema(void)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			schema = InvalidOid;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("otp"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return schema;
}

static Oid
look_up_table(OtpTable table)
{
	Oid			schema = extension_schema();
	Oid			relid = InvalidOid;

	if (OidIsValid(schema))
		relid = get_relname_relid(tables[table].name, schema);
	if (!OidIsValid(relid))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("table \"%s\" of extension \"otp\" does not exist",
					   tables[table].name),
				errhint("Create the extension in this database."),
				otp_errprivate());
	return relid;
}

Relation
otp_table_open(OtpTable table, const text *user, LOCKMODE lockmode)
{
	Relation	rel;

	register_callback();
	if (!OidIsValid(table_oids[table]))
		table_oids[table] = look_up_table(table);
	rel = table_open(table_oids[table], lockmode);
	/* Now, because a later wait for it might come under a user's lock. */
	if (OidIsValid(otp_primary_key(rel)))
		LockRelationOid(otp_primary_key(rel), AccessShareLock);
	if (RelationGetNumberOfAttributes(rel) != tables[table].columns)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("table \"%s\" has %d columns, but this library knows %d",
					   tables[table].name, RelationGetNumberOfAttributes(rel),
					   tables[table].columns),
				errhint("Columns must not be added to the extension's tables; after an upgrade of the library use ALTER EXTENSION otp UPDATE."),
				otp_errprivate());
	return rel;
}

Snapshot
otp_snapshot_now(void)
{
	return RegisterSnapshot(GetLatestSnapshot());
}

/* otp_table_open() has locked it. */
static Relation
open_primary_key(Relation rel)
{
	Oid			index = otp_primary_key(rel);

	if (!OidIsValid(index))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("table \"%s\" of extension \"otp\" has no primary key",
					   RelationGetRelationName(rel)),
				otp_errprivate());
	return index_open(index, NoLock);
}

/*
 * PostgreSQL prunes a page that it reads as soon as less is free than the fill factor leaves, and that
 * is after every single update.  Half of that is room enough for the next versions, and makes one
 * pruning of several.
 */
static void
prune(Relation rel, Buffer buffer)
{
	Page		page = BufferGetPage(buffer);
	Size		room = RelationGetTargetPageFreeSpace(rel, HEAP_DEFAULT_FILLFACTOR);

	/* with at least the tenth of a page that PostgreSQL leaves */
	room = Max(room, BLCKSZ / 10) / 2;
	if (PageIsFull(page) || PageGetHeapFreeSpace(page) < room)
		otp_page_prune(rel, buffer);
}

/* The version that the snapshot sees of the row that an index entry leads to, as a copy, or NULL. */
static HeapTuple
fetch_version(Relation rel, Snapshot snapshot, ItemPointerData tid, bool *all_dead)
{
	Buffer		buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(&tid));
	HeapTupleData version;
	HeapTuple	copy = NULL;

	prune(rel, buffer);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (heap_hot_search_buffer(&tid, rel, buffer, snapshot, &version, all_dead, true))
		copy = heap_copytuple(&version);
	UnlockReleaseBuffer(buffer);
	return copy;
}

/* Makes the scan keys' attribute numbers, which are the table's, those of its primary key. */
static void
to_index_columns(Relation rel, Relation index, int nkeys, ScanKey keys)
{
	Form_pg_index form = index->rd_index;

	for (int i = 0; i < nkeys; i++)
	{
		if (nkeys != form->indnkeyatts || form->indkey.values[i] != keys[i].sk_attno)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("primary key of table \"%s\" of extension \"otp\" has other columns than this library knows",
						   RelationGetRelationName(rel)),
					otp_errprivate());
		keys[i].sk_attno = i + 1;
	}
}

HeapTuple
otp_table_fetch(Relation rel, Snapshot snapshot, int nkeys, ScanKey keys)
{
	Relation	index = open_primary_key(rel);
	IndexScanDesc scan = otp_index_beginscan(rel, index, snapshot, nkeys);
	HeapTuple	tuple = NULL;
	ItemPointer tid;

	to_index_columns(rel, index, nkeys, keys);
	index_rescan(scan, keys, nkeys, NULL, 0);
	while (tuple == NULL && (tid = index_getnext_tid(scan, ForwardScanDirection)) != NULL)
	{
		bool		all_dead = false;

		tuple = fetch_version(rel, snapshot, *tid, &all_dead);
		/* as PostgreSQL: a standby may still need what is dead here */
		scan->kill_prior_tuple = all_dead && !scan->xactStartedInRecovery;
		Assert(!scan->xs_recheck);
	}
	if (tuple != NULL)
		pgstat_count_heap_fetch(index);
	index_endscan(scan);
	index_close(index, NoLock);
	return tuple;
}

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
	Relation	index = open_primary_key(rel);
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
