/*
 * hmac.h
 *		HMAC (RFC 2104) with the inner and outer state kept per key.
 *
 * A keyed OtpHmac answers any number of messages at two compressions each; the
 * digests are fetched from OpenSSL once per process.  Not thread-safe.
 *
 * Plain C over OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_HMAC_H
#define OTP_CORE_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are stored in tables and in binary values: never renumber. */
typedef enum OtpAlgorithm
{
	OTP_SHA1 = 1,
	OTP_SHA256 = 2,
	OTP_SHA512 = 3
} OtpAlgorithm;

/* bytes of the longest digest */
#define OTP_DIGEST_MAX	64

typedef struct OtpHmac OtpHmac;

/* bytes of a digest: 20, 32 or 64; 0 if the algorithm is none of ours */
extern size_t otp_digest_size(OtpAlgorithm algorithm);

/* "SHA1", "SHA256", "SHA512"; NULL if the algorithm is none of ours */
extern const char *otp_algorithm_name(OtpAlgorithm algorithm);

/* by name, whatever the case; false if there is no such algorithm */
extern bool otp_algorithm_by_name(const char *name, size_t length, OtpAlgorithm *algorithm);

/* An HMAC without a key; NULL if OpenSSL lacks the digest or memory. */
extern OtpHmac *otp_hmac_new(OtpAlgorithm algorithm);

/* Sets or replaces the key.  false: OpenSSL failed, and no key is set. */
extern bool otp_hmac_key(OtpHmac *hmac, const void *key, size_t length);

/* A message, in pieces: begin, any number of add, end.  false: OpenSSL failed. */
extern bool otp_hmac_begin(OtpHmac *hmac);
extern bool otp_hmac_add(OtpHmac *hmac, const void *data, size_t length);
/* Writes otp_digest_size() bytes, at most OTP_DIGEST_MAX. */
extern bool otp_hmac_end(OtpHmac *hmac, uint8_t *digest);

/* Forgets the key and all that was derived from it; a new key may be set. */
extern void otp_hmac_wipe(OtpHmac *hmac);

/* Wipes and frees; NULL is fine. */
extern void otp_hmac_free(OtpHmac *hmac);

#endif							/* OTP_CORE_HMAC_H */
