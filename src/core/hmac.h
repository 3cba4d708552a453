/*
 * hmac.h
 *		HMAC (RFC 2104) with the inner and outer state kept per key.
 *
 * A keyed OtpHmac answers any number of messages, short ones at two compressions
 * each.  Not thread-safe.
 *
 * Plain C over OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_HMAC_H
#define OTP_CORE_HMAC_H

#include "digest.h"

typedef struct OtpHmac OtpHmac;

/* An HMAC without a key; NULL if OpenSSL lacks the digest or memory. */
extern OtpHmac *otp_hmac_new(OtpAlgorithm algorithm);

/* The same, by a method that is not otp_digest_method()'s choice. */
extern OtpHmac *otp_hmac_new_by(const OtpDigestMethod *method, OtpAlgorithm algorithm);

extern OtpAlgorithm otp_hmac_algorithm(const OtpHmac *hmac);

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
