/*
 * rendering.c
 *		A message's texts and request, from templates and what they are filled in with.
 */
#include "compat.h"

#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"

#include "core/secure.h"
#include "errors.h"
#include "rendering.h"
#include "utf8.h"

#define SECRET_PREFIX	"secret."

/* Names of placeholders, and where they may stand. */
static const struct
{
	const char *name;
	int			where;
}			placeholders[OTP_PLACEHOLDER_COUNT] = {
	[OTP_FILL_CODE] = {"code", OTP_IN_MESSAGE | OTP_IN_URL | OTP_IN_BODY},
	[OTP_FILL_MINUTES] = {"minutes", OTP_IN_MESSAGE | OTP_IN_URL | OTP_IN_HEADER | OTP_IN_BODY},
	[OTP_FILL_CONTEXT] = {"context", OTP_IN_MESSAGE | OTP_IN_URL | OTP_IN_BODY},
	[OTP_FILL_APP] = {"app", OTP_IN_MESSAGE | OTP_IN_URL | OTP_IN_HEADER | OTP_IN_BODY},
	[OTP_FILL_DOMAIN] = {"domain", OTP_IN_MESSAGE | OTP_IN_URL | OTP_IN_HEADER | OTP_IN_BODY},
	[OTP_FILL_LOCALE] = {"locale", OTP_IN_MESSAGE | OTP_IN_URL | OTP_IN_HEADER | OTP_IN_BODY},
	[OTP_FILL_DESTINATION] = {"destination", OTP_IN_URL | OTP_IN_HEADER | OTP_IN_BODY},
	[OTP_FILL_DIGITS] = {"digits", OTP_IN_URL | OTP_IN_HEADER | OTP_IN_BODY},
	[OTP_FILL_SENDER] = {"sender", OTP_IN_URL | OTP_IN_HEADER | OTP_IN_BODY},
	[OTP_FILL_PURPOSE] = {"purpose", OTP_IN_URL | OTP_IN_HEADER | OTP_IN_BODY},
	[OTP_FILL_SUBJECT] = {"subject", OTP_IN_URL | OTP_IN_BODY},
	[OTP_FILL_TEXT] = {"text", OTP_IN_URL | OTP_IN_BODY},
	[OTP_FILL_ID] = {"id", OTP_IN_URL | OTP_IN_HEADER | OTP_IN_BODY},
	[OTP_FILL_TIMESTAMP] = {"timestamp", OTP_IN_HEADER},
	[OTP_FILL_SIGNATURE] = {"signature", OTP_IN_HEADER},
};

struct OtpRendering
{
	OtpTemplateValue values[OTP_PLACEHOLDER_COUNT];
	OtpSecretLookup secret;
	void	   *secret_arg;
	const char *missing;
	List	   *pieces;			/* of Piece */
};

/* Something that has been rendered; while it is, how much of it there is. */
typedef struct Piece
{
	char	   *data;			/* NULL: it is only measured */
	size_t		length;
} Piece;

OtpRendering *
otp_rendering_begin(OtpSecretLookup secret, void *secret_arg)
{
	OtpRendering *rendering = palloc0(sizeof(OtpRendering));

	rendering->secret = secret;
	rendering->secret_arg = secret_arg;
	return rendering;
}

void
otp_rendering_set(OtpRendering *rendering, OtpPlaceholder placeholder, const char *value)
{
	rendering->values[placeholder] = (OtpTemplateValue) {
		value, value == NULL ? 0 : strlen(value), placeholder == OTP_FILL_CODE
	};
}

void
otp_rendering_set_text(OtpRendering *rendering, OtpPlaceholder placeholder, const text *value)
{
	OtpUtf8		utf8;

	if (value == NULL)
	{
		otp_rendering_set(rendering, placeholder, NULL);
		return;
	}
	utf8 = otp_to_utf8(value);
	rendering->values[placeholder] = (OtpTemplateValue) {utf8.bytes, utf8.length, false};
}

/* Which placeholder it is, or -1. */
static int
placeholder_by_name(const char *name, size_t length)
{
	for (int i = 0; i < OTP_PLACEHOLDER_COUNT; i++)
		if (strlen(placeholders[i].name) == length && memcmp(placeholders[i].name, name, length) == 0)
			return i;
	return -1;
}

