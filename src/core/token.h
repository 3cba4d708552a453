/*
 * token.h
 *		An authenticator as a file of tokens describes it, and what is read alike in every
 *		such file.
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_TOKEN_H
#define OTP_CORE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hotp.h"
#include "otpauth.h"

#define OTP_TOKEN_TEXT_MAX	512	/* bytes of a serial number, a name or a user's id */

/*
 * Texts are UTF-8, end with a zero byte, and are empty if the file does not have them.
 */
typedef struct OtpToken
{
	size_t		line;			/* where it begins, from 1 */
	OtpauthKind kind;
	OtpAlgorithm algorithm;
	int			digits;			/* OTP_DIGITS_MIN to OTP_DIGITS_MAX */
	int			period;			/* seconds, OTP_PERIOD_MIN to OTP_PERIOD_MAX; of TOTP */
	int64_t		next;			/* the least counter or time step that is still good */
	int			drift;			/* time steps that the token's clock is ahead */
	char		serial[OTP_TOKEN_TEXT_MAX + 1];
	char		manufacturer[OTP_TOKEN_TEXT_MAX + 1];
	char		issuer[OTP_TOKEN_TEXT_MAX + 1];
	char		user[OTP_TOKEN_TEXT_MAX + 1];
	size_t		key_length;		/* OTP_KEY_MIN to OTP_KEY_MAX */
	uint8_t		key[OTP_KEY_MAX];
} OtpToken;

#define OTP_TOKEN_NAME_MAX	64

/* What was wrong with a file.  No secret is in it. */
typedef struct OtpTokenError
{
	const char *message;		/* an English phrase, such as "the algorithm is not supported" */
	char		name[OTP_TOKEN_NAME_MAX + 1];	/* the element, algorithm or column it speaks of,
												 * in printable ASCII; or empty */
	size_t		line;			/* from 1 */
} OtpTokenError;

typedef enum OtpTokenStatus
{
	OTP_TOKEN_READ,				/* a token was read; there may be more */
	OTP_TOKEN_END,				/* the file was read to its end */
	OTP_TOKEN_BAD				/* the file is refused; see the error */
} OtpTokenStatus;

/* greatest drift that is taken from a file, either way */
#define OTP_TOKEN_DRIFT_MAX	1000

/* A token of nothing yet: SHA1, 6 digits, 30 s. */
extern void otp_token_clear(OtpToken *token);

/*
 * Is what was read an authenticator?  NULL, or the phrase that says what is missing or out of
 * its range.
 */
extern const char *otp_token_check(const OtpToken *token);

/* Copies text without white space around it.  false: it is too long, or a control character is in it. */
extern bool otp_token_text(const char *text, size_t length, char copy[OTP_TOKEN_TEXT_MAX + 1]);

/* A decimal number with white space around it.  false: it is none, or out of the range. */
extern bool otp_token_number(const char *text, size_t length, int64_t least, int64_t most,
							 int64_t *number);

/* "hotp" or "totp", whatever the case. */
extern bool otp_token_kind(const char *text, size_t length, OtpauthKind *kind);

/*
 * An algorithm by any of the names in use: SHA1, SHA-256, HMAC-SHA512, HmacSHA256 and the URIs
 * that end so.
 */
extern bool otp_token_algorithm(const char *text, size_t length, OtpAlgorithm *algorithm);

/* Sets the name of an error: printable ASCII, '?' for everything else, cut off at its end. */
extern void otp_token_name(OtpTokenError *error, const char *text, size_t length);

/* Removes white space from both ends. */
extern void otp_token_trim(const char **text, size_t *length);

#endif							/* OTP_CORE_TOKEN_H */
