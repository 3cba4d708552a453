/*
 * hmac.c
 *		HMAC over digests whose states are kept.
 */
#include "hmac.h"

#include <string.h>

#include "secure.h"

#define INNER_PAD		0x36
#define OUTER_PAD		0x5c

typedef union KeyBlock
{
	uint8_t		bytes[OTP_BLOCK_MAX];
	uint64_t	words[OTP_BLOCK_MAX / 8];
} KeyBlock;

struct OtpHmac
{
	const OtpDigestMethod *method;
	OtpAlgorithm algorithm;
	size_t		size;
	size_t		block;
	OtpDigest  *inner;			/* past the key's inner pad */
	OtpDigest  *outer;			/* past the key's outer pad */
	OtpDigest  *work;			/* the message under way */
	bool		keyed;
	bool		begun;
	bool		used;			/* has work been begun since it was reset? */
};

OtpHmac *
otp_hmac_new_by(const OtpDigestMethod *method, OtpAlgorithm algorithm)
{
	OtpHmac    *hmac = OPENSSL_zalloc(sizeof(*hmac));

	if (!hmac)
		return NULL;
	hmac->method = method;
	hmac->algorithm = algorithm;
	hmac->size = otp_digest_size(algorithm);
	hmac->block = otp_block_size(algorithm);
	hmac->inner = method->make(algorithm);
	hmac->outer = method->make(algorithm);
	hmac->work = method->make(algorithm);
	if (!hmac->inner || !hmac->outer || !hmac->work)
	{
		otp_hmac_free(hmac);
		return NULL;
	}
	return hmac;
}

OtpHmac *
otp_hmac_new(OtpAlgorithm algorithm)
{
	return otp_hmac_new_by(otp_digest_method(), algorithm);
}

OtpAlgorithm
otp_hmac_algorithm(const OtpHmac *hmac)
{
	return hmac->algorithm;
}

void
otp_hmac_wipe(OtpHmac *hmac)
{
	hmac->keyed = hmac->begun = hmac->used = false;
	hmac->method->reset(hmac->inner);
	hmac->method->reset(hmac->outer);
	hmac->method->reset(hmac->work);
}

void
otp_hmac_free(OtpHmac *hmac)
{
	if (!hmac)
		return;
	hmac->method->free(hmac->inner);
	hmac->method->free(hmac->outer);
	hmac->method->free(hmac->work);
	OPENSSL_free(hmac);
}

/* The key as one block: filled up with zeros, or hashed first if it is longer. */
static bool
fill_block(OtpHmac *hmac, const void *key, size_t length, KeyBlock *block)
{
	memset(block, 0, sizeof(*block));
	if (length > hmac->block)
		return hmac->method->add(hmac->inner, key, length) &&
			   hmac->method->end(hmac->inner, block->bytes) &&
			   hmac->method->reset(hmac->inner);
	if (length > 0)
		memcpy(block->bytes, key, length);
	return true;
}

/* By words, because compilers leave the loop over bytes a loop over bytes. */
static void
xor_block(KeyBlock *block, uint8_t pad)
{
	for (size_t i = 0; i < OTP_BLOCK_MAX / 8; i++)
		block->words[i] ^= UINT64_C(0x0101010101010101) * pad;
}

static bool
add_pads(OtpHmac *hmac, KeyBlock *block)
{
	xor_block(block, INNER_PAD);
	if (!hmac->method->add(hmac->inner, block->bytes, hmac->block))
		return false;
	xor_block(block, INNER_PAD ^ OUTER_PAD);
	return hmac->method->add(hmac->outer, block->bytes, hmac->block);
}

bool
otp_hmac_key(OtpHmac *hmac, const void *key, size_t length)
{
	KeyBlock	block;

	if (hmac->used)
		hmac->method->reset(hmac->work);
	hmac->begun = hmac->used = false;
	hmac->keyed = hmac->method->reset(hmac->inner) && hmac->method->reset(hmac->outer) &&
				  fill_block(hmac, key, length, &block) && add_pads(hmac, &block);
	otp_wipe(&block, hmac->block);
	if (!hmac->keyed)
		otp_hmac_wipe(hmac);
	return hmac->keyed;
}

bool
otp_hmac_begin(OtpHmac *hmac)
{
	hmac->used = true;
	hmac->begun = hmac->keyed && hmac->method->copy(hmac->work, hmac->inner);
	return hmac->begun;
}

bool
otp_hmac_add(OtpHmac *hmac, const void *data, size_t length)
{
	return hmac->begun && hmac->method->add(hmac->work, data, length);
}

bool
otp_hmac_end(OtpHmac *hmac, uint8_t *digest)
{
	const OtpDigestMethod *method = hmac->method;
	bool		ok;

	/* the inner digest is as secret as what is written over it */
	ok = hmac->begun && method->end(hmac->work, digest) &&
		 method->copy(hmac->work, hmac->outer) &&
		 method->add(hmac->work, digest, hmac->size) &&
		 method->end(hmac->work, digest);
	hmac->begun = false;
	if (!ok)
		otp_wipe(digest, hmac->size);
	return ok;
}
