/*
 * template_escape.c
 *		Writes a placeholder's value so that it stays a value.
 */
#include <string.h>

#include "template_context.h"

/* What a character becomes: `length` bytes; none: it is left out. */
typedef struct Escape
{
	char		text[8];
	size_t		length;
} Escape;

static Escape
as_is(char c)
{
	return (Escape) {{c}, 1};
}

static Escape
written(const char *text)
{
	Escape		escape = {"", strlen(text)};

	memcpy(escape.text, text, escape.length);
	return escape;
}

static bool
is_control(char c)
{
	return (unsigned char) c < ' ' || c == 0x7f;
}

static Escape
escape_plain(char c)
{
	return is_control(c) && c != '\n' && c != '\t' ? written("") : as_is(c);
}

static Escape
escape_header(char c)
{
	return is_control(c) || (unsigned char) c > 0x7f ? written("") : as_is(c);
}

static Escape
escape_markup(char c)
{
	switch (c)
	{
		case '&':
			return written("&amp;");
		case '<':
			return written("&lt;");
		case '>':
			return written("&gt;");
		case '"':
			return written("&quot;");
		case '\'':
			return written("&#39;");
		default:
			return as_is(c);
	}
}

static Escape
escape_ssml(char c)
{
	return (unsigned char) c < ' ' && c != '\t' && c != '\n' && c != '\r' ?
		written("") : escape_markup(c);
}

static Escape
escape_json(char c)
{
	static const char named[] = "\"\\\b\f\n\r\t";
	static const char names[] = "\"\\bfnrt";
	static const char digits[] = "0123456789abcdef";
	const char *place = c == '\0' ? NULL : strchr(named, c);

	if (place)
		return (Escape) {{'\\', names[place - named]}, 2};
	if ((unsigned char) c < ' ')
		return (Escape) {{'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6};
	return as_is(c);
}

/* `marks`: what stays as it is besides letters and digits. */
static Escape
escape_percent(char c, const char *marks)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char byte = (unsigned char) c;

	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c != '\0' && strchr(marks, c) != NULL))
		return as_is(c);
	return (Escape) {{'%', digits[byte >> 4], digits[byte & 15]}, 3};
}

static Escape
escape_form(char c)
{
	return c == ' ' ? as_is('+') : escape_percent(c, "*-._");
}

/* A segment . or .. would change the path. */
static bool
is_dots(OtpTemplateValue value)
{
	return value.length <= 2 && memcmp(value.data, "..", value.length) == 0;
}

/* The bytes of U+FFFE or U+FFFF, which XML forbids. */
static bool
is_noncharacter(OtpTemplateValue value, size_t at)
{
	return value.length - at >= 3 && memcmp(value.data + at, "\xef\xbf", 2) == 0 &&
		(unsigned char) value.data[at + 2] >= 0xbe;
}

static Escape
escape(OtpTemplateFormat format, char c, bool dots)
{
	switch (format)
	{
		case OTP_FORMAT_PLAIN:
			return escape_plain(c);
		case OTP_FORMAT_HTML:
			return escape_markup(c);
		case OTP_FORMAT_SSML:
			return escape_ssml(c);
		case OTP_FORMAT_JSON:
			return escape_json(c);
		case OTP_FORMAT_FORM:
			return escape_form(c);
		case OTP_FORMAT_URL:
			return escape_percent(c, dots ? "" : "-._~");
		case OTP_FORMAT_HEADER:
			return escape_header(c);
	}
	return written("");
}

void
otp_template_escape(OtpTemplateFormat format, OtpTemplateValue value, OtpTemplateSink sink,
					void *arg)
{
	bool		ssml = format == OTP_FORMAT_SSML;
	bool		dots = is_dots(value);
	bool		any = false;

	for (size_t i = 0; i < value.length; i++)
	{
		char		c = value.data[i];
		Escape		escaped = escape(format, c, dots);

		if (ssml && is_noncharacter(value, i))
		{
			i += 2;
			continue;
		}
		if (escaped.length == 0)
			continue;
		/* between bytes beyond ASCII is no border of characters */
		if (ssml && value.spelled && any && (unsigned char) c < 0x80)
			sink(arg, ", ", 2);
		sink(arg, escaped.text, escaped.length);
		any = true;
	}
}
