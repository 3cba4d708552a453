/*
 * template.h
 *		Texts with placeholders, {name}, whose values cannot break out of the format that they stand
 *		in.
 *
 * A name is [a-z][a-z_]*, or two parts with a full stop between them, the second of which may have
 * digits, too: {secret.api_key2}.  {{ and }} are literal braces.  In JSON only string literals have
 * placeholders and double braces; whoever checks a template has PostgreSQL check it as JSON, too.
 *
 * Templates and values are UTF-8, or whatever the server has validated: bytes from 0x80 on pass as
 * they are where the format allows them, but for U+FFFE and U+FFFF, which XML does not know.
 *
 * Plain C; no PostgreSQL.  Nothing is allocated, and no value is copied.
 */
#ifndef OTP_CORE_TEMPLATE_H
#define OTP_CORE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum OtpTemplateFormat
{
	OTP_FORMAT_PLAIN,
	OTP_FORMAT_HTML,
	OTP_FORMAT_SSML,
	OTP_FORMAT_JSON,
	OTP_FORMAT_FORM,			/* application/x-www-form-urlencoded */
	OTP_FORMAT_URL,				/* absolute, without a fragment */
	OTP_FORMAT_HEADER			/* one header of HTTP, "Name: value" */
} OtpTemplateFormat;

typedef enum OtpTemplateError
{
	OTP_TEMPLATE_OK,
	OTP_TEMPLATE_UNKNOWN,		/* no such placeholder */
	OTP_TEMPLATE_SYNTAX,		/* a brace that neither begins nor ends a placeholder */
	OTP_TEMPLATE_PLACE,			/* a placeholder where its value could break out */
	OTP_TEMPLATE_CHARACTER		/* the format does not allow this character, or this end */
} OtpTemplateError;

typedef struct OtpTemplateValue
{
	const char *data;			/* NULL: no value */
	size_t		length;
	bool		spelled;		/* SSML has it spoken symbol by symbol */
} OtpTemplateValue;

/* Is there such a placeholder? */
typedef bool (*OtpTemplateKnown) (void *arg, const char *name, size_t length);

typedef OtpTemplateValue (*OtpTemplateLookup) (void *arg, const char *name, size_t length);

typedef void (*OtpTemplateSink) (void *arg, const char *data, size_t length);

/* *position: where the fault is, in bytes; `length` if the template ends too early. */
extern OtpTemplateError otp_template_check(const char *body, size_t length,
										   OtpTemplateFormat format, OtpTemplateKnown known,
										   void *arg, size_t *position);

/*
 * Renders a template that has passed otp_template_check.  A value is looked up once or twice.  A
 * value that is absent or empty leaves its line out of a plain template, and is nothing elsewhere.
 */
extern void otp_template_render(const char *body, size_t length, OtpTemplateFormat format,
								OtpTemplateLookup lookup, void *arg, OtpTemplateSink sink,
								void *sink_arg);

/* Does a template that has passed otp_template_check use this placeholder? */
extern bool otp_template_has(const char *body, size_t length, OtpTemplateFormat format,
							 const char *name);

#endif							/* OTP_CORE_TEMPLATE_H */
