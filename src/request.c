/*
 * request.c
 *		What a worker gets to send: a message, filled in.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/base64.h"
#include "core/hmac.h"
#include "core/secure.h"
#include "errors.h"
#include "rendering.h"
#include "request.h"
#include "template.h"

/* before a key in Base64, by Standard Webhooks */
#define SIGNING_PREFIX	"whsec_"

/* columns of type otp_claimed */
enum
{
	COL_MESSAGE_ID = 1,
	COL_LEASE,
	COL_CHANNEL,
	COL_TRANSPORT,
	COL_URL,
	COL_METHOD,
	COL_HEADERS,
	COL_BODY,
	COL_SENDER,
	COL_SENDER_NAME,
	COL_DESTINATION,
	COL_SUBJECT,
	COL_PLAIN,
	COL_HTML,
	COL_USERNAME,
	COL_PASSWORD,
	COL_ALLOW_PLAINTEXT,
	COL_CA_FILE,
	COL_ACCEPT_STATUS,
	COL_RETRY_STATUS,
	COL_ACCEPT_PATH,
	COL_ACCEPT_VALUES,
	COL_RETRY_PATH,
	COL_RETRY_VALUES,
	COL_ID_PATH,
	COL_IDEMPOTENCY_KEY,
	COL_EXPIRES_AT,
	COL_MAX_IN_FLIGHT,
	COL_TIMEOUT,
	COL_COUNT = COL_TIMEOUT
};

typedef struct Request
{
	OtpRequestBasis *basis;
	const OtpChannel *channel;
	OtpChannelSecrets *secrets;
	const OtpOutboxMessage *message;
	OtpRendering *rendering;
	const char *id;				/* the idempotency key */
	const char *timestamp;		/* seconds since 1970 */
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT];
	List	   *copies;			/* of varlenas with a code or credential in them */
} Request;

static void
put(Request *request, int column, Datum value)
{
	request->values[column - 1] = value;
	request->nulls[column - 1] = false;
}

static void
put_text(Request *request, int column, const text *value)
{
	if (value != NULL)
		put(request, column, PointerGetDatum(value));
}

static void
put_array(Request *request, int column, Datum value)
{
	if (value != 0)
		put(request, column, value);
}

/* A value that is to be wiped. */
static text *
private_copy(Request *request, const char *data, size_t length)
{
	text	   *copy = cstring_to_text_with_len(data, length);

	request->copies = lappend(request->copies, copy);
	return copy;
}

/* The same in the encoding of the database, for columns of type text. */
static text *
private_text(Request *request, const char *data, size_t length)
{
	char	   *converted = pg_any_to_server(data, length, PG_UTF8);
	text	   *copy;

	if (converted == data)
		return private_copy(request, data, length);
	copy = private_copy(request, converted, strlen(converted));
	otp_wipe(converted, strlen(converted));
	return copy;
}

static OtpTemplateValue
look_up_secret(void *arg, const char *name, size_t length)
{
	return otp_channel_secrets_get(arg, name, length);
}

/* Seconds since 1970, as webhooks are signed with. */
static const char *
unix_time(TimestampTz at)
{
	return psprintf("%lld", (long long) (at / USECS_PER_SEC +
										 (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY));
}

/* As some providers want numbers. */
static const char *
without_plus(const char *destination)
{
	return destination + (destination[0] == '+');
}

/* A subject is one line, whatever a context brings. */
static void
make_one_line(char *subject)
{
	for (; *subject != '\0'; subject++)
		if (*subject == '\n' || *subject == '\t')
			*subject = ' ';
}

static void
begin(Request *request, const char *code)
{
	const OtpOutboxMessage *message = request->message;
	const OtpChannel *channel = request->channel;
	OtpRendering *rendering = otp_rendering_begin(look_up_secret, request->secrets);
	TimestampTz now = GetCurrentTimestamp();
	int64		minutes = (message->expires_at - now + USECS_PER_MINUTE - 1) / USECS_PER_MINUTE;

	request->rendering = rendering;
	memset(request->nulls, true, sizeof(request->nulls));
	request->id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(message->idempotency_key)));
	request->timestamp = unix_time(now);
	otp_rendering_set(rendering, OTP_FILL_CODE, code);
	otp_rendering_set(rendering, OTP_FILL_MINUTES, psprintf("%lld", (long long) Max(minutes, 1)));
	otp_rendering_set_text(rendering, OTP_FILL_CONTEXT, message->context);
	otp_rendering_set_text(rendering, OTP_FILL_APP, channel->app);
	otp_rendering_set_text(rendering, OTP_FILL_DOMAIN, channel->domain);
	otp_rendering_set_text(rendering, OTP_FILL_LOCALE, message->locale);
	otp_rendering_set_text(rendering, OTP_FILL_DESTINATION, message->destination);
	otp_rendering_set(rendering, OTP_FILL_DIGITS, without_plus(text_to_cstring(message->destination)));
	otp_rendering_set_text(rendering, OTP_FILL_SENDER, channel->sender);
	otp_rendering_set_text(rendering, OTP_FILL_PURPOSE, message->purpose);
	otp_rendering_set(rendering, OTP_FILL_ID, request->id);
	otp_rendering_set(rendering, OTP_FILL_TIMESTAMP, request->timestamp);
}

