/*
 * otpauth.h
 *		The otpauth:// URI of authenticator apps (Key URI Format).
 *
 *		otpauth://totp/ISSUER:ACCOUNT?secret=BASE32&algorithm=SHA1&digits=6&period=30
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_OTPAUTH_H
#define OTP_CORE_OTPAUTH_H

#include <stdbool.h>

#include "base32.h"
#include "hotp.h"

#define OTPAUTH_SCHEME		"otpauth:"

typedef enum OtpauthKind
{
	OTPAUTH_TOTP,
	OTPAUTH_HOTP
} OtpauthKind;

typedef struct Otpauth
{
	OtpauthKind kind;
	OtpAlgorithm algorithm;		/* OTP_SHA1 if not given */
	int			digits;			/* 6 if not given */
	int			period;			/* seconds; 30 if not given */
	int64_t		counter;		/* 0 if not given; never negative */
	size_t		key_length;
	uint8_t		key[OTP_KEY_MAX];
} Otpauth;

/* What was wrong: an English phrase without any text of the input, and where. */
typedef struct OtpauthError
{
	const char *message;		/* such as "parameter \"digits\" must be 6 to 10" */
	size_t		position;		/* bytes from 1 */
} OtpauthError;

/* Does the text begin with "otpauth:", whatever the case? */
extern bool otpauth_is_uri(const char *text, size_t length);

/*
 * Reads a URI.  Scheme, kind and algorithm in any case; parameters
 * percent-decoded; the label and unknown parameters are passed over; the same
 * parameter twice is an error.  On failure *uri is wiped.
 */
extern bool otpauth_parse(const char *text, size_t length, Otpauth *uri, OtpauthError *error);

/* bytes of an account and of an issuer, in UTF-8, at most */
#define OTPAUTH_NAME_MAX	256

/* Whose secret it is, as an app shows it: UTF-8 in which otpauth_name_fault finds no fault. */
typedef struct OtpauthLabel
{
	const char *account;
	size_t		account_length;
	const char *issuer;			/* NULL: none */
	size_t		issuer_length;
} OtpauthLabel;

/*
 * What keeps UTF-8 text from being an account or an issuer, as an English phrase
 * that follows its name ("must not contain a colon"); NULL if nothing does.
 * A colon parts the two, and the format allows it in neither, not even escaped.
 */
extern const char *otpauth_name_fault(const char *name, size_t length);

/* room for what otpauth_format writes, and for what otpauth_write writes */
#define OTPAUTH_FORMAT_MAX	(OTP_BASE32_LENGTH_FOR(OTP_KEY_MAX) + 128)
#define OTPAUTH_WRITE_MAX	(OTPAUTH_FORMAT_MAX + 3 * 3 * OTPAUTH_NAME_MAX)

/*
 * Writes the URI of a TOTP secret with an empty label and all parameters,
 * and a zero byte; returns its length.  otpauth_parse reads it back whole.
 */
extern size_t otpauth_format(const OtpSecret *secret, char *text);

/*
 * Writes the URI that an app reads, in ASCII, and a zero byte; returns its length.
 * In label and values all but the unreserved characters (RFC 3986, section 2.3) are
 * percent-encoded, since many apps take "+" for itself.  The issuer stands in the
 * label, for old apps, and in a parameter.
 * counter: the next one, 0 or more; means nothing to TOTP, as the period to HOTP.
 * otpauth_parse reads it back whole.
 */
extern size_t otpauth_write(const OtpSecret *secret, OtpauthKind kind, int64_t counter,
							const OtpauthLabel *label, char *text);

#endif							/* OTP_CORE_OTPAUTH_H */
