/*
 * template_context.h
 *		What a template's text means at the place that a reader has come to.
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_TEMPLATE_CONTEXT_H
#define OTP_CORE_TEMPLATE_CONTEXT_H

#include "template.h"

#define MARKUP_NAME_MAX 16

/* A name in lower case; one that is longer than there is room for equals none that we ask for. */
typedef struct MarkupName
{
	char		text[MARKUP_NAME_MAX];
	size_t		length;
} MarkupName;

typedef struct MarkupContext
{
	MarkupName	element;
	MarkupName	attribute;
	bool		closing;		/* is it an end tag? */
	bool		section;		/* is the declaration one of CDATA, not a comment? */
	bool		fresh;			/* has the comment had nothing but hyphens? */
	bool		bang;			/* is the comment's last character the ! of --!>? */
	size_t		matched;		/* how much of a terminator, or of a declaration's name */
} MarkupContext;

/* A segment of a URL's path. */
typedef struct SegmentContext
{
	bool		dots;
	bool		others;
	bool		placeholder;
} SegmentContext;

typedef struct TemplateContext
{
	OtpTemplateFormat format;
	int			state;			/* of the format's own */
	int			digits;			/* hexadecimal digits that an escape still wants */
	bool		empty;			/* is the part (authority, name) empty so far? */
	SegmentContext segment;
	MarkupContext markup;
} TemplateContext;

extern void otp_template_begin(TemplateContext *context, OtpTemplateFormat format);

/* Do braces begin and end placeholders here? */
extern bool otp_template_braces(const TemplateContext *context);

/* Passes over a character of the text, a placeholder, the end. */
extern OtpTemplateError otp_template_pass(TemplateContext *context, char c);
extern OtpTemplateError otp_template_pass_placeholder(TemplateContext *context);
extern OtpTemplateError otp_template_end(TemplateContext *context);

/* The same of HTML and SSML. */
extern void otp_template_markup_pass(TemplateContext *context, char c);
extern bool otp_template_markup_allows(const TemplateContext *context);

extern void otp_template_escape(OtpTemplateFormat format, OtpTemplateValue value,
								OtpTemplateSink sink, void *arg);

#endif							/* OTP_CORE_TEMPLATE_CONTEXT_H */