/* What the purpose's template says; false if there is none. */
static bool
fill_in_texts(const OtpOwner *owner, Request *request)
{
	const OtpOutboxMessage *message = request->message;
	const char *kind = request->channel->kind;
	const OtpTemplate *template;
	size_t		length;
	char	   *filled;

	template = otp_template_recall(owner, &request->basis->templates, message->purpose, kind, message->locale);
	if (template == NULL)
		return false;
	if (template->subject != NULL)
	{
		filled = otp_rendering_of(request->rendering, template->subject, OTP_FORMAT_PLAIN, &length);
		make_one_line(filled);
		otp_rendering_set(request->rendering, OTP_FILL_SUBJECT, filled);
		put_text(request, COL_SUBJECT, private_text(request, filled, length));
	}
	filled = otp_rendering_of(request->rendering, template->body, otp_template_format(kind), &length);
	otp_rendering_set(request->rendering, OTP_FILL_TEXT, filled);
	put_text(request, COL_PLAIN, private_text(request, filled, length));
	if (template->html != NULL)
	{
		filled = otp_rendering_of(request->rendering, template->html, OTP_FORMAT_HTML, &length);
		put_text(request, COL_HTML, private_text(request, filled, length));
	}
	return true;
}

/*
 * An HMAC keyed with the credential that signs: what stands in Base64 behind whsec_, or else its bytes.  NULL if
 * that is no Base64, or OpenSSL fails.
 */
static OtpHmac *
signer(const OtpTemplateValue *secret)
{
	size_t		prefix = strlen(SIGNING_PREFIX);
	uint8		key[OTP_CHANNEL_SECRET_SIZE];
	size_t		length = secret->length;
	OtpHmac    *hmac = otp_hmac_new(OTP_SHA256);
	bool		usable = true;

	if (length > prefix && memcmp(secret->data, SIGNING_PREFIX, prefix) == 0)
		usable = otp_base64_decode(secret->data + prefix, length - prefix, key, sizeof(key), &length);
	else
		memcpy(key, secret->data, length);
	if (hmac != NULL && !(usable && otp_hmac_key(hmac, key, length)))
	{
		otp_hmac_free(hmac);
		hmac = NULL;
	}
	otp_wipe(key, sizeof(key));
	return hmac;
}

/* Standard Webhooks: HMAC-SHA256 over "id.timestamp.body", in Base64.  false if the credential is no key. */
static bool
sign(Request *request, const char *body, size_t length)
{
	OtpTemplateValue secret = otp_channel_secrets_get(request->secrets, OTP_SIGNING_SECRET,
													  strlen(OTP_SIGNING_SECRET));
	const char *head = psprintf("%s.%s.", request->id, request->timestamp);
	uint8		digest[OTP_DIGEST_MAX];
	char		encoded[OTP_BASE64_SIZE(OTP_DIGEST_MAX)];
	OtpHmac    *hmac;
	bool		done;

	if (secret.data == NULL)
		return true;
	hmac = signer(&secret);
	done = hmac != NULL && otp_hmac_begin(hmac) && otp_hmac_add(hmac, head, strlen(head)) &&
		otp_hmac_add(hmac, body, length) && otp_hmac_end(hmac, digest);
	otp_hmac_free(hmac);
	if (!done)
		return false;
	otp_base64_encode(digest, otp_digest_size(OTP_SHA256), encoded);
	otp_rendering_set(request->rendering, OTP_FILL_SIGNATURE, pstrdup(encoded));
	return true;
}

static void
fill_in_headers(Request *request)
{
	Datum	   *items;
	bool	   *nulls;
	int			n;

	if (request->channel->headers == 0)
		return;
	deconstruct_array(DatumGetArrayTypeP(request->channel->headers), TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		size_t		length;
		char	   *filled = otp_rendering_of(request->rendering, DatumGetTextPP(items[i]),
											  OTP_FORMAT_HEADER, &length);

		items[i] = PointerGetDatum(private_text(request, filled, length));
	}
	put(request, COL_HEADERS,
		PointerGetDatum(construct_array(items, n, TEXTOID, -1, false, TYPALIGN_INT)));
	request->copies = lappend(request->copies, DatumGetPointer(request->values[COL_HEADERS - 1]));
}

