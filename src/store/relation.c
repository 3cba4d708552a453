/*
 * relation.c
 *		The extension's tables: which relation holds what, and how a row is read.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "errors.h"
#include "store/relation.h"

typedef struct TableDef
{
	const char *name;
	int			columns;		/* that this library knows */
	int			before;			/* that an older version has, or 0 */
} TableDef;

static const TableDef tables[OTP_TABLE_COUNT] = {
	[OTP_TABLE_POLICY] = {"otp_policy", 28, 26},
	[OTP_TABLE_KEY] = {"otp_key", 5},
	[OTP_TABLE_CHALLENGE] = {"otp_challenge", 12},
	[OTP_TABLE_BUDGET] = {"otp_budget", 13},
	[OTP_TABLE_DECOY] = {"otp_decoy", 13},
	[OTP_TABLE_EVENT] = {"otp_event", 9},
	[OTP_TABLE_CREDENTIAL] = {"otp_credential", 19},
	[OTP_TABLE_RECOVERY] = {"otp_recovery", 6},
	[OTP_TABLE_BASELINE] = {"otp_baseline", 4},
	[OTP_TABLE_QUOTA] = {"otp_quota", 13},
	[OTP_TABLE_MESSAGE] = {"otp_message", 23},
	[OTP_TABLE_CHANNEL_SECRET] = {"otp_channel_secret", 4},
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

/* The relation of a table, or InvalidOid. */
static Oid
find_table(OtpTable table)
{
	Oid			schema = extension_schema();

	return OidIsValid(schema) ? get_relname_relid(tables[table].name, schema) : InvalidOid;
}

bool
otp_table_exists(OtpTable table)
{
	return OidIsValid(find_table(table));
}

static Oid
look_up_table(OtpTable table)
{
	Oid			relid = find_table(table);

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
	if (RelationGetNumberOfAttributes(rel) != tables[table].columns &&
		RelationGetNumberOfAttributes(rel) != tables[table].before)
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

Relation
otp_table_open_primary_key(Relation rel)
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

/* Makes the scan keys' attribute numbers, which are the table's, those of its primary key's first columns. */
static void
to_index_columns(Relation rel, Relation index, int nkeys, ScanKey keys)
{
	Form_pg_index form = index->rd_index;

	for (int i = 0; i < nkeys; i++)
	{
		if (nkeys > form->indnkeyatts || form->indkey.values[i] != keys[i].sk_attno)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("primary key of table \"%s\" of extension \"otp\" has other columns than this library knows",
						   RelationGetRelationName(rel)),
					otp_errprivate());
		keys[i].sk_attno = i + 1;
	}
}

/* The rows that are found, as copies; but for the first only if `all`. */
static List *
fetch_rows(Relation rel, Snapshot snapshot, int nkeys, ScanKey keys, bool all)
{
	Relation	index = otp_table_open_primary_key(rel);
	IndexScanDesc scan = otp_index_beginscan(rel, index, snapshot, nkeys);
	List	   *tuples = NIL;
	ItemPointer tid;

	to_index_columns(rel, index, nkeys, keys);
	index_rescan(scan, keys, nkeys, NULL, 0);
	while ((all || tuples == NIL) &&
		   (tid = index_getnext_tid(scan, ForwardScanDirection)) != NULL)
	{
		bool		all_dead = false;
		HeapTuple	tuple = fetch_version(rel, snapshot, *tid, &all_dead);

		/* as PostgreSQL: a standby may still need what is dead here */
		scan->kill_prior_tuple = all_dead && !scan->xactStartedInRecovery;
		Assert(!scan->xs_recheck);
		if (tuple == NULL)
			continue;
		pgstat_count_heap_fetch(index);
		tuples = lappend(tuples, tuple);
	}
	index_endscan(scan);
	index_close(index, NoLock);
	return tuples;
}

HeapTuple
otp_table_fetch(Relation rel, Snapshot snapshot, int nkeys, ScanKey keys)
{
	List	   *tuples = fetch_rows(rel, snapshot, nkeys, keys, false);
	HeapTuple	tuple = tuples == NIL ? NULL : linitial(tuples);

	list_free(tuples);
	return tuple;
}

bool
otp_table_has_block(Relation rel, BlockNumber block)
{
	BlockNumber seen = RelationGetSmgr(rel)->smgr_cached_nblocks[MAIN_FORKNUM];

	/*
	 * It is cut short or rewritten only under a lock that excludes ours, and whoever gets a lock hears
	 * of that; so what this session has seen of its length is the least that it is, and spares the
	 * question to the kernel.
	 */
	return (seen != InvalidBlockNumber && block < seen) || block < RelationGetNumberOfBlocks(rel);
}

List *
otp_table_fetch_all(Relation rel, Snapshot snapshot, int nkeys, ScanKey keys)
{
	/* Nobody may have any: then the index is not worth a look. */
	if (!otp_table_has_block(rel, 0))
		return NIL;
	return fetch_rows(rel, snapshot, nkeys, keys, true);
}

void
otp_table_scan(Relation rel, OtpTableVisit visit, void *arg)
{
	Snapshot	snapshot = otp_snapshot_now();
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext, "otp row",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(each);
	HeapTuple	tuple;

	while ((tuple = systable_getnext(scan)) != NULL && visit(rel, tuple, arg))
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(each);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(each);
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
}

bool
otp_same_text(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

bool
otp_table_offset(HeapTuple tuple, const void *place, uint16 *offset)
{
	const char *first = GETSTRUCT(tuple);
	const char *end = (char *) tuple->t_data + tuple->t_len;

	if ((const char *) place < first || (const char *) place >= end)
		return false;
	*offset = (const char *) place - first;
	return true;
}
