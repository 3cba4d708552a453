/*
 * test_aead.c
 *		Sealing and subkeys, against computations apart.
 *
 * Requirements: 20.
 */
#include "aead.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "tap.h"

#define AD "table 7, row 42"

static const uint8_t key[OTP_KEY_SIZE] = {
	0x2b, 0x35, 0x45, 0x5b, 0x77, 0x99, 0xc1, 0xef, 0x23, 0x5d, 0x9d, 0xe3, 0x2f, 0x81, 0xd9, 0x37,
	0x9b, 0x05, 0x75, 0xeb, 0x67, 0xe9, 0x71, 0xff, 0x93, 0x2d, 0xcd, 0x73, 0x1f, 0xd1, 0x89, 0x4e
};
static const uint8_t other_key[OTP_KEY_SIZE] = {
	0x2b, 0x35, 0x45, 0x5b, 0x77, 0x99, 0xc1, 0xef, 0x23, 0x5d, 0x9d, 0xe3, 0x2f, 0x81, 0xd9, 0x37,
	0x9b, 0x05, 0x75, 0xeb, 0x67, 0xe9, 0x71, 0xff, 0x93, 0x2d, 0xcd, 0x73, 0x1f, 0xd1, 0x89, 0x4f
};

/* RFC 5869 with one block of output: HMAC(HMAC(zeros, key), use | 1). */
static void
test_subkey(void)
{
	static const uint8_t zeros[32] = {0};
	static const char *const uses[] = {
		"codes", "seal", "a use whose name is longer than one block of SHA-256, sixty-four bytes"
	};
	uint8_t		subkeys[3][OTP_KEY_SIZE];

	for (int i = 0; i < 3; i++)
	{
		size_t		length = strlen(uses[i]);
		uint8_t		info[128];
		uint8_t		prk[32];
		uint8_t		want[32];

		memcpy(info, uses[i], length);
		info[length] = 1;
		HMAC(EVP_sha256(), zeros, 32, key, OTP_KEY_SIZE, prk, NULL);
		HMAC(EVP_sha256(), prk, 32, info, length + 1, want, NULL);
		ok(otp_subkey(key, uses[i], subkeys[i]), "a subkey");
		is_bytes(subkeys[i], want, OTP_KEY_SIZE, "is HKDF-SHA256 by hand");
	}
	ok(memcmp(subkeys[0], subkeys[1], OTP_KEY_SIZE) != 0, "another use, another subkey");
	otp_subkey(other_key, uses[0], subkeys[1]);
	ok(memcmp(subkeys[0], subkeys[1], OTP_KEY_SIZE) != 0, "another key, another subkey");
}

static void
test_round_trips(void)
{
	uint8_t		plain[300];
	uint8_t		sealed[300 + OTP_SEAL_OVERHEAD + 1];
	uint8_t		opened[301];
	bool		same = true;
	bool		within = true;

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t) (i * 5);
	for (size_t n = 0; n <= sizeof(plain); n++)
	{
		sealed[n + OTP_SEAL_OVERHEAD] = 0x77;
		opened[n] = 0x77;
		same &= otp_seal(key, AD, strlen(AD), plain, n, sealed) &&
				otp_open(key, AD, strlen(AD), sealed, n + OTP_SEAL_OVERHEAD, opened) == OTP_OPEN_OK &&
				memcmp(plain, opened, n) == 0;
		within &= sealed[n + OTP_SEAL_OVERHEAD] == 0x77 && opened[n] == 0x77;
	}
	ok(same, "every length from 0 to 300 round trip");
	ok(within, "nothing is written beyond");
	is_integer(sealed[0], OTP_SEAL_FORMAT, "the format comes first");
	ok(otp_seal(key, NULL, 0, plain, 5, sealed) &&
	   otp_open(key, NULL, 0, sealed, 5 + OTP_SEAL_OVERHEAD, opened) == OTP_OPEN_OK &&
	   memcmp(plain, opened, 5) == 0, "without associated data");
}

/* The format, spelt out with OpenSSL alone. */
static void
test_format(void)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t		sealed[11 + OTP_SEAL_OVERHEAD];
	uint8_t		opened[11];
	int			n;

	ok(otp_seal(key, AD, strlen(AD), (const uint8_t *) "hello world", 11, sealed), "sealed");
	ok(EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, sealed + 1) &&
	   EVP_DecryptUpdate(context, NULL, &n, (const uint8_t *) "\1" AD, 1 + (int) strlen(AD)) &&
	   EVP_DecryptUpdate(context, opened, &n, sealed + 13, 11) &&
	   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, sealed + 24) &&
	   EVP_DecryptFinal_ex(context, opened + 11, &n), "opened by hand");
	is_bytes(opened, "hello world", 11, "to the plain text");
	EVP_CIPHER_CTX_free(context);
}

static void
test_nonces(void)
{
	uint8_t		sealed[1000][1 + OTP_SEAL_OVERHEAD];
	int			repeated = 0;

	for (int i = 0; i < 1000; i++)
	{
		otp_seal(key, AD, strlen(AD), key, 1, sealed[i]);
		for (int k = 0; k < i; k++)
			repeated += memcmp(sealed[i] + 1, sealed[k] + 1, OTP_SEAL_NONCE) == 0;
	}
	is_integer(repeated, 0, "a thousand nonces, none of them twice");
}

