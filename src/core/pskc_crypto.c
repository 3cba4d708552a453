/*
 * pskc_crypto.c
 *		PBKDF2, HMAC and AES for the values of a PSKC container.
 */
#include "pskc_crypto.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "hmac.h"
#include "secure.h"

#define BLOCK	16

/*
 * One phrase for a wrong key, a wrong password, a changed value, and a MAC key that does not
 * decrypt: nothing tells them apart for whoever changed the file.
 */
#define NO_MATCH "the message authentication code does not match: another key, or a changed file"

struct OtpPskcCipher
{
	const char *uri;
	size_t		key_length;
	const EVP_CIPHER *(*cipher) (void);
	bool		wraps;			/* RFC 3394, with integrity; else CBC */
};

#define XMLENC "http://www.w3.org/2001/04/xmlenc#"

static const OtpPskcCipher ciphers[] = {
	{XMLENC "aes128-cbc", 16, EVP_aes_128_cbc, false},
	{XMLENC "aes192-cbc", 24, EVP_aes_192_cbc, false},
	{XMLENC "aes256-cbc", 32, EVP_aes_256_cbc, false},
	{XMLENC "kw-aes128", 16, EVP_aes_128_wrap, true},
	{XMLENC "kw-aes192", 24, EVP_aes_192_wrap, true},
	{XMLENC "kw-aes256", 32, EVP_aes_256_wrap, true},
};

const OtpPskcCipher *
otp_pskc_cipher(const char *uri, size_t length)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
	{
		if (length == strlen(ciphers[i].uri) && memcmp(uri, ciphers[i].uri, length) == 0)
			return &ciphers[i];
	}
	return NULL;
}

static const EVP_MD *
digest_of(OtpAlgorithm algorithm)
{
	switch (algorithm)
	{
		case OTP_SHA1:
			return EVP_sha1();
		case OTP_SHA256:
			return EVP_sha256();
		case OTP_SHA512:
			return EVP_sha512();
	}
	return NULL;
}

const char *
otp_pskc_derive(OtpPskcCrypto *crypto, const char *password, size_t length)
{
	if (crypto->salt_length == 0 || crypto->iterations == 0 || crypto->derived_length == 0)
		return "the key derivation needs a salt, a number of iterations and a key length";
	if (length > INT_MAX ||
		PKCS5_PBKDF2_HMAC(password, (int) length, crypto->salt, (int) crypto->salt_length,
						  crypto->iterations, digest_of(crypto->prf), crypto->derived_length,
						  crypto->key) != 1)
		return "OpenSSL failed to derive a key";
	crypto->key_length = (size_t) crypto->derived_length;
	return NULL;
}

/* The last byte of the last block tells how many to drop (XML Encryption, section 5.2). */
static bool
strip_padding(const uint8_t *plain, size_t *n)
{
	size_t		pad = *n > 0 ? plain[*n - 1] : 0;

	if (pad < 1 || pad > BLOCK || pad > *n)
		return false;
	*n -= pad;
	return true;
}

/* Without a check of any MAC. */
static bool
decrypt(const OtpPskcCipher *cipher, const uint8_t *key, const uint8_t *data, size_t length,
		uint8_t *plain, size_t *n)
{
	size_t		start = cipher->wraps ? 0 : BLOCK;
	size_t		unit = cipher->wraps ? 8 : BLOCK;
	EVP_CIPHER_CTX *context;
	int			done = 0;
	int			rest = 0;
	bool		ok;

	if (length <= BLOCK || length > OTP_PSKC_DATA_MAX || length % unit != 0)
		return false;
	context = EVP_CIPHER_CTX_new();
	if (!context)
		return false;
	EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = EVP_DecryptInit_ex2(context, cipher->cipher(), key, start > 0 ? data : NULL, NULL) == 1 &&
		 EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
		 EVP_DecryptUpdate(context, plain, &done, data + start, (int) (length - start)) == 1 &&
		 EVP_DecryptFinal_ex(context, plain + done, &rest) == 1;
	EVP_CIPHER_CTX_free(context);
	*n = (size_t) (done + rest);
	if (ok && !cipher->wraps)
		ok = strip_padding(plain, n);
	if (!ok)
		otp_wipe(plain, length);
	return ok;
}

static const char *
open_mac_key(OtpPskcCrypto *crypto)
{
	const OtpPskcSealed *sealed = &crypto->mac_key_sealed;
	uint8_t		plain[OTP_PSKC_DATA_MAX];
	size_t		n = 0;

	if (!sealed->cipher || sealed->length == 0)
		return "the MAC method has no encrypted MAC key";
	if (sealed->cipher->key_length != crypto->key_length)
		return "the key's length does not fit the cipher";
	if (!decrypt(sealed->cipher, crypto->key, sealed->data, sealed->length, plain, &n) ||
		n == 0 || n > OTP_PSKC_MAC_KEY_MAX)
	{
		otp_wipe(plain, sizeof(plain));
		return NO_MATCH;
	}
	memcpy(crypto->mac_key, plain, n);
	crypto->mac_key_length = n;
	otp_wipe(plain, sizeof(plain));
	return NULL;
}

/* The MAC is over the initialization vector and the ciphertext. */
static bool
mac_matches(const OtpPskcCrypto *crypto, const OtpPskcSealed *sealed)
{
	OtpHmac    *hmac = otp_hmac_new(crypto->mac_algorithm);
	uint8_t		mac[OTP_DIGEST_MAX];
	size_t		size = otp_digest_size(crypto->mac_algorithm);
	bool		ok;

	ok = hmac && otp_hmac_key(hmac, crypto->mac_key, crypto->mac_key_length) &&
		 otp_hmac_begin(hmac) && otp_hmac_add(hmac, sealed->data, sealed->length) &&
		 otp_hmac_end(hmac, mac) && sealed->mac_length == size &&
		 otp_equal(mac, sealed->mac, size);
	otp_hmac_free(hmac);
	return ok;
}

static const char *
check_mac(OtpPskcCrypto *crypto, const OtpPskcSealed *sealed)
{
	if (!crypto->has_mac)
		return "an encrypted value has no message authentication code";
	if (crypto->mac_key_length == 0)
	{
		const char *problem = open_mac_key(crypto);

		if (problem)
			return problem;
	}
	return mac_matches(crypto, sealed) ? NULL : NO_MATCH;
}

const char *
otp_pskc_unseal(OtpPskcCrypto *crypto, const OtpPskcSealed *sealed, uint8_t *plain, size_t *n)
{
	if (!sealed->cipher)
		return "an encrypted value does not name its cipher";
	if (sealed->cipher->key_length != crypto->key_length)
		return "the key's length does not fit the cipher";
	if (sealed->mac_length == 0 && !sealed->cipher->wraps)
		return "an encrypted value has no message authentication code";
	if (sealed->mac_length > 0)
	{
		const char *problem = check_mac(crypto, sealed);

		if (problem)
			return problem;
	}
	if (!decrypt(sealed->cipher, crypto->key, sealed->data, sealed->length, plain, n))
		return "an encrypted value does not decrypt: another key, or a changed file";
	return NULL;
}
