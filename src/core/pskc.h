/*
 * pskc.h
 *		Portable Symmetric Key Containers (RFC 6030), read one token at a time.
 *
 * Read are HOTP and TOTP keys, in plain or encrypted by a pre-shared key or by a password.
 * What is read but not understood, and bears on how a key works or whether it may be used, is
 * refused; what merely describes it is passed over.  No DTD, and so no entity, is ever read.
 *
 * Signatures are passed over.  The MAC of an encrypted value is checked before the value is
 * decrypted; a value that has no MAC is refused, unless its cipher has integrity of its own.
 *
 * What the XML parser held is freed without being wiped, like the text itself.
 *
 * Plain C over libxml2 and OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_PSKC_H
#define OTP_CORE_PSKC_H

#include "token.h"

/*
 * At most one of key and password is there; the other, or both, are NULL.  With one of them
 * every secret must be encrypted, so that nobody can pass off plain ones of his own.
 */
typedef struct OtpPskcOptions
{
	const uint8_t *key;			/* the pre-shared key, 16, 24 or 32 bytes */
	size_t		key_length;
	const char *password;		/* UTF-8 */
	size_t		password_length;
	int64_t		now;			/* seconds since 1970: when the keys are to be valid */
} OtpPskcOptions;

typedef struct OtpPskc OtpPskc;

/*
 * Begins to read a container in UTF-8, whatever its XML declaration says.  Text and options
 * stay the caller's, and have to last as long.  NULL: no memory.
 */
extern OtpPskc *otp_pskc_open(const char *text, size_t length, const OtpPskcOptions *options);

/*
 * The next token.  Unless OTP_TOKEN_READ, *token is wiped; if OTP_TOKEN_BAD, *error is set.
 * What came before is not to be trusted if the end is not reached.
 */
extern OtpTokenStatus otp_pskc_next(OtpPskc *pskc, OtpToken *token, OtpTokenError *error);

/* Wipes and frees; NULL is fine. */
extern void otp_pskc_close(OtpPskc *pskc);

#endif							/* OTP_CORE_PSKC_H */
