/*
 * channel.c
 *		Table otp_channel: by what way a message goes.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "channel.h"
#include "destination.h"
#include "errors.h"

static OtpQuery fetch_query = {
	"SELECT name, kind, transport, url, method, headers, body, accept_status, retry_status, accept_path,"
	"       accept_values, retry_path, retry_values, id_path, sender, sender_name, app, domain, ca_file, allow_plaintext,"
	"       COALESCE(per_second, 0), COALESCE(max_in_flight, 0), ceil(extract(epoch FROM timeout))::int4,"
	"       (extract(epoch FROM message_window) * 1000000)::int8, COALESCE(messages_per_destination, 0),"
	"       COALESCE(messages_per_prefix, 0), COALESCE(prefix_length, 0)"
	"  FROM @.otp_channel WHERE name = $1",
	1, {TEXTOID}
};

static Datum
value_or_0(int column)
{
	bool		isnull;
	Datum		value = otp_query_value(0, column, &isnull);

	return isnull ? (Datum) 0 : value;
}

bool
otp_channel_fetch(const OtpOwner *owner, const text *name, OtpChannel *channel)
{
	Datum		values[] = {PointerGetDatum(name)};

	if (otp_query_run(owner, &fetch_query, values, NULL) == 0)
		return false;
	channel->name = otp_query_text(0, 1);
	channel->kind = text_to_cstring(otp_query_text(0, 2));
	channel->transport = text_to_cstring(otp_query_text(0, 3));
	channel->url = otp_query_text(0, 4);
	channel->method = otp_query_text(0, 5);
	channel->headers = value_or_0(6);
	channel->body = otp_query_text(0, 7);
	channel->accept_status = value_or_0(8);
	channel->retry_status = value_or_0(9);
	channel->accept_path = otp_query_text(0, 10);
	channel->accept_values = value_or_0(11);
	channel->retry_path = otp_query_text(0, 12);
	channel->retry_values = value_or_0(13);
	channel->id_path = otp_query_text(0, 14);
	channel->sender = otp_query_text(0, 15);
	channel->sender_name = otp_query_text(0, 16);
	channel->app = otp_query_text(0, 17);
	channel->domain = otp_query_text(0, 18);
	channel->ca_file = otp_query_text(0, 19);
	channel->allow_plaintext = DatumGetBool(otp_query_value(0, 20, NULL));
	channel->per_second = DatumGetFloat8(otp_query_value(0, 21, NULL));
	channel->max_in_flight = DatumGetInt32(otp_query_value(0, 22, NULL));
	channel->timeout = DatumGetInt32(otp_query_value(0, 23, NULL));
	channel->window = DatumGetInt64(otp_query_value(0, 24, NULL));
	channel->per_destination = DatumGetInt32(otp_query_value(0, 25, NULL));
	channel->per_prefix = DatumGetInt32(otp_query_value(0, 26, NULL));
	channel->prefix_length = DatumGetInt32(otp_query_value(0, 27, NULL));
	return true;
}

void
otp_channel_get(const OtpOwner *owner, const text *name, OtpChannel *channel)
{
	if (!otp_channel_fetch(owner, name, channel))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("there is no channel \"%s\"", text_to_cstring(name)),
				errhint("A row of table \"otp_channel\" makes one; otp_channel_preset() writes such rows."),
				otp_errprivate());
}

void
otp_channel_caps(OtpChannelCaps *caps, const OtpChannel *channel, const text *name,
				 const text *destination)
{
	*caps = (OtpChannelCaps) {
		name, otp_destination_counted(destination), channel->window, channel->per_destination,
		channel->per_prefix, channel->prefix_length
	};
}

size_t
otp_channel_origin_length(const char *url)
{
	const char *authority = strstr(url, "://");

	return authority == NULL ? strlen(url) :
		authority + 3 - url + strcspn(authority + 3, "/?#");
}

/* The value of a header, without white space before it, or NULL. */
static const char *
header_value(Datum headers, const char *name)
{
	Datum	   *items;
	bool	   *nulls;
	int			n;
	size_t		length = strlen(name);

	if (headers == 0)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(headers), TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls,
					  &n);
	for (int i = 0; i < n; i++)
	{
		const char *header = nulls[i] ? "" : TextDatumGetCString(items[i]);

		if (pg_strncasecmp(header, name, length) == 0 && header[length] == ':')
			return header + length + 1 + strspn(header + length + 1, " \t");
	}
	return NULL;
}

/* Is it this media type, with or without parameters? */
static bool
is_type(const char *value, const char *type)
{
	size_t		length = strcspn(value, "; \t");

	return length == strlen(type) && pg_strncasecmp(value, type, length) == 0;
}

OtpTemplateFormat
otp_channel_body_format(Datum headers)
{
	const char *type = header_value(headers, "Content-Type");

	if (type != NULL && is_type(type, "application/json"))
		return OTP_FORMAT_JSON;
	if (type != NULL && is_type(type, "application/x-www-form-urlencoded"))
		return OTP_FORMAT_FORM;
	if (type != NULL && (is_type(type, "application/xml") || is_type(type, "text/xml") ||
						 is_type(type, "application/ssml+xml")))
		return OTP_FORMAT_SSML;
	return OTP_FORMAT_PLAIN;
}
