/*
 * test_hmac.c
 *		HMAC against RFC 2202 (SHA-1) and RFC 4231 (SHA-256, SHA-512), by each
 *		method.
 */
#include "hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "methods.h"
#include "tap.h"

typedef struct Case
{
	const char *name;
	OtpAlgorithm algorithm;
	int			key_byte;		/* repeated; or -1: 1, 2, 3 ... */
	size_t		key_length;
	const char *key;			/* instead of the two before */
	int			data_byte;		/* repeated 50 times; or data */
	const char *data;
	const char *digest;			/* may be a truncated one */
} Case;

#define HASHED_KEY "Test Using Larger Than Block-Size Key - Hash Key First"
#define LONG_1 "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"
#define LONG_2 "This is a test using a larger than block-size key and a larger than " \
	"block-size data. The key needs to be hashed before being used by the HMAC algorithm."
#define NOTHING "what do ya want for nothing?"

static const Case cases[] = {
	{"RFC 2202 case 1", OTP_SHA1, 0x0b, 20, NULL, 0, "Hi There",
	"b617318655057264e28bc0b6fb378c8ef146be00"},
	{"RFC 2202 case 2", OTP_SHA1, 0, 0, "Jefe", 0, NOTHING,
	"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	{"RFC 2202 case 3", OTP_SHA1, 0xaa, 20, NULL, 0xdd, NULL,
	"125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
	{"RFC 2202 case 4", OTP_SHA1, -1, 25, NULL, 0xcd, NULL,
	"4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
	{"RFC 2202 case 5", OTP_SHA1, 0x0c, 20, NULL, 0, "Test With Truncation",
	"4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
	{"RFC 2202 case 6", OTP_SHA1, 0xaa, 80, NULL, 0, HASHED_KEY,
	"aa4ae5e15272d00e95705637ce8a3b55ed402112"},
	{"RFC 2202 case 7", OTP_SHA1, 0xaa, 80, NULL, 0, LONG_1,
	"e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
	{"RFC 4231 case 1, SHA-256", OTP_SHA256, 0x0b, 20, NULL, 0, "Hi There",
	"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{"RFC 4231 case 2, SHA-256", OTP_SHA256, 0, 0, "Jefe", 0, NOTHING,
	"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{"RFC 4231 case 3, SHA-256", OTP_SHA256, 0xaa, 20, NULL, 0xdd, NULL,
	"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{"RFC 4231 case 4, SHA-256", OTP_SHA256, -1, 25, NULL, 0xcd, NULL,
	"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
	{"RFC 4231 case 5, SHA-256", OTP_SHA256, 0x0c, 20, NULL, 0, "Test With Truncation",
	"a3b6167473100ee06e0c796c2955552b"},
	{"RFC 4231 case 6, SHA-256", OTP_SHA256, 0xaa, 131, NULL, 0, HASHED_KEY,
	"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{"RFC 4231 case 7, SHA-256", OTP_SHA256, 0xaa, 131, NULL, 0, LONG_2,
	"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
	{"RFC 4231 case 1, SHA-512", OTP_SHA512, 0x0b, 20, NULL, 0, "Hi There",
	"87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	"daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
	{"RFC 4231 case 2, SHA-512", OTP_SHA512, 0, 0, "Jefe", 0, NOTHING,
	"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
	{"RFC 4231 case 3, SHA-512", OTP_SHA512, 0xaa, 20, NULL, 0xdd, NULL,
	"fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
	"bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"},
	{"RFC 4231 case 4, SHA-512", OTP_SHA512, -1, 25, NULL, 0xcd, NULL,
	"b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
	"a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"},
	{"RFC 4231 case 5, SHA-512", OTP_SHA512, 0x0c, 20, NULL, 0, "Test With Truncation",
	"415fad6271580a531d4179bc891d87a6"},
	{"RFC 4231 case 6, SHA-512", OTP_SHA512, 0xaa, 131, NULL, 0, HASHED_KEY,
	"80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	"6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
	{"RFC 4231 case 7, SHA-512", OTP_SHA512, 0xaa, 131, NULL, 0, LONG_2,
	"e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
	"b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"},
};

static bool
digest_of(OtpHmac *hmac, const void *data, size_t length, uint8_t *digest)
{
	return otp_hmac_begin(hmac) && otp_hmac_add(hmac, data, length) && otp_hmac_end(hmac, digest);
}

/* One object per algorithm takes all its cases, one key after another. */
static void
test_vectors(void)
{
	OtpHmac    *hmacs[] = {NULL, new_hmac(OTP_SHA1), new_hmac(OTP_SHA256), new_hmac(OTP_SHA512)};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		OtpHmac    *hmac = hmacs[c->algorithm];
		uint8_t		key[131];
		uint8_t		data[160];
		uint8_t		want[OTP_DIGEST_MAX];
		uint8_t		got[OTP_DIGEST_MAX];
		size_t		key_length = c->key ? strlen(c->key) : c->key_length;
		size_t		length = c->data ? strlen(c->data) : 50;

		memset(key, c->key_byte, sizeof(key));
		for (size_t k = 0; c->key_byte == -1 && k < key_length; k++)
			key[k] = (uint8_t) (k + 1);
		if (c->key)
			memcpy(key, c->key, key_length);
		memset(data, c->data_byte, sizeof(data));
		if (c->data)
			memcpy(data, c->data, length);

		ok(otp_hmac_key(hmac, key, key_length) && digest_of(hmac, data, length, got),
		   "%s: computed by %s", c->name, method->name);
		is_bytes(got, want, from_hex(c->digest, want), c->name);
		digest_of(hmac, data, length, got);
		is_bytes(got, want, from_hex(c->digest, want), "and once more with the same key");
	}
	for (int a = OTP_SHA1; a <= OTP_SHA512; a++)
		otp_hmac_free(hmacs[a]);
}

/* Is the HMAC of data, in pieces, OpenSSL's? */
static bool
agrees(OtpHmac *hmac, const EVP_MD *md, const uint8_t *key, size_t key_length,
	   const uint8_t *data, size_t length)
{
	uint8_t		got[OTP_DIGEST_MAX];
	uint8_t		want[OTP_DIGEST_MAX];
	bool		ok = otp_hmac_begin(hmac);
	size_t		at = 0;

	for (size_t part = length % 5; at < length; part = part * 2 % 97 + 1)
	{
		size_t		rest = length - at < part ? length - at : part;

		ok &= otp_hmac_add(hmac, data + at, rest) && otp_hmac_add(hmac, NULL, 0);
		at += rest;
	}
	ok &= otp_hmac_end(hmac, got);
	HMAC(md, key, (int) key_length, data, length, want, NULL);
	return ok && memcmp(got, want, (size_t) EVP_MD_get_size(md)) == 0;
}

/* All lengths of keys, one after another in one object, and all of messages under one key. */
static void
test_lengths(OtpAlgorithm algorithm, const EVP_MD *md)
{
	static const size_t more[] = {1024, 0, 200, 1, 129, 20};
	const char *name = otp_algorithm_name(algorithm);
	OtpHmac    *hmac = new_hmac(algorithm);
	uint8_t		bytes[1024];
	bool		keys = true;
	bool		messages = true;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t) (i * 7 + 1);
	for (size_t length = 0; length <= 300; length++)
		keys &= otp_hmac_key(hmac, bytes, length) &&
			agrees(hmac, md, bytes, length, bytes, length * 31 % 301);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		keys &= otp_hmac_key(hmac, bytes, more[i]) && agrees(hmac, md, bytes, more[i], bytes, 300);
	for (size_t length = 0; length <= 300; length++)
		messages &= agrees(hmac, md, bytes, 20, bytes, length);
	ok(keys, "%s, %s: keys of 0 to 300 bytes and more", method->name, name);
	ok(messages, "%s, %s: messages of 0 to 300 bytes", method->name, name);
	otp_hmac_free(hmac);
}

static void
test_order(void)
{
	OtpHmac    *hmac = new_hmac(OTP_SHA256);
	uint8_t		first[32];
	uint8_t		digest[32];

	ok(!otp_hmac_begin(hmac), "no message before a key");
	ok(!otp_hmac_add(hmac, "x", 1), "nothing added before a key");
	ok(!otp_hmac_end(hmac, digest), "no end before a key");
	otp_hmac_wipe(hmac);
	ok(!otp_hmac_begin(hmac), "nor after wiping what had no key");

	ok(otp_hmac_key(hmac, "key", 3) && digest_of(hmac, "data", 4, first), "keyed");
	ok(!otp_hmac_add(hmac, "x", 1), "nothing added before a beginning");
	memset(digest, 0xff, sizeof(digest));
	ok(!otp_hmac_end(hmac, digest), "no second end");
	ok(all_zero(digest, sizeof(digest)), "and what it would have written is wiped");

	otp_hmac_wipe(hmac);
	ok(!otp_hmac_begin(hmac), "no message with a wiped key");
	ok(otp_hmac_key(hmac, "key", 3) && digest_of(hmac, "data", 4, digest), "keyed again");
	is_bytes(digest, first, sizeof(digest), "the same key gives the same digest");

	otp_hmac_begin(hmac);
	otp_hmac_add(hmac, "left", 4);
	otp_hmac_wipe(hmac);
	ok(!otp_hmac_add(hmac, "x", 1), "a message does not outlive its key");
	otp_hmac_key(hmac, "key", 3);
	otp_hmac_begin(hmac);
	otp_hmac_add(hmac, "left", 4);
	digest_of(hmac, "data", 4, digest);
	is_bytes(digest, first, sizeof(digest), "a message left unfinished leaves no trace");
	otp_hmac_begin(hmac);
	ok(otp_hmac_key(hmac, "kez", 3) && !otp_hmac_add(hmac, "x", 1), "a new key ends a message");
	digest_of(hmac, "data", 4, digest);
	ok(memcmp(digest, first, sizeof(digest)) != 0, "another key gives another digest");
	otp_hmac_free(hmac);
	otp_hmac_free(NULL);
}

int
main(void)
{
	for (size_t m = 0; m < METHOD_COUNT; m++)
	{
		method = &methods[m];
		test_vectors();
		test_lengths(OTP_SHA1, EVP_sha1());
		test_lengths(OTP_SHA256, EVP_sha256());
		test_lengths(OTP_SHA512, EVP_sha512());
		test_order();
		ok(new_hmac((OtpAlgorithm) 0) == NULL, "%s: no HMAC of 0", method->name);
		ok(new_hmac((OtpAlgorithm) 4) == NULL, "%s: no HMAC of 4", method->name);
	}
	return done_testing();
}
