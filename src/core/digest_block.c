/*
 * digest_block.c
 *		Digests over libcrypto's compression functions: padding and chaining of
 *		FIPS 180-4 are done here, sections 5.1 and 6.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "digest.h"

#ifndef OPENSSL_NO_DEPRECATED_3_0

#include <string.h>

#include <openssl/sha.h>

#include "big_endian.h"
#include "secure.h"

/* Of a context only the chaining value is used, with which it begins. */
typedef union Chain
{
	SHA_CTX		sha1;
	SHA256_CTX	sha256;
	SHA512_CTX	sha512;
	uint32_t	words[8];
	uint64_t	long_words[8];
} Chain;

struct OtpDigest
{
	OtpAlgorithm algorithm;
	size_t		size;
	size_t		block;
	size_t		filled;			/* bytes in the buffer, less than a block */
	uint64_t	length;			/* bytes taken */
	Chain		chain;
	uint8_t		buffer[OTP_BLOCK_MAX];
};

static void
compress(OtpDigest *digest, const uint8_t *block)
{
	switch (digest->algorithm)
	{
		case OTP_SHA1:
			SHA1_Transform(&digest->chain.sha1, block);
			break;
		case OTP_SHA256:
			SHA256_Transform(&digest->chain.sha256, block);
			break;
		case OTP_SHA512:
			SHA512_Transform(&digest->chain.sha512, block);
			break;
	}
}

static bool
block_reset(OtpDigest *digest)
{
	digest->filled = 0;
	digest->length = 0;
	otp_wipe(digest->buffer, digest->block);
	switch (digest->algorithm)
	{
		case OTP_SHA1:
			return SHA1_Init(&digest->chain.sha1);
		case OTP_SHA256:
			return SHA256_Init(&digest->chain.sha256);
		case OTP_SHA512:
			/* some platforms' SHA512_Transform leaves a copy of the block there */
			otp_wipe(&digest->chain, sizeof(digest->chain));
			return SHA512_Init(&digest->chain.sha512);
	}
	return false;
}

static void
block_free(OtpDigest *digest)
{
	OPENSSL_clear_free(digest, sizeof(*digest));
}

static OtpDigest *
block_make(OtpAlgorithm algorithm)
{
	OtpDigest  *digest;

	if (otp_digest_size(algorithm) == 0 || (digest = OPENSSL_zalloc(sizeof(*digest))) == NULL)
		return NULL;
	digest->algorithm = algorithm;
	digest->size = otp_digest_size(algorithm);
	digest->block = otp_block_size(algorithm);
	if (!block_reset(digest))
	{
		block_free(digest);
		return NULL;
	}
	return digest;
}

static bool
block_copy(OtpDigest *to, const OtpDigest *from)
{
	to->filled = from->filled;
	to->length = from->length;
	memcpy(to->chain.long_words, from->chain.long_words, sizeof(to->chain.long_words));
	if (from->filled > 0)
		memcpy(to->buffer, from->buffer, from->filled);
	return true;
}

static bool
block_add(OtpDigest *digest, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	digest->length += length;
	while (digest->filled + length >= digest->block)
	{
		size_t		part = digest->block - digest->filled;

		if (digest->filled == 0)
			compress(digest, bytes);
		else
		{
			memcpy(digest->buffer + digest->filled, bytes, part);
			compress(digest, digest->buffer);
		}
		digest->filled = 0;
		bytes += part;
		length -= part;
	}
	if (length > 0)
		memcpy(digest->buffer + digest->filled, bytes, length);
	digest->filled += length;
	return true;
}

/* A one bit, zeros, and in the last eighth of a block the length in bits; 64 bits hold it. */
static void
pad(OtpDigest *digest)
{
	uint8_t    *buffer = digest->buffer;
	size_t		block = digest->block;

	buffer[digest->filled++] = 0x80;
	memset(buffer + digest->filled, 0, block - digest->filled);
	if (digest->filled > block - block / 8)
	{
		compress(digest, buffer);
		memset(buffer, 0, block);
	}
	otp_put_64(buffer + block - 8, digest->length << 3);
	compress(digest, buffer);
}

static bool
block_end(OtpDigest *digest, uint8_t *out)
{
	pad(digest);
	if (digest->algorithm == OTP_SHA512)
	{
		for (size_t i = 0; i < 8; i++)
			otp_put_64(out + 8 * i, digest->chain.long_words[i]);
	}
	else
	{
		for (size_t i = 0; i < digest->size / 4; i++)
			otp_put_32(out + 4 * i, digest->chain.words[i]);
	}
	return true;
}

const OtpDigestMethod otp_digest_block = {
	block_make, block_free, block_reset, block_copy, block_add, block_end
};

#else

typedef int otp_no_compression_functions;

#endif
