/*
 * aead.c
 *		AES-256-GCM and HKDF-SHA256 over OpenSSL.
 */
#include "aead.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "secure.h"

bool
otp_subkey(const uint8_t key[OTP_KEY_SIZE], const char *use, uint8_t subkey[OTP_KEY_SIZE])
{
	EVP_KDF    *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	char		digest[] = "SHA256";
	OSSL_PARAM	params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *) key, OTP_KEY_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *) use, strlen(use)),
		OSSL_PARAM_construct_end(),
	};
	bool		ok;

	ok = context && EVP_KDF_derive(context, subkey, OTP_KEY_SIZE, params) > 0;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	if (!ok)
		otp_wipe(subkey, OTP_KEY_SIZE);
	return ok;
}

static const EVP_CIPHER *
cipher(void)
{
	static EVP_CIPHER *cached;

	if (!cached)
		cached = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	return cached;
}

/* A direction has a context of its own, which keeps the key's schedule. */
struct OtpAead
{
	EVP_CIPHER_CTX *sealing;
	EVP_CIPHER_CTX *opening;
};

OtpAead *
otp_aead_new(const uint8_t key[OTP_KEY_SIZE])
{
	OtpAead    *aead = OPENSSL_zalloc(sizeof(*aead));

	if (!aead)
		return NULL;
	aead->sealing = EVP_CIPHER_CTX_new();
	aead->opening = EVP_CIPHER_CTX_new();
	if (!aead->sealing || !aead->opening || !cipher() ||
		EVP_EncryptInit_ex2(aead->sealing, cipher(), key, NULL, NULL) != 1 ||
		EVP_DecryptInit_ex2(aead->opening, cipher(), key, NULL, NULL) != 1)
	{
		otp_aead_free(aead);
		return NULL;
	}
	return aead;
}

void
otp_aead_free(OtpAead *aead)
{
	if (!aead)
		return;
	EVP_CIPHER_CTX_free(aead->sealing);
	EVP_CIPHER_CTX_free(aead->opening);
	OPENSSL_free(aead);
}

/* out: NULL for associated data.  EVP counts in int. */
static bool
add(EVP_CIPHER_CTX *context, const void *in, size_t length, uint8_t *out)
{
	int			n;

	if (length > INT_MAX)
		return false;
	return length == 0 || EVP_CipherUpdate(context, out, &n, in, (int) length) == 1;
}

bool
otp_aead_seal(OtpAead *aead, const void *ad, size_t ad_length, const uint8_t *plain, size_t n,
			  uint8_t *sealed)
{
	EVP_CIPHER_CTX *context = aead->sealing;
	uint8_t    *nonce = sealed + 1;
	uint8_t    *text = nonce + OTP_SEAL_NONCE;
	uint8_t    *mac = text + n;
	int			rest;
	bool		ok;

	sealed[0] = OTP_SEAL_FORMAT;
	ok = RAND_bytes(nonce, OTP_SEAL_NONCE) == 1 &&
		 EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
		 add(context, sealed, 1, NULL) &&
		 add(context, ad, ad_length, NULL) &&
		 add(context, plain, n, text) &&
		 EVP_EncryptFinal_ex(context, mac, &rest) == 1 &&
		 EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, OTP_SEAL_MAC, mac) == 1;
	if (!ok)
		otp_wipe(sealed, n + OTP_SEAL_OVERHEAD);
	return ok;
}

OtpOpenStatus
otp_aead_open(OtpAead *aead, const void *ad, size_t ad_length, const uint8_t *sealed,
			  size_t length, uint8_t *plain)
{
	EVP_CIPHER_CTX *context = aead->opening;
	const uint8_t *nonce = sealed + 1;
	const uint8_t *text = nonce + OTP_SEAL_NONCE;
	uint8_t		mac[OTP_SEAL_MAC];
	size_t		n;
	int			rest;
	OtpOpenStatus status = OTP_OPEN_FAILED;

	if (length < OTP_SEAL_OVERHEAD || sealed[0] != OTP_SEAL_FORMAT)
		return OTP_OPEN_FORMAT;

	n = length - OTP_SEAL_OVERHEAD;
	memcpy(mac, text + n, OTP_SEAL_MAC);
	if (EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
		add(context, sealed, 1, NULL) &&
		add(context, ad, ad_length, NULL) &&
		add(context, text, n, plain) &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, OTP_SEAL_MAC, mac) == 1)
		status = EVP_DecryptFinal_ex(context, plain + n, &rest) == 1 ? OTP_OPEN_OK
																	 : OTP_OPEN_DAMAGED;
	if (status != OTP_OPEN_OK)
		otp_wipe(plain, n);
	return status;
}

bool
otp_seal(const uint8_t key[OTP_KEY_SIZE], const void *ad, size_t ad_length,
		 const uint8_t *plain, size_t n, uint8_t *sealed)
{
	OtpAead    *aead = otp_aead_new(key);
	bool		ok = aead && otp_aead_seal(aead, ad, ad_length, plain, n, sealed);

	otp_aead_free(aead);
	if (!ok)
		otp_wipe(sealed, n + OTP_SEAL_OVERHEAD);
	return ok;
}

OtpOpenStatus
otp_open(const uint8_t key[OTP_KEY_SIZE], const void *ad, size_t ad_length,
		 const uint8_t *sealed, size_t length, uint8_t *plain)
{
	OtpAead    *aead;
	OtpOpenStatus status;

	if (length < OTP_SEAL_OVERHEAD || sealed[0] != OTP_SEAL_FORMAT)
		return OTP_OPEN_FORMAT;
	aead = otp_aead_new(key);
	if (!aead)
	{
		otp_wipe(plain, length - OTP_SEAL_OVERHEAD);
		return OTP_OPEN_FAILED;
	}
	status = otp_aead_open(aead, ad, ad_length, sealed, length, plain);
	otp_aead_free(aead);
	return status;
}
