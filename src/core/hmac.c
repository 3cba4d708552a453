/*
 * hmac.c
 *		HMAC over EVP_MD.
 *
 * EVP_MAC would spend as long setting a key as all of this takes for a whole
 * short message.
 */
#include "hmac.h"

#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "secure.h"

#define ALGORITHM_COUNT (OTP_SHA512 + 1)
#define BLOCK_MAX		128
#define INNER_PAD		0x36
#define OUTER_PAD		0x5c

typedef union KeyBlock
{
	uint8_t		bytes[BLOCK_MAX];
	uint64_t	words[BLOCK_MAX / 8];
} KeyBlock;

typedef struct Digest
{
	const char *name;			/* OpenSSL's too */
	size_t		size;
	size_t		block;
} Digest;

static const Digest digests[ALGORITHM_COUNT] = {
	[OTP_SHA1] = {"SHA1", 20, 64},
	[OTP_SHA256] = {"SHA256", 32, 64},
	[OTP_SHA512] = {"SHA512", 64, 128},
};

struct OtpHmac
{
	const Digest *digest;
	const EVP_MD_CTX *blank;	/* the digest of nothing yet */
	EVP_MD_CTX *inner;			/* past the key's inner pad */
	EVP_MD_CTX *outer;			/* past the key's outer pad */
	EVP_MD_CTX *work;			/* the message under way */
	bool		fresh;			/* are inner and outer copies of blank? */
	bool		keyed;
	bool		begun;
};

static const Digest *
find_digest(OtpAlgorithm algorithm)
{
	if (algorithm < OTP_SHA1 || algorithm > OTP_SHA512)
		return NULL;
	return &digests[algorithm];
}

size_t
otp_digest_size(OtpAlgorithm algorithm)
{
	const Digest *digest = find_digest(algorithm);

	return digest ? digest->size : 0;
}

const char *
otp_algorithm_name(OtpAlgorithm algorithm)
{
	const Digest *digest = find_digest(algorithm);

	return digest ? digest->name : NULL;
}

bool
otp_algorithm_by_name(const char *name, size_t length, OtpAlgorithm *algorithm)
{
	for (OtpAlgorithm a = OTP_SHA1; a <= OTP_SHA512; a++)
	{
		if (length == strlen(digests[a].name) && strncasecmp(name, digests[a].name, length) == 0)
		{
			*algorithm = a;
			return true;
		}
	}
	return false;
}

/*
 * Copying an initialized context is cheaper than initializing one, and fetching
 * the digest by name costs more than either, so both are done once.
 */
static const EVP_MD_CTX *
blank_context(OtpAlgorithm algorithm)
{
	static EVP_MD_CTX *blanks[ALGORITHM_COUNT];
	EVP_MD	   *md;
	EVP_MD_CTX *context;

	if (blanks[algorithm])
		return blanks[algorithm];

	md = EVP_MD_fetch(NULL, digests[algorithm].name, NULL);
	context = EVP_MD_CTX_new();
	if (md && context && EVP_DigestInit_ex(context, md, NULL))
		blanks[algorithm] = context;
	else
		EVP_MD_CTX_free(context);
	EVP_MD_free(md);			/* the context holds its own reference */
	return blanks[algorithm];
}

OtpHmac *
otp_hmac_new(OtpAlgorithm algorithm)
{
	const EVP_MD_CTX *blank;
	OtpHmac    *hmac;

	if (!find_digest(algorithm) || (blank = blank_context(algorithm)) == NULL)
		return NULL;
	if ((hmac = OPENSSL_zalloc(sizeof(*hmac))) == NULL)
		return NULL;

	hmac->digest = &digests[algorithm];
	hmac->blank = blank;
	hmac->inner = EVP_MD_CTX_new();
	hmac->outer = EVP_MD_CTX_new();
	hmac->work = EVP_MD_CTX_new();
	if (!hmac->inner || !hmac->outer || !hmac->work)
	{
		otp_hmac_free(hmac);
		return NULL;
	}
	return hmac;
}

