/*
 * otpauth.c
 *		The otpauth:// URI: a strict reader.
 *
 * Where the format leaves room:
 *
 * - The "/" after the kind must be there; the label after it may be empty.
 * - A fragment is refused.  No app writes one, and a bare "#" in a label is an
 *	 unescaped one, behind which the parameters would be lost.
 * - Control characters are refused anywhere.  Bare spaces and bytes beyond
 *	 ASCII are borne in the label and in unknown parameters, because apps do write
 *	 them there.  A percent sign must always begin an escape.
 * - Parameters are separated by "&" alone, empty ones are passed over, and "+" is
 *	 no space.  Names are percent-decoded and distinguish case.
 * - Of something missing the position is one beyond the end.
 */
#include "otpauth.h"

#include <string.h>
#include <strings.h>

#include "base32.h"
#include "hex.h"
#include "secure.h"

/* twice what the longest key needs: room for separators and padding */
#define VALUE_MAX (2 * OTP_BASE32_LENGTH_FOR(OTP_KEY_MAX))

/* Places in the text are offsets from 0, and become positions in fail(). */
typedef struct Reader
{
	const char *text;
	size_t		length;
	Otpauth    *uri;
	OtpauthError *error;
	unsigned	seen;			/* bits by place in the table of parameters */
} Reader;

/* A parameter's value, percent-decoded, from a part of the text. */
typedef struct Value
{
	char		bytes[VALUE_MAX];
	size_t		n;				/* may be more than there is room for */
	size_t		start;
} Value;

static bool
fail(Reader *r, const char *message, size_t offset)
{
	r->error->message = message;
	r->error->position = offset + 1;
	return false;
}

static size_t
find(const Reader *r, size_t start, size_t end, char c)
{
	const char *found = memchr(r->text + start, c, end - start);

	return found ? (size_t) (found - r->text) : end;
}

/* After this, every percent sign is known to have its two digits. */
static bool
check_bytes(Reader *r)
{
	for (size_t i = 0; i < r->length; i++)
	{
		unsigned char c = (unsigned char) r->text[i];

		if (c < 0x20 || c == 0x7f)
			return fail(r, "control characters are not allowed", i);
		if (c == '#')
			return fail(r, "a fragment is not allowed", i);
		if (c == '%' && (r->length - i < 3 || otp_hex_digit(r->text[i + 1]) < 0 ||
						 otp_hex_digit(r->text[i + 2]) < 0))
			return fail(r, "a percent sign must be followed by two hexadecimal digits", i);
	}
	return true;
}

static size_t
after_byte(const Reader *r, size_t at)
{
	return at + (r->text[at] == '%' ? 3 : 1);
}

static char
decode_byte(const Reader *r, size_t at)
{
	if (r->text[at] != '%')
		return r->text[at];
	return (char) (otp_hex_digit(r->text[at + 1]) << 4 | otp_hex_digit(r->text[at + 2]));
}

static void
decode(const Reader *r, size_t start, size_t end, Value *value)
{
	value->start = start;
	value->n = 0;
	for (size_t at = start; at < end; at = after_byte(r, at))
	{
		if (value->n < VALUE_MAX)
			value->bytes[value->n] = decode_byte(r, at);
		value->n++;
	}
}

static void
wipe(Value *value)
{
	otp_wipe(value->bytes, value->n < VALUE_MAX ? value->n : VALUE_MAX);
}

/* Where in the text the n-th byte of a value, from 1, begins. */
static size_t
offset_of(const Reader *r, const Value *value, size_t n)
{
	size_t		at = value->start;

	while (n-- > 1)
		at = after_byte(r, at);
	return at;
}

static bool
equals(const Value *value, const char *name)
{
	return value->n == strlen(name) && memcmp(value->bytes, name, value->n) == 0;
}

