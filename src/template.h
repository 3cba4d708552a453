/*
 * template.h
 *		Table otp_template: what a message says.
 */
#ifndef OTP_TEMPLATE_H
#define OTP_TEMPLATE_H

#include "compat.h"

#include "nodes/pg_list.h"

#include "core/template.h"
#include "owner_query.h"

typedef struct OtpTemplate
{
	const text *purpose;		/* that it was looked up for */
	const text *locale;
	const text *subject;		/* NULL: none */
	const text *body;
	const text *html;			/* NULL: none */
} OtpTemplate;

/* By which escaping a body is filled in, by the kind of its channel. */
extern OtpTemplateFormat otp_template_format(const char *kind);

/*
 * The template for a message: of its purpose, or else of purpose default; of each, of the locale, or else of its
 * language, or else in English.  false if there is none.  Within otp_owner_begin().
 */
extern bool otp_template_fetch(const OtpOwner *owner, const text *purpose, const char *kind,
							   const text *locale, OtpTemplate *template);

/*
 * The same for messages of one kind of channel that are sent together, and mostly say the same: *known, NIL at first, has
 * what was looked up before.  NULL if there is none.
 */
extern const OtpTemplate *otp_template_recall(const OtpOwner *owner, List **known, const text *purpose,
											  const char *kind, const text *locale);

/* A locale: a language and perhaps more, as in BCP 47.  22023 if it is none. */
extern const text *otp_checked_locale(const text *locale);

#endif							/* OTP_TEMPLATE_H */
