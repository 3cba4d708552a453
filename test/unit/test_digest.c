/*
 * test_digest.c
 *		The choice of the method, and each method against OpenSSL's EVP_Digest.
 */
#include "digest.h"

#include <openssl/evp.h>

#include "methods.h"
#include "tap.h"

static void
test_names(void)
{
	OtpAlgorithm algorithm = OTP_SHA1;

	is_integer(otp_digest_size(OTP_SHA1), 20, "size of SHA1");
	is_integer(otp_digest_size(OTP_SHA256), 32, "size of SHA256");
	is_integer(otp_digest_size(OTP_SHA512), 64, "size of SHA512");
	is_integer(otp_digest_size((OtpAlgorithm) 0), 0, "no size of 0");
	is_integer(otp_digest_size((OtpAlgorithm) 4), 0, "no size of 4");
	is_integer(otp_block_size(OTP_SHA1), 64, "block of SHA1");
	is_integer(otp_block_size(OTP_SHA256), 64, "block of SHA256");
	is_integer(otp_block_size(OTP_SHA512), 128, "block of SHA512");
	ok(otp_algorithm_name((OtpAlgorithm) 0) == NULL, "no name of 0");
	ok(otp_algorithm_name((OtpAlgorithm) 4) == NULL, "no name of 4");
	is_string(otp_algorithm_name(OTP_SHA512), "SHA512", "name of SHA512");
	ok(otp_algorithm_by_name("sha256", 6, &algorithm) && algorithm == OTP_SHA256, "lower case");
	ok(otp_algorithm_by_name("SHA1", 4, &algorithm) && algorithm == OTP_SHA1, "upper case");
	ok(otp_algorithm_by_name("SHA512xx", 6, &algorithm) && algorithm == OTP_SHA512,
	   "no further than the length");
	ok(!otp_algorithm_by_name("SHA25", 5, &algorithm), "no beginning of a name");
	ok(!otp_algorithm_by_name("SHA2567", 7, &algorithm), "no more than a name");
	ok(!otp_algorithm_by_name("", 0, &algorithm), "no empty name");
	ok(!otp_algorithm_by_name("MD5", 3, &algorithm), "no other name");
	is_integer(algorithm, OTP_SHA512, "the algorithm is left alone on failure");
}

/*
 * In FIPS mode nothing is computed but by a module that says it is validated; where
 * there is none, nothing at all.  The first test of the process that asks EVP for
 * anything, because what was fetched once is kept.
 */
static void
test_choice(void)
{
	EVP_MD	   *validated;
	OtpHmac    *hmac;

	ok(EVP_default_properties_enable_fips(NULL, 1), "FIPS mode");
	ok(otp_digest_method() == &otp_digest_evp, "EVP in FIPS mode");
	validated = EVP_MD_fetch(NULL, "SHA1", NULL);
	hmac = otp_hmac_new(OTP_SHA1);
	ok((hmac != NULL) == (validated != NULL), "no HMAC in FIPS mode but of a validated module");
	otp_hmac_free(hmac);
	EVP_MD_free(validated);

	ok(EVP_default_properties_enable_fips(NULL, 0), "no FIPS mode");
#ifndef OPENSSL_NO_DEPRECATED_3_0
	ok(otp_digest_method() == &otp_digest_block, "the compression functions out of FIPS mode");
#else
	ok(otp_digest_method() == &otp_digest_evp, "EVP where there are no compression functions");
#endif
}

/*
 * Every length, in one piece and in pieces of changing lengths, after a reset and
 * after a copy of a digest that was begun.
 */
static void
test_lengths(OtpAlgorithm algorithm, const EVP_MD *md)
{
	OtpDigest  *digest = method->digest->make(algorithm);
	OtpDigest  *copy = method->digest->make(algorithm);
	size_t		size = otp_digest_size(algorithm);
	uint8_t		data[601];
	uint8_t		want[OTP_DIGEST_MAX];
	uint8_t		got[OTP_DIGEST_MAX];
	bool		same = true;
	bool		copied = true;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t) (i * 11 + 5);
	for (size_t length = 0; length < sizeof(data); length++)
	{
		size_t		at = 0;

		EVP_Digest(data, length, want, NULL, md, NULL);
		same &= method->digest->reset(digest) && method->digest->add(digest, data, length) &&
			method->digest->end(digest, got) && memcmp(got, want, size) == 0;

		same &= method->digest->reset(digest);
		for (size_t part = length % 7; at < length; part = part * 3 % 131 + 1)
		{
			size_t		rest = length - at < part ? length - at : part;

			same &= method->digest->add(digest, data + at, rest);
			copied &= method->digest->copy(copy, digest);
			at += rest;
		}
		same &= method->digest->end(digest, got) && memcmp(got, want, size) == 0;
		if (length > 0)
			copied &= method->digest->end(copy, got) && memcmp(got, want, size) == 0;
	}
	ok(same, "%s, %s: messages of 0 to 600 bytes", method->name, otp_algorithm_name(algorithm));
	ok(copied, "%s, %s: and copies of them", method->name, otp_algorithm_name(algorithm));
	method->digest->free(digest);
	method->digest->free(copy);
	method->digest->free(NULL);
}

int
main(void)
{
	test_choice();
	test_names();
	for (size_t m = 0; m < METHOD_COUNT; m++)
	{
		method = &methods[m];
		test_lengths(OTP_SHA1, EVP_sha1());
		test_lengths(OTP_SHA256, EVP_sha256());
		test_lengths(OTP_SHA512, EVP_sha512());
		ok(method->digest->make((OtpAlgorithm) 0) == NULL, "%s: none of 0", method->name);
		ok(method->digest->make((OtpAlgorithm) 4) == NULL, "%s: none of 4", method->name);
	}
	return done_testing();
}
