/*
 * digest.c
 *		The algorithms, and the choice of the method.
 */
#include "digest.h"

#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

typedef struct Algorithm
{
	const char *name;			/* OpenSSL's too */
	size_t		size;
	size_t		block;
} Algorithm;

static const Algorithm algorithms[OTP_ALGORITHM_COUNT] = {
	[OTP_SHA1] = {"SHA1", 20, 64},
	[OTP_SHA256] = {"SHA256", 32, 64},
	[OTP_SHA512] = {"SHA512", 64, 128},
};

/* Of what is none of ours: an entry of zeros. */
static const Algorithm *
find_algorithm(OtpAlgorithm algorithm)
{
	if (algorithm < OTP_SHA1 || algorithm > OTP_SHA512)
		return &algorithms[0];
	return &algorithms[algorithm];
}

size_t
otp_digest_size(OtpAlgorithm algorithm)
{
	return find_algorithm(algorithm)->size;
}

size_t
otp_block_size(OtpAlgorithm algorithm)
{
	return find_algorithm(algorithm)->block;
}

const char *
otp_algorithm_name(OtpAlgorithm algorithm)
{
	return find_algorithm(algorithm)->name;
}

bool
otp_algorithm_by_name(const char *name, size_t length, OtpAlgorithm *algorithm)
{
	for (OtpAlgorithm a = OTP_SHA1; a <= OTP_SHA512; a++)
	{
		if (length == strlen(algorithms[a].name) &&
			strncasecmp(name, algorithms[a].name, length) == 0)
		{
			*algorithm = a;
			return true;
		}
	}
	return false;
}

const OtpDigestMethod *
otp_digest_method(void)
{
#ifndef OPENSSL_NO_DEPRECATED_3_0
	if (!EVP_default_properties_is_fips_enabled(NULL))
		return &otp_digest_block;
#endif
	return &otp_digest_evp;
}