static OtpOpenStatus
open_wiped(const uint8_t *k, const char *ad, const uint8_t *sealed, size_t length, bool *wiped)
{
	uint8_t		opened[64];
	OtpOpenStatus status;

	memset(opened, 0, sizeof(opened));
	status = otp_open(k, ad, strlen(ad), sealed, length, opened);
	*wiped &= all_zero(opened, sizeof(opened));
	return status;
}

static void
test_damage(void)
{
	uint8_t		sealed[32 + OTP_SEAL_OVERHEAD];
	size_t		length = sizeof(sealed);
	bool		noticed = true;
	bool		wiped = true;

	otp_seal(key, AD, strlen(AD), other_key, 32, sealed);
	for (size_t bit = 8; bit < 8 * length; bit++)
	{
		sealed[bit / 8] ^= (uint8_t) (1 << bit % 8);
		noticed &= open_wiped(key, AD, sealed, length, &wiped) == OTP_OPEN_DAMAGED;
		sealed[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	ok(noticed, "each changed bit is noticed");
	noticed = true;
	for (unsigned format = 0; format < 256; format++)
	{
		sealed[0] = (uint8_t) format;
		noticed &= format == OTP_SEAL_FORMAT ||
				   open_wiped(key, AD, sealed, length, &wiped) == OTP_OPEN_FORMAT;
	}
	sealed[0] = OTP_SEAL_FORMAT;
	ok(noticed, "each other format is refused");

	is_integer(open_wiped(other_key, AD, sealed, length, &wiped), OTP_OPEN_DAMAGED, "another key");
	is_integer(open_wiped(key, "table 7, row 43", sealed, length, &wiped), OTP_OPEN_DAMAGED,
			   "other associated data");
	is_integer(open_wiped(key, "", sealed, length, &wiped), OTP_OPEN_DAMAGED,
			   "no associated data");
	is_integer(open_wiped(key, AD " ", sealed, length, &wiped), OTP_OPEN_DAMAGED,
			   "more associated data");
	for (size_t n = OTP_SEAL_OVERHEAD; n < length; n++)
		noticed &= open_wiped(key, AD, sealed, n, &wiped) == OTP_OPEN_DAMAGED;
	for (size_t n = 0; n < OTP_SEAL_OVERHEAD; n++)
		noticed &= open_wiped(key, AD, sealed, n, &wiped) == OTP_OPEN_FORMAT;
	ok(noticed, "each shorter input is refused");
	ok(wiped, "and nothing was left written");
	ok(ERR_peek_error() == 0, "OpenSSL's queue of errors is left empty");
	is_integer(open_wiped(key, AD, sealed, length, &noticed), OTP_OPEN_OK, "still good unchanged");
}

/* A key that is kept: messages of both directions, good and damaged ones, in any order. */
static void
test_kept_key(void)
{
	OtpAead    *aead = otp_aead_new(key);
	OtpAead    *other = otp_aead_new(other_key);
	uint8_t		sealed[40 + OTP_SEAL_OVERHEAD] = {0};
	uint8_t		again[40 + OTP_SEAL_OVERHEAD];
	uint8_t		opened[40];
	bool		good = true;
	bool		refused = true;

	ok(aead && other, "two keys are kept");
	for (size_t n = 0; n <= 40; n++)
	{
		size_t		length = n + OTP_SEAL_OVERHEAD;

		good &= otp_aead_seal(aead, AD, n % sizeof(AD), sealed, n, again) &&
				otp_open(key, AD, n % sizeof(AD), again, length, opened) == OTP_OPEN_OK &&
				memcmp(opened, sealed, n) == 0;
		good &= otp_seal(key, AD, strlen(AD), key, n < 32 ? n : 32, sealed) &&
				otp_aead_open(aead, AD, strlen(AD), sealed, (n < 32 ? n : 32) + OTP_SEAL_OVERHEAD,
							  opened) == OTP_OPEN_OK &&
				memcmp(opened, key, n < 32 ? n : 32) == 0;
		refused &= otp_aead_open(other, AD, n % sizeof(AD), again, length, opened) ==
				   OTP_OPEN_DAMAGED;
		again[1 + n] ^= 0x10;
		refused &= otp_aead_open(aead, AD, n % sizeof(AD), again, length, opened) ==
				   OTP_OPEN_DAMAGED;
		again[1 + n] ^= 0x10;
		good &= otp_aead_open(aead, AD, n % sizeof(AD), again, length, opened) == OTP_OPEN_OK;
	}
	ok(good, "what either way seals, both open");
	ok(refused, "and neither another key's nor what is damaged");
	is_integer(otp_aead_open(aead, AD, 1, sealed, OTP_SEAL_OVERHEAD - 1, opened), OTP_OPEN_FORMAT,
			   "nor what is too short");
	otp_aead_free(aead);
	otp_aead_free(other);
	otp_aead_free(NULL);
}

int
main(void)
{
	test_subkey();
	test_round_trips();
	test_format();
	test_nonces();
	test_damage();
	test_kept_key();
	return done_testing();
}