/*
 * OpenSSL cleanses the target of a copy, whether it frees or overwrites it, so
 * copies of the blank context both wipe and are ready for the next key.
 */
void
otp_hmac_wipe(OtpHmac *hmac)
{
	hmac->keyed = hmac->begun = false;
	hmac->fresh = EVP_MD_CTX_copy_ex(hmac->inner, hmac->blank) &&
				  EVP_MD_CTX_copy_ex(hmac->outer, hmac->blank);
	if (!hmac->fresh)
	{
		EVP_MD_CTX_reset(hmac->inner);
		EVP_MD_CTX_reset(hmac->outer);
	}
	EVP_MD_CTX_reset(hmac->work);
}

void
otp_hmac_free(OtpHmac *hmac)
{
	if (!hmac)
		return;
	EVP_MD_CTX_free(hmac->inner);
	EVP_MD_CTX_free(hmac->outer);
	EVP_MD_CTX_free(hmac->work);
	OPENSSL_free(hmac);
}

/* The key as one block: filled up with zeros, or hashed first if it is longer. */
static bool
fill_block(OtpHmac *hmac, const void *key, size_t length, KeyBlock *block)
{
	memset(block, 0, sizeof(*block));
	if (length > hmac->digest->block)
		return EVP_MD_CTX_copy_ex(hmac->work, hmac->blank) &&
			   EVP_DigestUpdate(hmac->work, key, length) &&
			   EVP_DigestFinal_ex(hmac->work, block->bytes, NULL);
	if (length > 0)
		memcpy(block->bytes, key, length);
	return true;
}

/* By words, because compilers leave the loop over bytes a loop over bytes. */
static void
xor_block(KeyBlock *block, uint8_t pad)
{
	for (size_t i = 0; i < BLOCK_MAX / 8; i++)
		block->words[i] ^= UINT64_C(0x0101010101010101) * pad;
}

static bool
add_pads(OtpHmac *hmac, KeyBlock *block)
{
	xor_block(block, INNER_PAD);
	if (!EVP_DigestUpdate(hmac->inner, block->bytes, hmac->digest->block))
		return false;
	xor_block(block, INNER_PAD ^ OUTER_PAD);
	return EVP_DigestUpdate(hmac->outer, block->bytes, hmac->digest->block);
}

bool
otp_hmac_key(OtpHmac *hmac, const void *key, size_t length)
{
	KeyBlock	block;

	if (!hmac->fresh)
		otp_hmac_wipe(hmac);
	if (!hmac->fresh)
		return false;

	hmac->fresh = false;
	hmac->keyed = fill_block(hmac, key, length, &block) && add_pads(hmac, &block);
	otp_wipe(&block, sizeof(block));
	if (!hmac->keyed)
		otp_hmac_wipe(hmac);
	return hmac->keyed;
}

bool
otp_hmac_begin(OtpHmac *hmac)
{
	hmac->begun = hmac->keyed && EVP_MD_CTX_copy_ex(hmac->work, hmac->inner);
	return hmac->begun;
}

bool
otp_hmac_add(OtpHmac *hmac, const void *data, size_t length)
{
	return hmac->begun && EVP_DigestUpdate(hmac->work, data, length);
}

bool
otp_hmac_end(OtpHmac *hmac, uint8_t *digest)
{
	uint8_t		inner[OTP_DIGEST_MAX];
	bool		ok;

	ok = hmac->begun && EVP_DigestFinal_ex(hmac->work, inner, NULL) &&
		 EVP_MD_CTX_copy_ex(hmac->work, hmac->outer) &&
		 EVP_DigestUpdate(hmac->work, inner, hmac->digest->size) &&
		 EVP_DigestFinal_ex(hmac->work, digest, NULL);
	hmac->begun = false;
	otp_wipe(inner, hmac->digest->size);
	if (!ok)
		otp_wipe(digest, hmac->digest->size);
	return ok;
}
