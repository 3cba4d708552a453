/*
 * derive.h
 *		Codes and digests of guesses, derived from a key and never stored.
 *
 * Each is an HMAC-SHA256 over its fields, every field with its length (8 bytes,
 * big-endian) before it, so that no two lists of fields give one message:
 *
 *		code:	"code", user, purpose, context, nonce, block number
 *		guess:	"guess", user, purpose, context, nonce, state, code
 *		pseudonym:	"pseudonym", user
 *
 * where the state is left out if it is empty, and the block number is 4 bytes, big-endian, from 0.  Of block 0 the first 24
 * bytes are mapped onto the alphabet and the last 8 are the tag; of further
 * blocks, needed only when too many bytes were rejected, all 32 are mapped.
 *
 * Plain C over OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_DERIVE_H
#define OTP_CORE_DERIVE_H

#include "alphabet.h"
#include "canonical.h"
#include "hmac.h"

#define OTP_NONCE_SIZE	16
#define OTP_TAG_SIZE	8

typedef struct OtpBytes
{
	const void *data;
	size_t		length;
} OtpBytes;

/* What a code is bound to. */
typedef struct OtpBinding
{
	OtpBytes	user;
	OtpBytes	purpose;
	OtpBytes	context;
	uint8_t		nonce[OTP_NONCE_SIZE];
} OtpBinding;

/*
 * The code of a binding: `length` symbols and a zero byte (OTP_CODE_MIN to
 * OTP_CODE_MAX symbols), and a tag, which may be stored: it tells whether a context is
 * the one the code was made for, and nothing of the code.  key: HMAC-SHA256,
 * keyed.  false: OpenSSL failed, and code and tag are wiped.
 */
extern bool otp_derive_code(OtpHmac *key, const OtpBinding *binding,
							OtpAlphabet alphabet, size_t length,
							char *code, uint8_t tag[OTP_TAG_SIZE]);

/*
 * A digest of a canonical guess at a binding and whatever else it was aimed at (state), which
 * may be stored: it tells whether the same guess comes again, and needs the key to be computed.
 */
extern bool otp_derive_guess(OtpHmac *key, const OtpBinding *binding,
							 OtpBytes state, const char *guess, size_t guess_length,
							 uint8_t digest[OTP_TAG_SIZE]);

#define OTP_PSEUDONYM_SIZE	16

/* What a user is known by who has been forgotten: it tells whether he comes again, and needs the key to be computed. */
extern bool otp_derive_pseudonym(OtpHmac *key, OtpBytes user,
								 uint8_t pseudonym[OTP_PSEUDONYM_SIZE]);

#endif							/* OTP_CORE_DERIVE_H */