static bool
read_number(const Value *value, int64_t least, int64_t most, int64_t *number)
{
	int64_t		sum = 0;

	if (value->n == 0 || value->n > VALUE_MAX)
		return false;
	for (size_t i = 0; i < value->n; i++)
	{
		int			digit = value->bytes[i] - '0';

		if (digit < 0 || digit > 9 || sum > (most - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*number = sum;
	return sum >= least && sum <= most;
}

static bool
set_secret(Reader *r, const Value *value)
{
	OtpBase32Status status;
	size_t		position;

	if (value->n > VALUE_MAX)
		return fail(r, "parameter \"secret\" is too long", value->start);
	status = otp_base32_decode(value->bytes, value->n, r->uri->key, OTP_KEY_MAX,
							   &r->uri->key_length, &position);
	if (status != OTP_BASE32_OK)
		return fail(r, otp_base32_message(status), offset_of(r, value, position));
	if (r->uri->key_length < OTP_KEY_MIN)
		return fail(r, "parameter \"secret\" is empty", value->start);
	return true;
}

static bool
set_algorithm(Reader *r, const Value *value)
{
	if (value->n <= VALUE_MAX &&
		otp_algorithm_by_name(value->bytes, value->n, &r->uri->algorithm))
		return true;
	return fail(r, "parameter \"algorithm\" must be SHA1, SHA256 or SHA512", value->start);
}

#define STRING_OF(x) #x
#define RANGE(least, most) STRING_OF(least) " to " STRING_OF(most)

static bool
set_digits(Reader *r, const Value *value)
{
	int64_t		number;

	if (!read_number(value, OTP_DIGITS_MIN, OTP_DIGITS_MAX, &number))
		return fail(r, "parameter \"digits\" must be " RANGE(OTP_DIGITS_MIN, OTP_DIGITS_MAX),
					value->start);
	r->uri->digits = (int) number;
	return true;
}

static bool
set_period(Reader *r, const Value *value)
{
	int64_t		number;

	if (!read_number(value, OTP_PERIOD_MIN, OTP_PERIOD_MAX, &number))
		return fail(r, "parameter \"period\" must be " RANGE(OTP_PERIOD_MIN, OTP_PERIOD_MAX),
					value->start);
	r->uri->period = (int) number;
	return true;
}

static bool
set_counter(Reader *r, const Value *value)
{
	if (!read_number(value, 0, INT64_MAX, &r->uri->counter))
		return fail(r, "parameter \"counter\" must be 0 to 9223372036854775807", value->start);
	return true;
}

typedef struct Parameter
{
	const char *name;
	const char *twice;
	bool		(*set) (Reader *r, const Value *value);
} Parameter;

#define PARAMETER(name) {#name, "parameter \"" #name "\" is given twice", set_##name}

/* secret is the first: its bit tells whether there was one */
static const Parameter parameters[] = {
	PARAMETER(secret), PARAMETER(algorithm), PARAMETER(digits),
	PARAMETER(period), PARAMETER(counter),
};

static bool
set_parameter(Reader *r, size_t i, size_t name_start, const Value *value)
{
	if (r->seen & (1U << i))
		return fail(r, parameters[i].twice, name_start);
	r->seen |= 1U << i;
	return parameters[i].set(r, value);
}

static bool
read_parameter(Reader *r, size_t start, size_t end)
{
	size_t		name_end = find(r, start, end, '=');
	size_t		value_start = name_end < end ? name_end + 1 : end;
	Value		value;
	bool		ok = true;

	decode(r, start, name_end, &value);
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
	{
		if (equals(&value, parameters[i].name))
		{
			decode(r, value_start, end, &value);
			ok = set_parameter(r, i, start, &value);
			break;
		}
	}
	wipe(&value);
	return ok;
}

static bool
read_query(Reader *r, size_t start)
{
	for (size_t at = start; at < r->length;)
	{
		size_t		end = find(r, at, r->length, '&');

		if (!read_parameter(r, at, end))
			return false;
		at = end + 1;
	}
	if (!(r->seen & 1))
		return fail(r, "parameter \"secret\" is missing", r->length);
	return true;
}

/* Passes over the kind; the offset of what follows, or 0 if it is none of ours. */
static size_t
read_kind(Reader *r, size_t start)
{
	const char *kind = r->text + start;

	if (r->length - start < 4)
		return 0;
	if (strncasecmp(kind, "totp", 4) == 0)
		r->uri->kind = OTPAUTH_TOTP;
	else if (strncasecmp(kind, "hotp", 4) == 0)
		r->uri->kind = OTPAUTH_HOTP;
	else
		return 0;
	return start + 4;
}

static bool
read_uri(Reader *r)
{
	size_t		at = strlen(OTPAUTH_SCHEME);
	size_t		kind;

	if (!otpauth_is_uri(r->text, r->length))
		return fail(r, "not an otpauth URI", 0);
	if (!check_bytes(r))
		return false;
	if (r->length - at < 2 || memcmp(r->text + at, "//", 2) != 0)
		return fail(r, "\"//\" must follow the scheme", at);
	kind = at + 2;
	at = read_kind(r, kind);
	if (at == 0)
		return fail(r, "the kind must be totp or hotp", kind);
	if (at == r->length || r->text[at] != '/')
		return fail(r, "\"/\" must follow the kind", at);
	at = find(r, at, r->length, '?');
	return read_query(r, at < r->length ? at + 1 : at);
}

bool
otpauth_is_uri(const char *text, size_t length)
{
	return length >= strlen(OTPAUTH_SCHEME) && strncasecmp(text, OTPAUTH_SCHEME, strlen(OTPAUTH_SCHEME)) == 0;
}

bool
otpauth_parse(const char *text, size_t length, Otpauth *uri, OtpauthError *error)
{
	Reader		r = {.text = text, .length = length, .uri = uri, .error = error};

	memset(uri, 0, sizeof(*uri));
	uri->algorithm = OTP_SHA1;
	uri->digits = 6;
	uri->period = 30;
	if (read_uri(&r))
		return true;
	otp_wipe(uri, sizeof(*uri));
	return false;
}
