/*
 * digest.h
 *		SHA-1, SHA-256 and SHA-512 of a message in pieces, with states that can be
 *		copied, by two methods of OpenSSL's.
 *
 * Plain C over OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_DIGEST_H
#define OTP_CORE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/opensslconf.h>

/* The numbers are stored in tables and in binary values: never renumber. */
typedef enum OtpAlgorithm
{
	OTP_SHA1 = 1,
	OTP_SHA256 = 2,
	OTP_SHA512 = 3
} OtpAlgorithm;

#define OTP_ALGORITHM_COUNT	(OTP_SHA512 + 1)

/* bytes of the longest digest, and of the longest block */
#define OTP_DIGEST_MAX	64
#define OTP_BLOCK_MAX	128

/* bytes of a digest: 20, 32 or 64; 0 if the algorithm is none of ours */
extern size_t otp_digest_size(OtpAlgorithm algorithm);

/* bytes of a block: 64, 64 or 128; 0 if the algorithm is none of ours */
extern size_t otp_block_size(OtpAlgorithm algorithm);

/* "SHA1", "SHA256", "SHA512"; NULL if the algorithm is none of ours */
extern const char *otp_algorithm_name(OtpAlgorithm algorithm);

/* by name, whatever the case; false if there is no such algorithm */
extern bool otp_algorithm_by_name(const char *name, size_t length, OtpAlgorithm *algorithm);

/* A digest under way; each method has its own kind. */
typedef struct OtpDigest OtpDigest;

/* false: OpenSSL failed, and the digest has to be reset or copied to. */
typedef struct OtpDigestMethod
{
	/* A digest of nothing yet; NULL if OpenSSL lacks the algorithm or memory. */
	OtpDigest  *(*make) (OtpAlgorithm algorithm);

	/* Wipes and frees; NULL is fine. */
	void		(*free) (OtpDigest *digest);

	/* Back to a digest of nothing.  What it was is wiped, also on failure. */
	bool		(*reset) (OtpDigest *digest);

	/* Both are of one algorithm. */
	bool		(*copy) (OtpDigest *to, const OtpDigest *from);

	bool		(*add) (OtpDigest *digest, const void *data, size_t length);

	/* Writes otp_digest_size() bytes.  Then the digest has to be reset or copied to. */
	bool		(*end) (OtpDigest *digest, uint8_t *out);
} OtpDigestMethod;

/* Over EVP, and so inside the provider that OpenSSL's configuration names. */
extern const OtpDigestMethod otp_digest_evp;

/*
 * Over libcrypto's compression functions, a fraction of EVP's cost for a message of a block.
 * They are the code that OpenSSL's default provider runs, and deprecated by OpenSSL 3, because no
 * provider is asked; a libcrypto without what is deprecated does not have them.
 */
#ifndef OPENSSL_NO_DEPRECATED_3_0
extern const OtpDigestMethod otp_digest_block;
#endif

/* The faster one, but for an OpenSSL in FIPS mode: there, what its validated module computes. */
extern const OtpDigestMethod *otp_digest_method(void);

#endif							/* OTP_CORE_DIGEST_H */
