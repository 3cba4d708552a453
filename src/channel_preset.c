/*
 * channel_preset.c
 *		otp_channel_preset: channels as providers document them.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"

#include "args.h"
#include "owner_query.h"

static OtpQuery make_query = {
	"INSERT INTO @.otp_channel (name, kind, transport, url, method, headers, body, accept_status, retry_status,"
	"                           accept_path, accept_values, retry_path, retry_values, id_path, sender, app, domain,"
	"                           allow_plaintext, comment)"
	"  SELECT $2, kind, transport, COALESCE($6, url), method, headers, body, accept_status, retry_status,"
	"         accept_path, accept_values, retry_path, retry_values, id_path, $4, $3, $5,"
	"         transport = 'http' AND COALESCE($6, url) LIKE 'http://%', page"
	"    FROM @.otp_channel_presets WHERE preset = $1",
	6, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}
};
static OtpQuery secrets_query = {
	"SELECT secrets FROM @.otp_channel_presets WHERE preset = $1",
	1, {TEXTOID}
};
static OtpQuery names_query = {
	"SELECT string_agg(preset, ', ' ORDER BY preset) FROM @.otp_channel_presets",
	0, {InvalidOid}
};

pg_attribute_noreturn()
static void
refuse(const OtpOwner *owner, const text *preset)
{
	(void) otp_query_run(owner, &names_query, NULL, NULL);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("there is no preset \"%s\"", text_to_cstring(preset)),
			errhint("Use one of %s.", text_to_cstring(otp_query_text(0, 1))));
	pg_unreachable();
}

/* otp_channel_preset(preset text, name text, app text, sender text, domain text, url text) → text[] */
PG_FUNCTION_INFO_V1(otp_channel_preset);
Datum
otp_channel_preset(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"preset", "name", "app"};
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext old;
	OtpOwner	owner;
	Datum		values[6] = {0};
	char		nulls[6];
	Datum		secrets;

	for (int i = 0; i < lengthof(values); i++)
	{
		nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
		values[i] = PG_ARGISNULL(i) ? (Datum) 0 : PG_GETARG_DATUM(i);
		if (i < lengthof(names))
			(void) otp_arg_text(fcinfo, i, names[i]);
	}
	otp_require_writable("otp_channel_preset()");
	otp_owner_begin(&owner);
	if (otp_query_run(&owner, &make_query, values, nulls) == 0)
		refuse(&owner, PG_GETARG_TEXT_PP(0));
	(void) otp_query_run(&owner, &secrets_query, values, NULL);
	old = MemoryContextSwitchTo(caller);
	secrets = datumCopy(otp_query_value(0, 1, NULL), false, -1);
	MemoryContextSwitchTo(old);
	otp_owner_end(&owner);
	PG_RETURN_DATUM(secrets);
}
