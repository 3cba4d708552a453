/*
 * private_rows.c
 *		Rows with codes or credentials in them, for a function that returns a set.
 */
#include "compat.h"

#include "funcapi.h"
#include "nodes/execnodes.h"
#include "utils/lsyscache.h"

#include "private_rows.h"

/* kilobytes of memory before a temporary file is made: more than all that there can be */
#define ROWS_MEMORY		(512 * 1024)

Tuplestorestate *
otp_private_rows(FunctionCallInfo fcinfo, TupleDesc *desc)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;

	/* Elsewhere (f()).* is a call for each column. */
	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize_Preferred) == 0)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("%s() must be called in FROM", get_func_name(fcinfo->flinfo->fn_oid)));
	old = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	/* a copy, which whoever called us frees */
	if (get_call_result_type(fcinfo, NULL, desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	result->returnMode = SFRM_Materialize;
	result->setDesc = *desc;
	result->setResult = tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0, false,
											  ROWS_MEMORY);
	MemoryContextSwitchTo(old);
	return result->setResult;
}