static bool
is_secret(const char *name, size_t length)
{
	return length > strlen(SECRET_PREFIX) && memcmp(name, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0;
}

static OtpTemplateValue
look_up(void *arg, const char *name, size_t length)
{
	OtpRendering *rendering = arg;
	OtpTemplateValue value = {NULL};
	int			i;

	if (is_secret(name, length))
	{
		name += strlen(SECRET_PREFIX);
		length -= strlen(SECRET_PREFIX);
		value = rendering->secret(rendering->secret_arg, name, length);
		if (value.data == NULL)
			rendering->missing = pnstrdup(name, length);
		return value;
	}
	i = placeholder_by_name(name, length);
	if (i >= 0)
		value = rendering->values[i];
	if (i == OTP_FILL_SIGNATURE && value.data == NULL)
		rendering->missing = OTP_SIGNING_SECRET;
	return value;
}

static void
add(void *arg, const char *data, size_t length)
{
	Piece	   *piece = arg;

	if (piece->data != NULL)
		memcpy(piece->data + piece->length, data, length);
	piece->length += length;
}

char *
otp_rendering_of(OtpRendering *rendering, const text *template, OtpTemplateFormat format,
				 size_t *length)
{
	OtpUtf8		utf8 = otp_to_utf8(template);
	Piece	   *piece = palloc0(sizeof(Piece));
	char	   *data;

	/* Measured first: a buffer that grows leaves codes behind. */
	otp_template_render(utf8.bytes, utf8.length, format, look_up, rendering, add, piece);
	data = palloc(piece->length + 1);
	*piece = (Piece) {.data = data};
	rendering->pieces = lappend(rendering->pieces, piece);
	otp_template_render(utf8.bytes, utf8.length, format, look_up, rendering, add, piece);
	data[piece->length] = '\0';
	*length = piece->length;
	return data;
}

const char *
otp_rendering_missing(const OtpRendering *rendering)
{
	return rendering->missing;
}

void
otp_rendering_wipe(OtpRendering *rendering)
{
	ListCell   *cell;

	foreach(cell, rendering->pieces)
	{
		Piece	   *piece = lfirst(cell);

		otp_wipe(piece->data, piece->length);
	}
	rendering->pieces = NIL;
}

static bool
is_known(void *arg, const char *name, size_t length)
{
	int			where = *(int *) arg;
	int			i = placeholder_by_name(name, length);

	if (is_secret(name, length))
		return where != OTP_IN_MESSAGE;
	return i >= 0 && (placeholders[i].where & where) != 0;
}

/* Characters of the first `n` bytes. */
static int
characters(const OtpUtf8 *utf8, size_t n)
{
	int			result = 0;

	for (size_t i = 0; i < n && i < utf8->length; i++)
		result += (utf8->bytes[i] & 0xc0) != 0x80;
	return result;
}

static const char *
describe(OtpTemplateError error)
{
	switch (error)
	{
		case OTP_TEMPLATE_UNKNOWN:
			return "there is no such placeholder, or not here";
		case OTP_TEMPLATE_SYNTAX:
			return "a brace neither begins nor ends a placeholder; a brace itself is written twice";
		case OTP_TEMPLATE_PLACE:
			return "a placeholder stands where its value could break out";
		case OTP_TEMPLATE_CHARACTER:
			return "a character is not allowed";
		default:
			return "it is no template";
	}
}

void
otp_template_require(const text *template, OtpTemplateFormat format, int where, const char *what)
{
	OtpUtf8		utf8 = otp_to_utf8(template);
	size_t		position = 0;
	OtpTemplateError error = otp_template_check(utf8.bytes, utf8.length, format, is_known, &where,
												&position);

	if (error != OTP_TEMPLATE_OK)
		ereport(ERROR,
				errcode(ERRCODE_CHECK_VIOLATION),
				errmsg("%s is not a valid template", what),
				errdetail("At character %d, %s.", characters(&utf8, position) + 1, describe(error)));
}

bool
otp_template_uses(const text *template, OtpTemplateFormat format, OtpPlaceholder placeholder)
{
	OtpUtf8		utf8 = otp_to_utf8(template);

	return otp_template_has(utf8.bytes, utf8.length, format, placeholders[placeholder].name);
}
