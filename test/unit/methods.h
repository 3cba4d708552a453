/*
 * methods.h
 *		The methods of digests, for tests that hold for each of them.
 */
#ifndef OTP_TEST_METHODS_H
#define OTP_TEST_METHODS_H

#include "hmac.h"

typedef struct Method
{
	const char *name;
	const OtpDigestMethod *digest;
} Method;

static const Method methods[] = {
	{"EVP", &otp_digest_evp},
#ifndef OPENSSL_NO_DEPRECATED_3_0
	{"block", &otp_digest_block},
#endif
};

#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))

/* The method under test. */
static const Method *method = methods;

static inline OtpHmac *
new_hmac(OtpAlgorithm algorithm)
{
	return otp_hmac_new_by(method->digest, algorithm);
}

#endif							/* OTP_TEST_METHODS_H */
