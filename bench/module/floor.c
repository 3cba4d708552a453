/*
 * floor.c
 *		What no permanent write can beat: bench_floor() writes one WAL record as long as that of a
 *		wrong guess, flushes it, and leaves its transaction nothing to commit.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "access/xloginsert.h"
#include "catalog/pg_control.h"
#include "fmgr.h"

PG_MODULE_MAGIC;

/* with the headers of a record and its data, the 90 bytes of a wrong guess or so */
#define PAYLOAD	64

PG_FUNCTION_INFO_V1(bench_floor);
Datum
bench_floor(PG_FUNCTION_ARGS)
{
	char		payload[PAYLOAD] = {0};

	XLogBeginInsert();
	XLogRegisterData(payload, sizeof(payload));
	XLogFlush(XLogInsert(RM_XLOG_ID, XLOG_NOOP));
	XactLastRecEnd = InvalidXLogRecPtr;
	PG_RETURN_VOID();
}
