/*
 * pskc_crypto.h
 *		How the values of a PSKC container are encrypted and authenticated (RFC 6030,
 *		section 6).
 *
 * Plain C over OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_PSKC_CRYPTO_H
#define OTP_CORE_PSKC_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "hotp.h"

#define OTP_PSKC_KEY_MAX		32
#define OTP_PSKC_SALT_MAX		128
#define OTP_PSKC_ITERATIONS_MAX	2000000
#define OTP_PSKC_MAC_KEY_MAX	256

/* the longest key, with an initialization vector and a whole block of padding */
#define OTP_PSKC_DATA_MAX		(OTP_KEY_MAX + 32)

/* A cipher of XML Encryption; see otp_pskc_cipher. */
typedef struct OtpPskcCipher OtpPskcCipher;

/* A value that is encrypted, as it stands in the file. */
typedef struct OtpPskcSealed
{
	const OtpPskcCipher *cipher;	/* NULL: not named */
	size_t		length;
	uint8_t		data[OTP_PSKC_DATA_MAX];
	size_t		mac_length;		/* 0: no MAC */
	uint8_t		mac[OTP_DIGEST_MAX];
} OtpPskcSealed;

/* What the container says of its encryption, and the keys. */
typedef struct OtpPskcCrypto
{
	size_t		key_length;		/* 0: not known yet */
	uint8_t		key[OTP_PSKC_KEY_MAX];
	size_t		salt_length;	/* PBKDF2 */
	uint8_t		salt[OTP_PSKC_SALT_MAX];
	int			iterations;
	int			derived_length;
	OtpAlgorithm prf;
	bool		has_mac;
	OtpAlgorithm mac_algorithm;
	OtpPskcSealed mac_key_sealed;
	size_t		mac_key_length; /* 0: still sealed */
	uint8_t		mac_key[OTP_PSKC_MAC_KEY_MAX];
} OtpPskcCrypto;

/* The cipher with that URI, or NULL. */
extern const OtpPskcCipher *otp_pskc_cipher(const char *uri, size_t length);

/*
 * The key of a password by PBKDF2 (RFC 8018) with the parameters that are there.  NULL, or a
 * phrase that says what is wrong.
 */
extern const char *otp_pskc_derive(OtpPskcCrypto *crypto, const char *password, size_t length);

/*
 * Decrypts a value after its MAC has been checked.  plain has room for OTP_PSKC_DATA_MAX
 * bytes.  NULL, or a phrase that says what is wrong; then nothing is left in plain.
 */
extern const char *otp_pskc_unseal(OtpPskcCrypto *crypto, const OtpPskcSealed *sealed,
								   uint8_t *plain, size_t *n);

#endif							/* OTP_CORE_PSKC_CRYPTO_H */
