/*
 * channel_guard.c
 *		Keeps channels from being written that could not be used, or whose values could break out.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/jsonapi.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonfuncs.h"
#include "utils/rel.h"

#include "channel.h"
#include "channel_secret.h"
#include "destination.h"
#include "errors.h"
#include "rendering.h"
#include "utf8.h"

enum
{
	COL_NAME = 1,
	COL_KIND,
	COL_TRANSPORT,
	COL_URL,
	COL_METHOD,
	COL_HEADERS,
	COL_BODY,
	COL_SENDER = 15,
	COL_SENDER_NAME,
	COL_APP,
	COL_DOMAIN,
	COL_ALLOW_PLAINTEXT
};

/* A row that is to be written. */
typedef struct Row
{
	TupleDesc	desc;
	HeapTuple	tuple;
} Row;

static Datum
column(const Row *row, int number, bool *isnull)
{
	return heap_getattr(row->tuple, number, row->desc, isnull);
}

static const char *
text_column(const Row *row, int number)
{
	bool		isnull;
	Datum		value = column(row, number, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

pg_attribute_noreturn()
static void
refuse(const char *message, const char *hint)
{
	ereport(ERROR,
			errcode(ERRCODE_CHECK_VIOLATION),
			errmsg("%s", message),
			errhint("%s", hint));
	pg_unreachable();
}

static bool
begins_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* An authority of host and perhaps port: no user, and nothing that a parser of URLs could see otherwise. */
static bool
is_plain_authority(const char *s, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]", s[i]) == NULL)
			return false;
	return length > 0;
}

static void
check_url(const Row *row, const char *url)
{
	bool		http = strcmp(text_column(row, COL_TRANSPORT), "http") == 0;
	bool		isnull;
	bool		plaintext = DatumGetBool(column(row, COL_ALLOW_PLAINTEXT, &isnull)) && !isnull;
	size_t		origin = otp_channel_origin_length(url);
	size_t		scheme = strstr(url, "://") == NULL ? 0 : strstr(url, "://") + 3 - url;

	if (http ? !begins_with(url, "https://") && !begins_with(url, "http://") :
		!begins_with(url, "smtp://") && !begins_with(url, "smtps://"))
		refuse("invalid url", http ? "Give https://host/path." : "Give smtp://host:587 or smtps://host:465.");
	if (!is_plain_authority(url + scheme, origin - scheme))
		refuse("invalid url", "Give a host, and perhaps a port; who logs in is told by credentials.");
	if (begins_with(url, "http://") && !plaintext)
		refuse("a url without TLS", "Use https://, or set allow_plaintext.");
	if (!http && url[origin] != '\0')
		refuse("a url of transport smtp with a path", "Give smtp://host:587 or smtps://host:465.");
	if (http)
		otp_template_require(cstring_to_text(url), OTP_FORMAT_URL, OTP_IN_URL, "the url");
}

/* Whom a mail is from. */
static void
check_mail(const Row *row)
{
	const char *sender = text_column(row, COL_SENDER);

	if (sender != NULL && !otp_is_mail_address(sender))
		refuse("sender is not a mail address", "Give an address in ASCII, and a name for people as sender_name.");
}

/* Texts that become headers, or part of one.  An empty one would leave out the lines that it stands in, as NULL does. */
static void
check_line(const char *value, const char *what)
{
	if (value != NULL && *value == '\0')
		ereport(ERROR,
				errcode(ERRCODE_CHECK_VIOLATION),
				errmsg("%s is empty", what));
	if (value != NULL)
		otp_utf8_require(cstring_to_text(value));
	for (const char *c = value; value != NULL && *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			ereport(ERROR,
					errcode(ERRCODE_CHECK_VIOLATION),
					errmsg("%s has a control character", what));
}

static OtpTemplateValue
sample(void *arg, const char *name, size_t length)
{
	return (OtpTemplateValue) {"1", 1, false};
}

static void
append(void *arg, const char *data, size_t length)
{
	appendBinaryStringInfo((StringInfo) arg, data, length);
}

/* What stands outside of string literals is the template's own, so any values tell whether it is JSON. */
static void
check_json(const char *body)
{
	StringInfoData json;

	initStringInfo(&json);
	otp_template_render(body, strlen(body), OTP_FORMAT_JSON, sample, NULL, append, &json);
	(void) DirectFunctionCall1(json_in, CStringGetDatum(json.data));
}

/* A template that names what the row does not say. */
static void
check_values(const Row *row, const text *template, OtpTemplateFormat format, const char *what)
{
	static const struct
	{
		OtpPlaceholder placeholder;
		int			column;
		const char *name;
	}			columns[] = {
		{OTP_FILL_SENDER, COL_SENDER, "sender"},
		{OTP_FILL_DOMAIN, COL_DOMAIN, "domain"},
	};

	for (int i = 0; i < lengthof(columns); i++)
		if (text_column(row, columns[i].column) == NULL &&
			otp_template_uses(template, format, columns[i].placeholder))
			ereport(ERROR,
					errcode(ERRCODE_CHECK_VIOLATION),
					errmsg("%s uses {%s}, but column \"%s\" is null", what, columns[i].name,
						   columns[i].name));
}

static void
check_headers(const Row *row, Datum headers)
{
	Datum	   *items;
	bool	   *nulls;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(headers), TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			refuse("a header is null", "Give headers as 'Name: value'.");
		otp_template_require(DatumGetTextPP(items[i]), OTP_FORMAT_HEADER, OTP_IN_HEADER, "a header");
		check_values(row, DatumGetTextPP(items[i]), OTP_FORMAT_HEADER, "a header");
	}
}

static void
check_body(const Row *row, const char *body, Datum headers)
{
	OtpTemplateFormat format = otp_channel_body_format(headers);

	otp_template_require(cstring_to_text(body), format, OTP_IN_BODY, "the body");
	check_values(row, cstring_to_text(body), format, "the body");
	if (format == OTP_FORMAT_JSON)
		check_json(body);
}

/*
 * What a call says is markup, which {text} is escaped for, and what callers of otp_send() give is not where it stands
 * in the request itself.
 */
static void
check_markup(const Row *row, const char *template, OtpTemplateFormat format, const char *what)
{
	static const OtpPlaceholder given[] = {OTP_FILL_CONTEXT, OTP_FILL_PURPOSE};
	const char *kind = text_column(row, COL_KIND);

	if (kind == NULL || strcmp(kind, "voice") != 0)
		return;
	for (int i = 0; i < lengthof(given); i++)
		if (otp_template_uses(cstring_to_text(template), format, given[i]))
			ereport(ERROR,
					errcode(ERRCODE_CHECK_VIOLATION),
					errmsg("%s of a channel of kind \"voice\" uses {context} or {purpose}", what),
					errhint("Have the template say it, and use {text}."));
}

/* Somewhere a message has to have its code. */
static void
check_code(const char *url, const char *body, Datum headers)
{
	OtpTemplateFormat format = otp_channel_body_format(headers);

	if (!otp_template_uses(cstring_to_text(url), OTP_FORMAT_URL, OTP_FILL_CODE) &&
		!otp_template_uses(cstring_to_text(url), OTP_FORMAT_URL, OTP_FILL_TEXT) &&
		(body == NULL ||
		 (!otp_template_uses(cstring_to_text(body), format, OTP_FILL_CODE) &&
		  !otp_template_uses(cstring_to_text(body), format, OTP_FILL_TEXT))))
		refuse("neither url nor body has the code", "Use {code}, or {text}, which is the template of the purpose.");
}

/* Credentials go with their channel. */
static void
remove_secrets(const text *name)
{
	OtpOwner	owner;

	otp_owner_begin(&owner);
	otp_channel_secrets_remove(&owner, name);
	otp_owner_end(&owner);
}

/* They are bound to its name, too. */
static void
check_name(const char *before, const char *after)
{
	OtpOwner	owner;
	bool		bound;

	if (after != NULL && strcmp(before, after) == 0)
		return;
	otp_owner_begin(&owner);
	bound = otp_channel_secrets_exist(&owner, cstring_to_text(before));
	otp_owner_end(&owner);
	if (bound)
		ereport(ERROR,
				errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				errmsg("channel \"%s\" has credentials, and cannot be renamed", before),
				errhint("They are bound to its name: make another channel, or remove them."));
}

static bool
is_called_rightly(FunctionCallInfo fcinfo)
{
	TriggerEvent event;

	if (!CALLED_AS_TRIGGER(fcinfo))
		return false;
	event = ((TriggerData *) fcinfo->context)->tg_event;
	return TRIGGER_FIRED_BEFORE(event) && TRIGGER_FIRED_FOR_ROW(event) != TRIGGER_FIRED_BY_TRUNCATE(event);
}

/*
 * otp_channel_guard() → trigger
 *
 * Before INSERT, UPDATE or DELETE of a row of otp_channel, or TRUNCATE.
 */
PG_FUNCTION_INFO_V1(otp_channel_guard);
Datum
otp_channel_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Row			row;
	const char *name;
	const char *url;
	const char *body;
	Datum		headers;
	bool		isnull;

	if (!is_called_rightly(fcinfo))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("otp_channel_guard() must be called as a BEFORE trigger of a row, or of TRUNCATE"));
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
	{
		remove_secrets(NULL);
		return PointerGetDatum(NULL);
	}
	row.desc = RelationGetDescr(trigger->tg_relation);
	row.tuple = trigger->tg_trigtuple;
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
	{
		remove_secrets(cstring_to_text(text_column(&row, COL_NAME)));
		return PointerGetDatum(row.tuple);
	}
	name = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? text_column(&row, COL_NAME) : NULL;
	row.tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	if (name != NULL)
		check_name(name, text_column(&row, COL_NAME));
	url = text_column(&row, COL_URL);
	body = text_column(&row, COL_BODY);
	/* What is null where it must not be is for the constraints to refuse. */
	if (url == NULL || text_column(&row, COL_TRANSPORT) == NULL)
		return PointerGetDatum(row.tuple);
	check_url(&row, url);
	check_line(text_column(&row, COL_SENDER), "sender");
	check_line(text_column(&row, COL_SENDER_NAME), "sender_name");
	check_line(text_column(&row, COL_APP), "app");
	check_line(text_column(&row, COL_DOMAIN), "domain");
	headers = column(&row, COL_HEADERS, &isnull);
	headers = isnull ? (Datum) 0 : headers;
	if (headers != 0)
		check_headers(&row, headers);
	if (body != NULL)
	{
		check_body(&row, body, headers);
		check_markup(&row, body, otp_channel_body_format(headers), "the body");
	}
	if (strcmp(text_column(&row, COL_TRANSPORT), "http") != 0)
		check_mail(&row);
	else
	{
		check_markup(&row, url, OTP_FORMAT_URL, "the url");
		check_values(&row, cstring_to_text(url), OTP_FORMAT_URL, "the url");
		check_code(url, body, headers);
	}
	return PointerGetDatum(row.tuple);
}
