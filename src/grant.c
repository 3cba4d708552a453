/*
 * grant.c
 *		Duties: which functions a role may call, and which views it may read.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

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
	"otp_revoke(pg_catalog.text, pg_catalog.int8)",
	"otp_forget(pg_catalog.text)",
	"otp_purge(pg_catalog.interval, pg_catalog.int4)",
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

/* Who looks on. */
static const char *const auditor_functions[] = {
	"otp_policy_audit(pg_catalog.text)",
	NULL
};
static const char *const auditor_views[] = {
	"otp_activity",
	"otp_stats",
	"otp_keys",
	"otp_authenticators",
	"otp_policy_effective",
	"otp_presets",
	NULL
};

static const char *const keyholder_views[] = {
	"otp_keys",
	NULL
};

static const char *const no_views[] = {NULL};

typedef struct Duty
{
	const char *name;
	const char *const *functions;	/* signatures; %1$s stands for the extension's schema */
	const char *const *views;
} Duty;

static const Duty duties[] = {
	{"application", application_functions, no_views},
	{"operator", operator_functions, no_views},
	{"auditor", auditor_functions, auditor_views},
	{"keyholder", keyholder_functions, keyholder_views},
};

/* Whose duty it is, in which schema. */
typedef struct Grantee
{
	Oid			role;
	const char *role_name;		/* quoted */
	Oid			schema;
	const char *schema_name;	/* quoted */
} Grantee;

/* 22023 if there is no such duty. */
static const Duty *
duty_by_name(const char *name)
{
	for (int i = 0; i < lengthof(duties); i++)
		if (strcmp(duties[i].name, name) == 0)
			return &duties[i];
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown duty \"%s\"", name),
			errhint("Use \"application\", \"operator\", \"auditor\" or \"keyholder\"."));
}

/* A function's signature, qualified, with the schema in place of each %1$s. */
static const char *
function_name(const Grantee *grantee, const char *signature)
{
	StringInfoData result;
	const char *place;

	initStringInfo(&result);
	appendStringInfo(&result, "%s.", grantee->schema_name);
	while ((place = strstr(signature, "%1$s")) != NULL)
	{
		appendBinaryStringInfo(&result, signature, place - signature);
		appendStringInfoString(&result, grantee->schema_name);
		signature = place + strlen("%1$s");
	}
	appendStringInfoString(&result, signature);
	return result.data;
}

static const char *
view_name(const Grantee *grantee, const char *view)
{
	return psprintf("%s.%s", grantee->schema_name, view);
}

/* Does this row of a catalog grant the role itself this privilege? */
static bool
row_grants(int cache, Oid oid, AttrNumber acl_column, Oid role, AclMode mode)
{
	HeapTuple	row = SearchSysCache1(cache, ObjectIdGetDatum(oid));
	bool		isnull;
	bool		result = false;
	Datum		value;

	if (!HeapTupleIsValid(row))
		elog(ERROR, "cache lookup failed for object %u", oid);
	value = SysCacheGetAttr(cache, row, acl_column, &isnull);
	if (!isnull)
	{
		const Acl  *acl = DatumGetAclP(value);

		for (int i = 0; i < ACL_NUM(acl); i++)
		{
			const AclItem *item = &ACL_DAT(acl)[i];

			if (item->ai_grantee == role && (ACLITEM_GET_PRIVS(*item) & mode) != 0)
				result = true;
		}
	}
	ReleaseSysCache(row);
	return result;
}

/* Or InvalidOid: the extension may be of an older version than the library. */
static Oid
function_oid(const Grantee *grantee, const char *signature)
{
	LOCAL_FCINFO(call, 1);
	Datum		oid;

	InitFunctionCallInfoData(*call, NULL, 1, InvalidOid, NULL, NULL);
	call->args[0].value = CStringGetTextDatum(function_name(grantee, signature));
	call->args[0].isnull = false;
	oid = to_regprocedure(call);
	return call->isnull ? InvalidOid : DatumGetObjectId(oid);
}

static Oid
view_oid(const Grantee *grantee, const char *view)
{
	return get_relname_relid(view, grantee->schema);
}

static bool
has_function(const Grantee *grantee, const char *signature)
{
	Oid			oid = function_oid(grantee, signature);

	return OidIsValid(oid) &&
		row_grants(PROCOID, oid, Anum_pg_proc_proacl, grantee->role, ACL_EXECUTE);
}

static bool
has_view(const Grantee *grantee, const char *view)
{
	Oid			oid = view_oid(grantee, view);

	return OidIsValid(oid) &&
		row_grants(RELOID, oid, Anum_pg_class_relacl, grantee->role, ACL_SELECT);
}

