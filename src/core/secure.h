/*
 * secure.h
 *		Constant-time comparison and wiping of secrets.
 *
 * Plain C over OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_SECURE_H
#define OTP_CORE_SECURE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/crypto.h>

/* Are the n bytes at a and b the same?  Takes as long either way. */
static inline bool
otp_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

/* Overwrites n bytes at p, in a way that the compiler does not leave out. */
static inline void
otp_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

#endif							/* OTP_CORE_SECURE_H */
