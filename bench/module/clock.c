/*
 * clock.c
 *		What the benchmarks need inside of the server: a function that does nothing,
 *		and clocks.
 */
#include "postgres.h"

#include <time.h>

#include "fmgr.h"

PG_MODULE_MAGIC;

static int64
nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64) t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The floor: what PostgreSQL takes for calling a C function. */
PG_FUNCTION_INFO_V1(bench_empty);
Datum
bench_empty(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

/* bench_cpu() → bigint: nanoseconds that this process has run, whatever else the machine does */
PG_FUNCTION_INFO_V1(bench_cpu);
Datum
bench_cpu(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(nanoseconds(CLOCK_PROCESS_CPUTIME_ID));
}

/* bench_refusal(otp_verify regprocedure, user_id text, code text, purpose text, context text) → bigint:
 * nanoseconds that a refusal takes */
PG_FUNCTION_INFO_V1(bench_refusal);
Datum
bench_refusal(PG_FUNCTION_ARGS)
{
	static FmgrInfo verify;
	int64		start;
	Datum		accepted;
	int64		end;

	if (verify.fn_oid != PG_GETARG_OID(0))
		fmgr_info_cxt(PG_GETARG_OID(0), &verify, fcinfo->flinfo->fn_mcxt);
	start = nanoseconds(CLOCK_MONOTONIC);
	accepted = FunctionCall4(&verify, PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), PG_GETARG_DATUM(3),
							 PG_GETARG_DATUM(4));
	end = nanoseconds(CLOCK_MONOTONIC);
	if (DatumGetBool(accepted))
		elog(ERROR, "a wrong guess was accepted");
	PG_RETURN_INT64(end - start);
}