/* How many of a duty's functions and views are granted to the role itself, and how many there are. */
static int
count_granted(const Grantee *grantee, const Duty *duty, int *all)
{
	int			granted = 0;

	*all = 0;
	for (const char *const *function = duty->functions; *function != NULL; function++, (*all)++)
		granted += has_function(grantee, *function);
	for (const char *const *view = duty->views; *view != NULL; view++, (*all)++)
		granted += has_view(grantee, *view);
	return granted;
}

/* The role's other duties: those of which it has all. */
static List *
other_duties(const Grantee *grantee, const Duty *duty)
{
	List	   *others = NIL;
	int			all;

	for (int i = 0; i < lengthof(duties); i++)
		if (&duties[i] != duty && count_granted(grantee, &duties[i], &all) == all)
			others = lappend(others, (void *) &duties[i]);
	return others;
}

static bool
is_among(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static bool
is_needed(List *others, const char *name)
{
	ListCell   *cell;

	foreach(cell, others)
	{
		const Duty *other = lfirst(cell);

		if (is_among(other->functions, name) || is_among(other->views, name))
			return true;
	}
	return false;
}

static void
execute(const char *command)
{
	if (SPI_execute(command, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", command);
}

static void
grant_duty(const Grantee *to, const Duty *duty)
{
	execute(psprintf("GRANT USAGE ON SCHEMA %s TO %s", to->schema_name, to->role_name));
	for (const char *const *function = duty->functions; *function != NULL; function++)
		if (OidIsValid(function_oid(to, *function)))
			execute(psprintf("GRANT EXECUTE ON FUNCTION %s TO %s",
							 function_name(to, *function), to->role_name));
	for (const char *const *view = duty->views; *view != NULL; view++)
		if (OidIsValid(view_oid(to, *view)))
			execute(psprintf("GRANT SELECT ON TABLE %s TO %s", view_name(to, *view), to->role_name));
}

/* REVOKE takes back what its caller has granted; what is left then is another's. */
static void
require_gone(bool is_there, const Grantee *from, const char *name)
{
	if (is_there)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_GRANT_OPERATION),
				errmsg("role %s has a privilege on %s from another role", from->role_name, name),
				errhint("Have the role that granted it revoke the duty."));
}

static void
revoke_duty(const Grantee *from, const Duty *duty, List *others)
{
	for (const char *const *function = duty->functions; *function != NULL; function++)
	{
		const char *name = function_name(from, *function);

		if (is_needed(others, *function) || !has_function(from, *function))
			continue;
		execute(psprintf("REVOKE EXECUTE ON FUNCTION %s FROM %s", name, from->role_name));
		require_gone(has_function(from, *function), from, name);
	}
	for (const char *const *view = duty->views; *view != NULL; view++)
	{
		const char *name = view_name(from, *view);

		if (is_needed(others, *view) || !has_view(from, *view))
			continue;
		execute(psprintf("REVOKE SELECT ON TABLE %s FROM %s", name, from->role_name));
		require_gone(has_view(from, *view), from, name);
	}
	if (others == NIL)
		execute(psprintf("REVOKE USAGE ON SCHEMA %s FROM %s", from->schema_name, from->role_name));
}

static Grantee
grantee_of(FunctionCallInfo fcinfo)
{
	Grantee		grantee;

	grantee.role = PG_GETARG_OID(0);
	grantee.role_name = quote_identifier(GetUserNameFromId(grantee.role, false));
	grantee.schema = get_func_namespace(fcinfo->flinfo->fn_oid);
	grantee.schema_name = quote_identifier(get_namespace_name(grantee.schema));
	return grantee;
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
	Grantee		grantee = grantee_of(fcinfo);
	const Duty *duty = duty_by_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	otp_require_writable("otp_grant()");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	grant_duty(&grantee, duty);
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * otp_revoke_duty(role regrole, duty text) → void
 *
 * The same by REVOKE; what another duty of the role takes stays.
 */
PG_FUNCTION_INFO_V1(otp_revoke_duty);
Datum
otp_revoke_duty(PG_FUNCTION_ARGS)
{
	Grantee		grantee = grantee_of(fcinfo);
	const Duty *duty = duty_by_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	int			all;

	otp_require_writable("otp_revoke_duty()");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (count_granted(&grantee, duty, &all) > 0)
		revoke_duty(&grantee, duty, other_duties(&grantee, duty));
	SPI_finish();
	PG_RETURN_VOID();
}
