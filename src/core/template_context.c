/*
 * template_context.c
 *		Where placeholders may stand in JSON, forms, URLs and headers, and which characters may.
 */
#include "template_context.h"

#include <string.h>

#include "hex.h"

/* The first is 0, where every template begins. */
enum
{
	JSON_OUTSIDE, JSON_STRING, JSON_ESCAPE
};
enum
{
	FORM_NAME, FORM_VALUE
};
enum
{
	URL_SCHEME, URL_SLASH, URL_SECOND_SLASH, URL_AUTHORITY, URL_PATH, URL_QUERY
};
enum
{
	HEADER_NAME, HEADER_VALUE
};

void
otp_template_begin(TemplateContext *context, OtpTemplateFormat format)
{
	memset(context, 0, sizeof(*context));
	context->format = format;
	context->empty = true;
}

bool
otp_template_braces(const TemplateContext *context)
{
	return context->format != OTP_FORMAT_JSON || context->state != JSON_OUTSIDE;
}

static bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Is it one of these, none of which is the zero byte? */
static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static void
pass_json(TemplateContext *context, char c)
{
	if (context->digits > 0)
		context->digits--;
	else if (context->state == JSON_ESCAPE)
	{
		context->digits = c == 'u' ? 4 : 0;
		context->state = JSON_STRING;
	}
	else if (c == '"')
		context->state = context->state == JSON_STRING ? JSON_OUTSIDE : JSON_STRING;
	else if (c == '\\' && context->state == JSON_STRING)
		context->state = JSON_ESCAPE;
}

/* Visible ASCII, and after a % two digits: half of one could be completed by a value. */
static OtpTemplateError
pass_percent(TemplateContext *context, char c)
{
	if (c <= ' ' || c >= 0x7f || (context->digits > 0 && otp_hex_digit(c) < 0))
		return OTP_TEMPLATE_CHARACTER;
	if (context->digits > 0)
		context->digits--;
	else if (c == '%')
		context->digits = 2;
	return OTP_TEMPLATE_OK;
}

static OtpTemplateError
pass_form(TemplateContext *context, char c)
{
	if (c == '=')
		context->state = FORM_VALUE;
	else if (c == '&')
		context->state = FORM_NAME;
	return pass_percent(context, c);
}

/*
 * Dots next to a placeholder could make a segment that is . or .. and so change the path, whatever
 * the value's own dots are written as.
 */
static OtpTemplateError
end_segment(TemplateContext *context)
{
	SegmentContext segment = context->segment;

	context->segment = (SegmentContext) {false, false, false};
	return segment.placeholder && segment.dots && !segment.others ?
		OTP_TEMPLATE_PLACE : OTP_TEMPLATE_OK;
}

static OtpTemplateError
pass_path(TemplateContext *context, char c)
{
	if (c == '/' || c == '?')
	{
		context->state = c == '?' ? URL_QUERY : URL_PATH;
		return end_segment(context);
	}
	context->segment.dots |= c == '.';
	context->segment.others |= c != '.';
	return OTP_TEMPLATE_OK;
}

/* Many a reader of URLs skips any number of slashes: an empty authority would be what follows. */
static OtpTemplateError
pass_authority(TemplateContext *context, char c)
{
	if (c != '/' && c != '?')
	{
		context->empty = false;
		return OTP_TEMPLATE_OK;
	}
	if (context->empty)
		return OTP_TEMPLATE_CHARACTER;
	context->state = c == '?' ? URL_QUERY : URL_PATH;
	return OTP_TEMPLATE_OK;
}

static OtpTemplateError
pass_scheme(TemplateContext *context, char c)
{
	bool		good;

	if (context->state != URL_SCHEME)
	{
		context->state++;
		context->empty = true;
		return c == '/' ? OTP_TEMPLATE_OK : OTP_TEMPLATE_CHARACTER;
	}
	good = is_alphanumeric(c) || (!context->empty && is_one_of(c, "+-.:"));
	context->empty = false;
	if (c == ':')
		context->state = URL_SLASH;
	return good ? OTP_TEMPLATE_OK : OTP_TEMPLATE_CHARACTER;
}

static OtpTemplateError
pass_url(TemplateContext *context, char c)
{
	OtpTemplateError error = pass_percent(context, c);

	if (error != OTP_TEMPLATE_OK)
		return error;
	/* not in RFC 3986; some take \ for a / */
	if (is_one_of(c, "#\\\"<>^`|"))
		return OTP_TEMPLATE_CHARACTER;
	switch (context->state)
	{
		case URL_AUTHORITY:
			return pass_authority(context, c);
		case URL_PATH:
			return pass_path(context, c);
		case URL_QUERY:
			return OTP_TEMPLATE_OK;
		default:
			return pass_scheme(context, c);
	}
}

static OtpTemplateError
pass_header(TemplateContext *context, char c)
{
	bool		good;

	if (context->state == HEADER_VALUE)
		good = c == '\t' || (c >= ' ' && c < 0x7f);
	else if (c == ':')
	{
		good = !context->empty;
		context->state = HEADER_VALUE;
	}
	else
	{
		good = is_alphanumeric(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
		context->empty = false;
	}
	return good ? OTP_TEMPLATE_OK : OTP_TEMPLATE_CHARACTER;
}

OtpTemplateError
otp_template_pass(TemplateContext *context, char c)
{
	switch (context->format)
	{
		case OTP_FORMAT_PLAIN:
			break;
		case OTP_FORMAT_HTML:
		case OTP_FORMAT_SSML:
			otp_template_markup_pass(context, c);
			break;
		case OTP_FORMAT_JSON:
			pass_json(context, c);
			break;
		case OTP_FORMAT_FORM:
			return pass_form(context, c);
		case OTP_FORMAT_URL:
			return pass_url(context, c);
		case OTP_FORMAT_HEADER:
			return pass_header(context, c);
	}
	return OTP_TEMPLATE_OK;
}

static bool
allows_placeholder(const TemplateContext *context)
{
	if (context->digits > 0)
		return false;
	switch (context->format)
	{
		case OTP_FORMAT_PLAIN:
			return true;
		case OTP_FORMAT_HTML:
		case OTP_FORMAT_SSML:
			return otp_template_markup_allows(context);
		case OTP_FORMAT_JSON:
			return context->state == JSON_STRING;
		case OTP_FORMAT_FORM:
			return context->state == FORM_VALUE;
		case OTP_FORMAT_URL:
			return context->state == URL_PATH || context->state == URL_QUERY;
		case OTP_FORMAT_HEADER:
			return context->state == HEADER_VALUE;
	}
	return false;
}

OtpTemplateError
otp_template_pass_placeholder(TemplateContext *context)
{
	context->segment.placeholder = true;
	return allows_placeholder(context) ? OTP_TEMPLATE_OK : OTP_TEMPLATE_PLACE;
}

OtpTemplateError
otp_template_end(TemplateContext *context)
{
	bool		whole = true;

	if (context->format == OTP_FORMAT_FORM)
		whole = context->digits == 0;
	else if (context->format == OTP_FORMAT_HEADER)
		whole = context->state == HEADER_VALUE;
	else if (context->format == OTP_FORMAT_URL)
		whole = context->digits == 0 && (context->state > URL_AUTHORITY ||
										 (context->state == URL_AUTHORITY && !context->empty));
	if (!whole)
		return OTP_TEMPLATE_CHARACTER;
	return context->format == OTP_FORMAT_URL && context->state == URL_PATH ?
		end_segment(context) : OTP_TEMPLATE_OK;
}
