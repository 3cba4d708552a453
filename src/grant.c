/*
 * grant.c
 *		Duties: which functions a role may call.
 */
#include "compat.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "args.h"

#define APPLICATION	"application"

/* What an application calls; no table. */
static const char *const application_functions[] = {
	"otp_issue(pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_resend(pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_verify(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_attempt(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_cancel(pg_catalog.text, pg_catalog.text)",
};

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

	if (strcmp(duty, APPLICATION) != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unknown duty \"%s\"", duty),
				errhint("Use \"%s\".", APPLICATION));
	otp_require_writable("otp_grant()");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	execute(psprintf("GRANT USAGE ON SCHEMA %s TO %s", schema, role));
	for (int i = 0; i < lengthof(application_functions); i++)
		execute(psprintf("GRANT EXECUTE ON FUNCTION %s.%s TO %s",
						 schema, application_functions[i], role));
	SPI_finish();
	PG_RETURN_VOID();
}
