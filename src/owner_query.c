/*
 * owner_query.c
 *		Queries over the extension's tables, as their owner.
 */
#include "compat.h"

#include "access/table.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "owner_query.h"
#include "store/relation.h"

/*
 * What holds for the queries, and for nothing else.  A queue has as few rows as its statistics say, or a hundred thousand
 * more: then a plan that reads all of what is due in order to take a few is a bad one, and none is needed for a few.
 * What is off only costs the more, so that each of them would seem worth compiling.
 */
static const struct
{
	const char *name;
	const char *value;
}			settings[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"enable_seqscan", "off"},
	{"enable_bitmapscan", "off"},
	{"enable_hashjoin", "off"},
	{"enable_mergejoin", "off"},
	{"jit", "off"},
};

void
otp_owner_begin(OtpOwner *owner)
{
	Relation	messages = otp_table_open(OTP_TABLE_MESSAGE, NULL, AccessShareLock);

	owner->schema = RelationGetNamespace(messages);
	GetUserIdAndSecContext(&owner->caller, &owner->security_context);
	SetUserIdAndSecContext(messages->rd_rel->relowner,
						   owner->security_context | SECURITY_LOCAL_USERID_CHANGE);
	table_close(messages, NoLock);
	owner->guc_level = NewGUCNestLevel();
	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i].name, settings[i].value, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
}

void
otp_owner_end(const OtpOwner *owner)
{
	SPI_finish();
	AtEOXact_GUC(true, owner->guc_level);
	SetUserIdAndSecContext(owner->caller, owner->security_context);
}

/* The query with the schema in place of each @. */
static const char *
with_schema(const char *sql, const char *schema)
{
	const char *name = quote_identifier(schema);
	StringInfoData result;

	initStringInfo(&result);
	for (; *sql != '\0'; sql++)
	{
		if (*sql == '@')
			appendStringInfoString(&result, name);
		else
			appendStringInfoChar(&result, *sql);
	}
	return result.data;
}

/*
 * A plan that is kept finds its tables by name again when something has changed; so once the schema has another name, it
 * would take what somebody else has made by the old one for ours.
 */
static void
prepare(const OtpOwner *owner, OtpQuery *query)
{
	const char *schema = get_namespace_name(owner->schema);
	SPIPlanPtr	plan;

	if (query->plan != NULL && strcmp(NameStr(query->schema), schema) == 0)
		return;
	/* planned once: the settings leave no choice that depends on the arguments */
	plan = SPI_prepare_cursor(with_schema(query->sql, schema), query->nargs, query->types,
							  CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare \"%s\": %s", query->sql,
			 SPI_result_code_string(SPI_result));
	if (query->plan != NULL)
		SPI_freeplan(query->plan);
	query->plan = plan;
	namestrcpy(&query->schema, schema);
}

uint64
otp_query_run(const OtpOwner *owner, OtpQuery *query, Datum *values, const char *nulls)
{
	Snapshot	snapshot;
	int			result;

	prepare(owner, query);
	snapshot = otp_snapshot_now();
	result = SPI_execute_snapshot(query->plan, values, nulls, snapshot, InvalidSnapshot, false,
								  true, 0);
	UnregisterSnapshot(snapshot);
	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", query->sql, SPI_result_code_string(result));
	return SPI_processed;
}

Datum
otp_query_value(uint64 row, int column, bool *isnull)
{
	bool		null;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &null);

	if (isnull != NULL)
		*isnull = null;
	else if (null)
		elog(ERROR, "unexpected null in column %d", column);
	return value;
}

const text *
otp_query_text(uint64 row, int column)
{
	bool		isnull;
	Datum		value = otp_query_value(row, column, &isnull);

	return isnull ? NULL : DatumGetTextPP(value);
}
