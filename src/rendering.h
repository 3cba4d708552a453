/*
 * rendering.h
 *		A message's texts and request, from templates and what they are filled in with.
 *
 * All in UTF-8.  What is made has a code or a credential in it, and is wiped at the end.
 */
#ifndef OTP_RENDERING_H
#define OTP_RENDERING_H

#include "compat.h"

#include "core/template.h"

/* Where a placeholder may stand, as bits. */
#define OTP_IN_MESSAGE	0x01	/* otp_template: subject, body, html */
#define OTP_IN_URL		0x02	/* otp_channel: url */
#define OTP_IN_HEADER	0x04	/* otp_channel: headers */
#define OTP_IN_BODY		0x08	/* otp_channel: body */

/* Name of the credential that {signature} is made with. */
#define OTP_SIGNING_SECRET	"signing"

typedef enum OtpPlaceholder
{
	OTP_FILL_CODE,
	OTP_FILL_MINUTES,
	OTP_FILL_CONTEXT,
	OTP_FILL_APP,
	OTP_FILL_DOMAIN,
	OTP_FILL_LOCALE,
	OTP_FILL_DESTINATION,
	OTP_FILL_DIGITS,			/* the destination without its + */
	OTP_FILL_SENDER,
	OTP_FILL_PURPOSE,
	OTP_FILL_SUBJECT,
	OTP_FILL_TEXT,
	OTP_FILL_ID,
	OTP_FILL_TIMESTAMP,
	OTP_FILL_SIGNATURE
} OtpPlaceholder;

#define OTP_PLACEHOLDER_COUNT	(OTP_FILL_SIGNATURE + 1)

typedef struct OtpRendering OtpRendering;

/* The value of {secret.NAME}, from NAME; data NULL if there is none. */
typedef OtpTemplateValue (*OtpSecretLookup) (void *arg, const char *name, size_t length);

/* Begins without values; memory is the current context's. */
extern OtpRendering *otp_rendering_begin(OtpSecretLookup secret, void *secret_arg);

/* Fills in UTF-8, which stays the caller's; NULL: no value. */
extern void otp_rendering_set(OtpRendering *rendering, OtpPlaceholder placeholder,
							  const char *value);

/* The same from text of the database. */
extern void otp_rendering_set_text(OtpRendering *rendering, OtpPlaceholder placeholder,
								   const text *value);

/* A template that has been checked, filled in, with a zero byte behind it that *length does not count. */
extern char *otp_rendering_of(OtpRendering *rendering, const text *template,
							  OtpTemplateFormat format, size_t *length);

/* The name of a credential that was wanted and had no value, or NULL. */
extern const char *otp_rendering_missing(const OtpRendering *rendering);

/* Wipes all that has been rendered. */
extern void otp_rendering_wipe(OtpRendering *rendering);

/*
 * Checks a template, whose placeholders are to stand `where`, an OTP_IN_ bit.
 *
 * Error: 23514, which says what is wrong with `what`, and at which character.
 */
extern void otp_template_require(const text *template, OtpTemplateFormat format, int where,
								 const char *what);

/* Has the template the placeholder? */
extern bool otp_template_uses(const text *template, OtpTemplateFormat format,
							  OtpPlaceholder placeholder);

#endif							/* OTP_RENDERING_H */
