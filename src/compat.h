/*
 * compat.h
 *		The differences between the supported PostgreSQL versions, all of them.
 */
#ifndef OTP_COMPAT_H
#define OTP_COMPAT_H

#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "executor/executor.h"
#include "storage/bufmgr.h"

#if PG_VERSION_NUM < 150000
#error "otp needs PostgreSQL 15 or newer"
#endif

/* 16 moved the varlena macros out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 16 made errors of input functions catchable by their callers ("soft"). */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#define otp_soft_return(escontext, ...) ereturn((Node *) (escontext), (Datum) 0, __VA_ARGS__)
#define otp_is_soft(escontext) ((escontext) != NULL && IsA(escontext, ErrorSaveContext))
#else
#define otp_soft_return(escontext, ...) ereport(ERROR, __VA_ARGS__)
#define otp_is_soft(escontext) ((void) (escontext), false)
#endif

/*
 * 16 tells which indexes an update needs, and lets it insert into summarizing ones only.
 * 19 has flags in place of the booleans.
 */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes OtpUpdateIndexes;
#if PG_VERSION_NUM >= 190000
#define otp_heap_update(rel, tid, tup, tmfd, lockmode, indexes) \
	heap_update(rel, tid, tup, GetCurrentCommandId(true), 0, InvalidSnapshot, true, \
				tmfd, lockmode, indexes)
#define otp_heap_delete(rel, tid, tmfd, wait) \
	heap_delete(rel, tid, GetCurrentCommandId(true), 0, InvalidSnapshot, wait, tmfd)
#define otp_index_insert(info, slot, estate, indexes) \
	ExecInsertIndexTuples(info, estate, (indexes) == TU_Summarizing ? EIIT_ONLY_SUMMARIZING : 0, \
						  slot, NIL, NULL)
#else
#define otp_heap_update(rel, tid, tup, tmfd, lockmode, indexes) \
	heap_update(rel, tid, tup, GetCurrentCommandId(true), InvalidSnapshot, true, \
				tmfd, lockmode, indexes)
#define otp_index_insert(info, slot, estate, indexes) \
	ExecInsertIndexTuples(info, slot, estate, false, false, NULL, NIL, \
						  (indexes) == TU_Summarizing)
#endif
#define otp_index_none(indexes, tup) ((indexes) == TU_None)
#define OTP_INDEX_ALL TU_All
#else
typedef bool OtpUpdateIndexes;
#define otp_heap_update(rel, tid, tup, tmfd, lockmode, indexes) \
	(*(indexes) = true, \
	 heap_update(rel, tid, tup, GetCurrentCommandId(true), InvalidSnapshot, true, \
				 tmfd, lockmode))
#define otp_index_none(indexes, tup) HeapTupleIsHeapOnly(tup)
#define otp_index_insert(info, slot, estate, indexes) \
	ExecInsertIndexTuples(info, slot, estate, false, false, NULL, NIL)
#define OTP_INDEX_ALL true
#endif

#ifndef otp_heap_delete
#define otp_heap_delete(rel, tid, tmfd, wait) \
	heap_delete(rel, tid, GetCurrentCommandId(true), InvalidSnapshot, wait, tmfd, false)
#endif

/* 18 counts an index's scans for EXPLAIN, 19 takes flags besides. */
#if PG_VERSION_NUM >= 190000
#define otp_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, NULL, nkeys, 0, SO_NONE)
#elif PG_VERSION_NUM >= 180000
#define otp_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, NULL, nkeys, 0)
#else
#define otp_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, nkeys, 0)
#endif

/* 19 can mark a page that is only read all-visible; a page of ours is about to be written. */
static inline void
otp_page_prune(Relation rel, Buffer buffer)
{
#if PG_VERSION_NUM >= 190000
	Buffer		map = InvalidBuffer;

	heap_page_prune_opt(rel, buffer, &map, false);
	if (BufferIsValid(map))
		ReleaseBuffer(map);
#else
	heap_page_prune_opt(rel, buffer);
#endif
}

/* 18 tells deferrable primary keys apart. */
#if PG_VERSION_NUM >= 180000
#define otp_primary_key(rel) RelationGetPrimaryKeyIndex(rel, false)
#else
#define otp_primary_key(rel) RelationGetPrimaryKeyIndex(rel)
#endif

#endif							/* OTP_COMPAT_H */