/* NULL, or what is wrong. */
static const char *
fill_in_http(Request *request)
{
	const OtpChannel *channel = request->channel;
	size_t		length = 0;
	char	   *body = "";
	char	   *url;

	if (channel->body != NULL)
	{
		body = otp_rendering_of(request->rendering, channel->body,
								otp_channel_body_format(channel->headers), &length);
		put_text(request, COL_BODY, private_copy(request, body, length));
	}
	if (!sign(request, body, length))
		return "credential \"" OTP_SIGNING_SECRET "\" is no key";
	fill_in_headers(request);
	url = otp_rendering_of(request->rendering, channel->url, OTP_FORMAT_URL, &length);
	put_text(request, COL_URL, private_text(request, url, length));
	request->nulls[COL_SUBJECT - 1] = request->nulls[COL_PLAIN - 1] = request->nulls[COL_HTML - 1] = true;
	return NULL;
}

static void
fill_in_login(Request *request)
{
	static const struct
	{
		const char *name;
		int			column;
	}			parts[] = {{"username", COL_USERNAME}, {"password", COL_PASSWORD}};

	for (int i = 0; i < lengthof(parts); i++)
	{
		OtpTemplateValue value = otp_channel_secrets_get(request->secrets, parts[i].name,
														 strlen(parts[i].name));

		if (value.data != NULL)
			put_text(request, parts[i].column, private_text(request, value.data, value.length));
	}
}

static void
fill_in_channel(Request *request)
{
	const OtpChannel *channel = request->channel;

	put_text(request, COL_CHANNEL, channel->name);
	put_text(request, COL_TRANSPORT, cstring_to_text(channel->transport));
	put_text(request, COL_METHOD, channel->method);
	put_text(request, COL_SENDER, channel->sender);
	put_text(request, COL_SENDER_NAME, channel->sender_name);
	put(request, COL_ALLOW_PLAINTEXT, BoolGetDatum(channel->allow_plaintext));
	put_text(request, COL_CA_FILE, channel->ca_file);
	put_array(request, COL_ACCEPT_STATUS, channel->accept_status);
	put_array(request, COL_RETRY_STATUS, channel->retry_status);
	put_text(request, COL_ACCEPT_PATH, channel->accept_path);
	put_array(request, COL_ACCEPT_VALUES, channel->accept_values);
	put_text(request, COL_RETRY_PATH, channel->retry_path);
	put_array(request, COL_RETRY_VALUES, channel->retry_values);
	put_text(request, COL_ID_PATH, channel->id_path);
	if (channel->max_in_flight > 0)
		put(request, COL_MAX_IN_FLIGHT, Int32GetDatum(channel->max_in_flight));
	put(request, COL_TIMEOUT, Int32GetDatum(channel->timeout));
}

static void
fill_in_message(Request *request)
{
	const OtpOutboxMessage *message = request->message;

	put(request, COL_MESSAGE_ID, Int64GetDatum(message->id));
	put(request, COL_LEASE, Int32GetDatum(message->tries));
	put_text(request, COL_DESTINATION, message->destination);
	put(request, COL_IDEMPOTENCY_KEY, UUIDPGetDatum(message->idempotency_key));
	put(request, COL_EXPIRES_AT, TimestampTzGetDatum(message->expires_at));
}

static const char *
make(const OtpOwner *owner, Request *request, const char *code)
{
	const char *problem = NULL;
	const char *missing;

	begin(request, code);
	if (request->secrets->damaged != NULL)
		return psprintf("credential \"%s\" does not open, set it again", request->secrets->damaged);
	if (!fill_in_texts(owner, request))
		return psprintf("there is no template of kind \"%s\"", request->channel->kind);
	fill_in_message(request);
	fill_in_channel(request);
	if (strcmp(request->channel->transport, "http") == 0)
		problem = fill_in_http(request);
	else
	{
		put_text(request, COL_URL, request->channel->url);
		fill_in_login(request);
	}
	missing = otp_rendering_missing(request->rendering);
	return missing == NULL ? problem : psprintf("credential \"%s\" is missing", missing);
}

static void
wipe(Request *request)
{
	ListCell   *cell;

	foreach(cell, request->copies)
		otp_wipe(VARDATA(lfirst(cell)), VARSIZE(lfirst(cell)) - VARHDRSZ);
	if (request->rendering != NULL)
		otp_rendering_wipe(request->rendering);
}

const char *
otp_request_make(const OtpOwner *owner, OtpRequestBasis *basis, const OtpOutboxMessage *message,
				 const char *code, TupleDesc desc, Tuplestorestate *rows)
{
	Request		request = {
		.basis = basis,.channel = &basis->channel,.secrets = &basis->secrets,.message = message
	};
	const char *problem;

	PG_TRY();
	{
		problem = make(owner, &request, code);
		if (problem == NULL)
			tuplestore_putvalues(rows, desc, request.values, request.nulls);
	}
	PG_FINALLY();
	{
		wipe(&request);
	}
	PG_END_TRY();
	return problem;
}
