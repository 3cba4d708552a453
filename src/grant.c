/*
 * grant.c
 *		Duties: which functions a role may call.
 */
#include "compat.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "args.h"

/* What an application calls; no table. */
static const char *const application_functions[] = {
	"otp_issue(pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_issue(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_resend(pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_resend(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_verify(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_attempt(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_cancel(pg_catalog.text, pg_catalog.text)",
	"otp_enroll(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, %1$s.otp_secret, pg_catalog.text, pg_catalog.int8, pg_catalog.int4)",
	"otp_confirm(pg_catalog.text, pg_catalog.text, pg_catalog.int8)",
	"otp_credentials(pg_catalog.text)",
	"otp_revoke(pg_catalog.text, pg_catalog.int8)",
	"otp_resync(pg_catalog.text, pg_catalog.int8, pg_catalog.text, pg_catalog.text)",
	"otp_recovery_codes(pg_catalog.text, pg_catalog.int4)",
	"otp_recovery_left(pg_catalog.text)",
	"otp_self_unlock(pg_catalog.text, pg_catalog._text, pg_catalog.text)",
	NULL
};

/* What an operator calls. */
static const char *const operator_functions[] = {
	"otp_unlock(pg_catalog.text)",
	"otp_status(pg_catalog.text)",
	"otp_forget(pg_catalog.text)",
	"otp_import_pskc(pg_catalog.text, pg_catalog.bytea, pg_catalog.text, pg_catalog.jsonb)",
	"otp_import_csv(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb)",
	"otp_export(pg_catalog.text)",
	NULL
};

/* Whoever exchanges keys. */
static const char *const keyholder_functions[] = {
	"otp_rotate_key()",
	"otp_rekey(pg_catalog.int4)",
	"otp_rewrap_master()",
	NULL
};

static const struct
{
	const char *duty;
	const char *const *functions;
}			duties[] = {
	{"application", application_functions},
	{"operator", operator_functions},
	{"keyholder", keyholder_functions},
};

/* Its functions; %1$s in them stands for the extension's schema.  22023 if there is no such duty. */
static const char *const *
functions_of(const char *duty)
{
	for (int i = 0; i < lengthof(duties); i++)
		if (strcmp(duties[i].duty, duty) == 0)
			return duties[i].functions;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown duty \"%s\"", duty),
			errhint("Use \"application\", \"operator\" or \"keyholder\"."));
}

/* A function's signature with the schema in place of each %1$s. */
static const char *
with_schema(const char *signature, const char *schema)
{
	StringInfoData result;
	const char *place;

	initStringInfo(&result);
	while ((place = strstr(signature, "%1$s")) != NULL)
	{
		appendBinaryStringInfo(&result, signature, place - signature);
		appendStringInfoString(&result, schema);
		signature = place + strlen("%1$s");
	}
	appendStringInfoString(&result, signature);
	return result.data;
}

static void
execute(const char *command)
{
	if (SPI_execute(command, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", command);
}

/*
 * otp_grant(role regrole, duty text) → void
 *
 * By GRANT commands as the caller, so that PostgreSQL itself decides whether he may.
 */
PG_FUNCTION_INFO_V1(otp_grant);
Datum
otp_grant(PG_FUNCTION_ARGS)
{
	const char *role = quote_identifier(GetUserNameFromId(PG_GETARG_OID(0), false));
	const char *duty = text_to_cstring(PG_GETARG_TEXT_PP(1));
	const char *schema =
		quote_identifier(get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid)));
	const char *const *function = functions_of(duty);

	otp_require_writable("otp_grant()");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	execute(psprintf("GRANT USAGE ON SCHEMA %s TO %s", schema, role));
	for (; *function != NULL; function++)
		execute(psprintf("GRANT EXECUTE ON FUNCTION %s.%s TO %s",
						 schema, with_schema(*function, schema), role));
	SPI_finish();
	PG_RETURN_VOID();
}
