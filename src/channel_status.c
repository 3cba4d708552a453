/*
 * channel_status.c
 *		What is wrong with channels, and how to try their providers: otp_channel_status.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "args.h"
#include "channel.h"
#include "channel_secret.h"
#include "core/secure.h"
#include "private_rows.h"
#include "rendering.h"
#include "template.h"

enum
{
	COL_CHANNEL = 1,
	COL_TRANSPORT,
	COL_URL,
	COL_SENDER,
	COL_USERNAME,
	COL_PASSWORD,
	COL_ALLOW_PLAINTEXT,
	COL_CA_FILE,
	COL_PROBLEM,
	COL_COUNT = COL_PROBLEM
};

static OtpQuery names_query = {
	"SELECT name FROM @.otp_channel ORDER BY name",
	0, {InvalidOid}
};

static OtpTemplateValue
look_up_secret(void *arg, const char *name, size_t length)
{
	return otp_channel_secrets_get(arg, name, length);
}

static void
render(OtpRendering *rendering, const text *template, OtpTemplateFormat format)
{
	size_t		length;

	if (template != NULL)
		(void) otp_rendering_of(rendering, template, format, &length);
}

/* A credential that a request would want and there is none of, or NULL. */
static const char *
missing_secret(const OtpChannel *channel, OtpChannelSecrets *secrets)
{
	OtpRendering *rendering = otp_rendering_begin(look_up_secret, secrets);
	OtpTemplateValue signing = look_up_secret(secrets, OTP_SIGNING_SECRET, strlen(OTP_SIGNING_SECRET));
	Datum	   *items = NULL;
	bool	   *nulls;
	int			n = 0;

	if (channel->headers != 0)
		deconstruct_array(DatumGetArrayTypeP(channel->headers), TEXTOID, -1, false, TYPALIGN_INT, &items,
						  &nulls, &n);
	otp_rendering_set(rendering, OTP_FILL_SIGNATURE, signing.data == NULL ? NULL : "1");
	render(rendering, channel->url, OTP_FORMAT_URL);
	render(rendering, channel->body, otp_channel_body_format(channel->headers));
	for (int i = 0; i < n; i++)
		render(rendering, DatumGetTextPP(items[i]), OTP_FORMAT_HEADER);
	otp_rendering_wipe(rendering);
	return otp_rendering_missing(rendering);
}

/* What keeps the channel from being used, or NULL. */
static const char *
problem_of(const OtpOwner *owner, const OtpChannel *channel, OtpChannelSecrets *secrets)
{
	OtpTemplate template;
	const char *missing;

	if (secrets->damaged != NULL)
		return psprintf("credential \"%s\" does not open, set it again", secrets->damaged);
	missing = strcmp(channel->transport, "http") == 0 ? missing_secret(channel, secrets) : NULL;
	if (missing != NULL)
		return psprintf("credential \"%s\" is missing", missing);
	if (!otp_template_fetch(owner, cstring_to_text("default"), channel->kind, cstring_to_text("en"), &template))
		return psprintf("there is no template of kind \"%s\"", channel->kind);
	return NULL;
}

static void
put(Datum *values, bool *nulls, int column, const char *value, size_t length)
{
	nulls[column - 1] = value == NULL;
	values[column - 1] = value == NULL ? (Datum) 0 : PointerGetDatum(cstring_to_text_with_len(value, length));
}

static void
put_text(Datum *values, bool *nulls, int column, const text *value)
{
	nulls[column - 1] = value == NULL;
	values[column - 1] = PointerGetDatum(value);
}

/* Whoever logs in to a mail server to try it needs what the relay gets with each message. */
static void
put_login(Datum *values, bool *nulls, const OtpChannel *channel, OtpChannelSecrets *secrets)
{
	OtpTemplateValue username = {NULL};
	OtpTemplateValue password = {NULL};

	if (strcmp(channel->transport, "smtp") == 0)
	{
		username = look_up_secret(secrets, "username", strlen("username"));
		password = look_up_secret(secrets, "password", strlen("password"));
	}
	put(values, nulls, COL_USERNAME, username.data, username.length);
	put(values, nulls, COL_PASSWORD, password.data, password.length);
}

/* A copy that put() has made, or none yet. */
static void
wipe(Datum *values, bool *nulls, int column)
{
	if (!nulls[column - 1] && values[column - 1] != 0)
		otp_wipe(VARDATA(DatumGetPointer(values[column - 1])),
				 VARSIZE(DatumGetPointer(values[column - 1])) - VARHDRSZ);
}

static void
fill_in(const OtpOwner *owner, const OtpChannel *channel, OtpChannelSecrets *secrets, Datum *values, bool *nulls)
{
	const char *url = text_to_cstring(channel->url);
	const char *problem = problem_of(owner, channel, secrets);

	put_text(values, nulls, COL_CHANNEL, channel->name);
	put(values, nulls, COL_TRANSPORT, channel->transport, strlen(channel->transport));
	put(values, nulls, COL_URL, url, otp_channel_origin_length(url));
	put_text(values, nulls, COL_SENDER, channel->sender);
	put_login(values, nulls, channel, secrets);
	values[COL_ALLOW_PLAINTEXT - 1] = BoolGetDatum(channel->allow_plaintext);
	put_text(values, nulls, COL_CA_FILE, channel->ca_file);
	put(values, nulls, COL_PROBLEM, problem, problem == NULL ? 0 : strlen(problem));
}

static void
put_row(const OtpOwner *owner, const text *name, TupleDesc desc, Tuplestorestate *rows)
{
	Datum		values[COL_COUNT] = {0};
	bool		nulls[COL_COUNT] = {false};
	OtpChannel	channel;
	OtpChannelSecrets secrets = {0};

	if (!otp_channel_fetch(owner, name, &channel))
		return;
	PG_TRY();
	{
		otp_channel_secrets_open(owner, &channel, &secrets);
		fill_in(owner, &channel, &secrets, values, nulls);
		tuplestore_putvalues(rows, desc, values, nulls);
	}
	PG_FINALLY();
	{
		otp_channel_secrets_wipe(&secrets);
		wipe(values, nulls, COL_USERNAME);
		wipe(values, nulls, COL_PASSWORD);
	}
	PG_END_TRY();
}

/* otp_channel_status() → setof record */
PG_FUNCTION_INFO_V1(otp_channel_status);
Datum
otp_channel_status(PG_FUNCTION_ARGS)
{
	Tuplestorestate *rows;
	TupleDesc	desc;
	OtpOwner	owner;
	const text **names;
	uint64		n;

	otp_require_writable("otp_channel_status()");
	rows = otp_private_rows(fcinfo, &desc);
	otp_owner_begin(&owner);
	n = otp_query_run(&owner, &names_query, NULL, NULL);
	names = palloc(n * sizeof(text *) + 1);
	for (uint64 i = 0; i < n; i++)
		names[i] = otp_query_text(i, 1);
	for (uint64 i = 0; i < n; i++)
		put_row(&owner, names[i], desc, rows);
	otp_owner_end(&owner);
	return (Datum) 0;
}
