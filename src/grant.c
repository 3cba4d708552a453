/*
 * grant.c
 *		otp_grant, otp_revoke_duty: what a duty takes, to a role and back.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_shdepend.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "args.h"
#include "duty.h"

/* Whose duty it is, in which schema. */
typedef struct Grantee
{
	Oid			role;
	const char *role_name;		/* quoted */
	Oid			schema;
	const char *schema_name;	/* quoted */
} Grantee;

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

/* Is anything of a duty granted to the role itself, or, if `own`, anything that no other duty takes? */
static bool
has_any(const Grantee *grantee, const OtpDuty *duty, bool own)
{
	for (const char *const *function = duty->functions; *function != NULL; function++)
		if (!(own && otp_duty_shares(duty, *function)) && has_function(grantee, *function))
			return true;
	for (const char *const *view = duty->views; *view != NULL; view++)
		if (!(own && otp_duty_shares(duty, *view)) && has_view(grantee, *view))
			return true;
	return false;
}

/*
 * The role's other duties.  A duty that was granted before an update of the extension has not what the update has
 * brought for it, and is the role's all the same.
 */
static List *
other_duties(const Grantee *grantee, const OtpDuty *duty)
{
	List	   *others = NIL;

	for (int i = 0; i < OTP_DUTY_COUNT; i++)
		if (&otp_duties[i] != duty && has_any(grantee, &otp_duties[i], true))
			others = lappend(others, (void *) &otp_duties[i]);
	return others;
}

static bool
is_needed(List *others, const char *name)
{
	ListCell   *cell;

	foreach(cell, others)
		if (otp_duty_takes(lfirst(cell), name))
			return true;
	return false;
}

static void
execute(const char *command)
{
	if (SPI_execute(command, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", command);
}

/* Of a privilege that its caller has, but may not pass on, GRANT grants nothing, and only warns. */
static void
require_granted(bool is_there, const Grantee *to, const char *name)
{
	if (!is_there)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to grant role %s a privilege on %s", to->role_name, name),
				errhint("Have the extension's owner grant the duty."));
}

static void
grant_duty(const Grantee *to, const OtpDuty *duty)
{
	execute(psprintf("GRANT USAGE ON SCHEMA %s TO %s", to->schema_name, to->role_name));
	require_granted(row_grants(NAMESPACEOID, to->schema, Anum_pg_namespace_nspacl, to->role, ACL_USAGE),
					to, psprintf("schema %s", to->schema_name));
	for (const char *const *function = duty->functions; *function != NULL; function++)
	{
		const char *name = function_name(to, *function);

		if (!OidIsValid(function_oid(to, *function)))
			continue;
		execute(psprintf("GRANT EXECUTE ON FUNCTION %s TO %s", name, to->role_name));
		require_granted(has_function(to, *function), to, name);
	}
	for (const char *const *view = duty->views; *view != NULL; view++)
	{
		const char *name = view_name(to, *view);

		if (!OidIsValid(view_oid(to, *view)))
			continue;
		execute(psprintf("GRANT SELECT ON TABLE %s TO %s", name, to->role_name));
		require_granted(has_view(to, *view), to, name);
	}
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

/* Has the role, by itself, a privilege on anything in the schema, or is anything there its own? */
static bool
keeps_in_schema(const Grantee *grantee)
{
	Relation	rel = table_open(SharedDependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		keeps = false;

	ScanKeyInit(&keys[0], Anum_pg_shdepend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(AuthIdRelationId));
	ScanKeyInit(&keys[1], Anum_pg_shdepend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(grantee->role));
	scan = systable_beginscan(rel, SharedDependReferenceIndexId, true, NULL, lengthof(keys), keys);
	while (!keeps && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_shdepend form = (Form_pg_shdepend) GETSTRUCT(tuple);
		ObjectAddress object = {form->classid, form->objid, 0};

		keeps = form->dbid == MyDatabaseId &&
			(form->deptype == SHARED_DEPENDENCY_ACL || form->deptype == SHARED_DEPENDENCY_OWNER) &&
			get_object_namespace(&object) == grantee->schema;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return keeps;
}

static void
revoke_duty(const Grantee *from, const OtpDuty *duty, List *others)
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
	if (!keeps_in_schema(from))
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
	const OtpDuty *duty = otp_duty_by_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));

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
	const OtpDuty *duty = otp_duty_by_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	otp_require_writable("otp_revoke_duty()");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (has_any(&grantee, duty, false))
		revoke_duty(&grantee, duty, other_duties(&grantee, duty));
	SPI_finish();
	PG_RETURN_VOID();
}
