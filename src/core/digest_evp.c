/*
 * digest_evp.c
 *		Digests over EVP_MD.
 */
#include "digest.h"

#include <openssl/evp.h>

struct OtpDigest
{
	const EVP_MD_CTX *blank;	/* the digest of nothing */
	EVP_MD_CTX *context;
};

/*
 * Copying an initialized context is cheaper than initializing one, and fetching
 * the algorithm by name costs more than either, so both are done once.
 */
static const EVP_MD_CTX *
blank_context(OtpAlgorithm algorithm)
{
	static EVP_MD_CTX *blanks[OTP_ALGORITHM_COUNT];
	EVP_MD	   *md;
	EVP_MD_CTX *context;

	if (blanks[algorithm])
		return blanks[algorithm];

	md = EVP_MD_fetch(NULL, otp_algorithm_name(algorithm), NULL);
	context = EVP_MD_CTX_new();
	if (md && context && EVP_DigestInit_ex(context, md, NULL))
		blanks[algorithm] = context;
	else
		EVP_MD_CTX_free(context);
	EVP_MD_free(md);			/* the context holds its own reference */
	return blanks[algorithm];
}

static void
evp_free(OtpDigest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	OPENSSL_free(digest);
}

/* OpenSSL cleanses the target of a copy, whether it frees or overwrites it. */
static bool
evp_reset(OtpDigest *digest)
{
	if (EVP_MD_CTX_copy_ex(digest->context, digest->blank))
		return true;
	EVP_MD_CTX_reset(digest->context);
	return false;
}

static OtpDigest *
evp_make(OtpAlgorithm algorithm)
{
	const EVP_MD_CTX *blank;
	OtpDigest  *digest;

	if (otp_digest_size(algorithm) == 0 || (blank = blank_context(algorithm)) == NULL)
		return NULL;
	if ((digest = OPENSSL_zalloc(sizeof(*digest))) == NULL)
		return NULL;

	digest->blank = blank;
	digest->context = EVP_MD_CTX_new();
	if (!digest->context || !evp_reset(digest))
	{
		evp_free(digest);
		return NULL;
	}
	return digest;
}

static bool
evp_copy(OtpDigest *to, const OtpDigest *from)
{
	return EVP_MD_CTX_copy_ex(to->context, from->context);
}

static bool
evp_add(OtpDigest *digest, const void *data, size_t length)
{
	return EVP_DigestUpdate(digest->context, data, length);
}

static bool
evp_end(OtpDigest *digest, uint8_t *out)
{
	return EVP_DigestFinal_ex(digest->context, out, NULL);
}

const OtpDigestMethod otp_digest_evp = {
	evp_make, evp_free, evp_reset, evp_copy, evp_add, evp_end
};
