/*
 * test_derive.c
 *		Codes and digests of guesses, against a computation apart: OpenSSL's
 *		one-shot HMAC over a message put together here.
 *
 * Requirements: 19.
 */
#include "derive.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "methods.h"
#include "tap.h"

static const char key_text[] = "a key of thirty-two bytes, known";

#define KEY_LENGTH 32

static const OtpBytes no_state = {NULL, 0};

static OtpHmac *
new_key(const char *text)
{
	OtpHmac    *key = new_hmac(OTP_SHA256);

	otp_hmac_key(key, text, KEY_LENGTH);
	return key;
}

static OtpBinding
binding_of(const char *user, const char *purpose, const char *context, uint8_t nonce)
{
	OtpBinding	binding = {{user, strlen(user)}, {purpose, strlen(purpose)},
						   {context, strlen(context)}, {0}};

	memset(binding.nonce, nonce, OTP_NONCE_SIZE);
	return binding;
}

static uint8_t *
put_field(uint8_t *at, const void *data, size_t length)
{
	memset(at, 0, 6);
	at[6] = (uint8_t) (length >> 8);	/* no field of the tests is longer */
	at[7] = (uint8_t) length;
	if (length > 0)
		memcpy(at + 8, data, length);
	return at + 8 + length;
}

static void
reference(const char *kind, const OtpBinding *b, const void *last, size_t last_length,
		  uint8_t block[32])
{
	uint8_t		message[2048];
	uint8_t    *at = message;

	at = put_field(at, kind, strlen(kind));
	at = put_field(at, b->user.data, b->user.length);
	at = put_field(at, b->purpose.data, b->purpose.length);
	at = put_field(at, b->context.data, b->context.length);
	at = put_field(at, b->nonce, 16);
	at = put_field(at, last, last_length);
	HMAC(EVP_sha256(), key_text, KEY_LENGTH, message, (size_t) (at - message), block, NULL);
}

/* Returns how many blocks were needed. */
static int
reference_code(const OtpBinding *b, const char *symbols, size_t length, char *code, uint8_t tag[8])
{
	int			count = (int) strlen(symbols);
	size_t		filled = 0;

	for (uint8_t number = 0;; number++)
	{
		uint8_t		field[4] = {0, 0, 0, number};
		uint8_t		block[32];

		reference("code", b, field, 4, block);
		if (number == 0)
			memcpy(tag, block + 24, 8);
		for (int i = 0; i < (number == 0 ? 24 : 32); i++)
		{
			if (filled < length && block[i] < 256 / count * count)
				code[filled++] = symbols[block[i] % count];
		}
		code[filled] = '\0';
		if (filled == length)
			return number + 1;
	}
}

static bool
agrees(OtpHmac *key, const OtpBinding *b, OtpAlphabet alphabet, size_t length, int *blocks)
{
	char		code[OTP_CODE_MAX + 1];
	char		want[OTP_CODE_MAX + 1];
	uint8_t		tag[OTP_TAG_SIZE];
	uint8_t		want_tag[OTP_TAG_SIZE];

	*blocks = reference_code(b, otp_alphabet_symbols(alphabet), length, want, want_tag);
	return otp_derive_code(key, b, alphabet, length, code, tag) && strcmp(code, want) == 0 &&
		   memcmp(tag, want_tag, OTP_TAG_SIZE) == 0;
}

/* Fields of every length, among them those that end at any multiple of 256 bytes. */
static void
test_field_lengths(OtpHmac *key)
{
	char		text[700];
	bool		all = true;
	int			blocks;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char) ('a' + i % 26);
	for (size_t length = 0; length <= sizeof(text); length++)
	{
		OtpBinding	b = binding_of("alice", "login", "", 3);

		b.context.data = text;
		b.context.length = length;
		all = all && agrees(key, &b, OTP_ALPHABET_DIGITS, 6, &blocks);
		b.user = b.context;
		all = all && agrees(key, &b, OTP_ALPHABET_DIGITS, 6, &blocks);
	}
	ok(all, "fields of 0 to 700 bytes give the code of the computation apart");
}

static void
test_reference(OtpHmac *key)
{
	OtpBinding	b = binding_of("alice", "login", "", 7);
	bool		all = true;
	bool		two = true;
	int			blocks;
	int			rejections = 0;

	for (int a = OTP_ALPHABET_DIGITS; a <= OTP_ALPHABET_ALPHANUMERIC; a++)
	{
		for (size_t length = OTP_CODE_MIN; length <= OTP_CODE_MAX; length++)
		{
			all &= agrees(key, &b, (OtpAlphabet) a, length, &blocks);
			two &= length <= 24 || blocks >= 2;
		}
	}
	ok(all, "all alphabets and lengths agree with the computation apart");
	ok(two, "more than 24 symbols need a second block");

	/* a code of 24 symbols at most that too many rejections drive into block 1 */
	for (uint8_t nonce = 0; nonce < 200; nonce++)
	{
		b = binding_of("bob", "payment", "10 EUR to carol", nonce);
		all &= agrees(key, &b, OTP_ALPHABET_ALPHANUMERIC, 23, &blocks);
		rejections += blocks == 2;
	}
	ok(rejections > 0 && rejections < 200, "some of 200 codes of 23 symbols need a second block");
	ok(all, "and all agree with the computation apart");
}

/* Written down once, so that a stored nonce gives the same code in every release. */
static void
test_known(OtpHmac *key)
{
	OtpBinding	b = binding_of("alice", "login", "context", 1);
	char		code[OTP_CODE_MAX + 1];
	uint8_t		tag[OTP_TAG_SIZE];
	uint8_t		want[OTP_TAG_SIZE];

	otp_derive_code(key, &b, OTP_ALPHABET_DIGITS, 6, code, tag);
	is_string(code, "526769", "known code of six digits");
	is_bytes(tag, want, from_hex("7f32c059c6dae982", want), "known tag");
	otp_derive_code(key, &b, OTP_ALPHABET_ALPHANUMERIC, 32, code, tag);
	is_string(code, "PWUQRS9PMDDEHPAFYUY4FH573EWHYYAW", "known code of 32 symbols");
	otp_derive_guess(key, &b, no_state, "123456", 6, tag);
	is_bytes(tag, want, from_hex("51aee90e02a5d1ba", want), "known digest of a guess");
}

typedef struct Outcome
{
	char		code[OTP_CODE_MAX + 1];
	uint8_t		tag[OTP_TAG_SIZE];
	uint8_t		guess[OTP_TAG_SIZE];
} Outcome;

static Outcome
outcome(OtpHmac *key, OtpBinding b)
{
	Outcome		o = {0};

	ok(otp_derive_code(key, &b, OTP_ALPHABET_ALPHANUMERIC, 16, o.code, o.tag) &&
	   otp_derive_guess(key, &b, no_state, "123456", 6, o.guess), "derived");
	return o;
}

static void
differ(Outcome a, Outcome b, const char *what)
{
	ok(strcmp(a.code, b.code) != 0, "%s changes the code", what);
	ok(memcmp(a.tag, b.tag, OTP_TAG_SIZE) != 0, "%s changes the tag", what);
	ok(memcmp(a.guess, b.guess, OTP_TAG_SIZE) != 0, "%s changes the digest of a guess", what);
}

static void
test_binding(OtpHmac *key)
{
	OtpHmac    *other = new_key("another key of thirty-two bytes!");
	Outcome		base = outcome(key, binding_of("alice", "login", "10 EUR", 1));
	Outcome		again = outcome(key, binding_of("alice", "login", "10 EUR", 1));

	ok(memcmp(&base, &again, sizeof(base)) == 0, "the same binding, the same outcome");
	differ(base, outcome(key, binding_of("alicf", "login", "10 EUR", 1)), "the user");
	differ(base, outcome(key, binding_of("alice", "logim", "10 EUR", 1)), "the purpose");
	differ(base, outcome(key, binding_of("alice", "login", "11 EUR", 1)), "the context");
	differ(base, outcome(key, binding_of("alice", "login", "10 EUR ", 1)), "a longer context");
	differ(base, outcome(key, binding_of("alice", "login", "", 1)), "no context");
	differ(base, outcome(key, binding_of("alice", "login", "10 EUR", 2)), "the nonce");
	differ(base, outcome(other, binding_of("alice", "login", "10 EUR", 1)), "the key");
	differ(outcome(key, binding_of("ab", "c", "", 1)), outcome(key, binding_of("a", "bc", "", 1)),
		   "the border of user and purpose");
	differ(outcome(key, binding_of("a", "bc", "d", 1)), outcome(key, binding_of("a", "b", "cd", 1)),
		   "the border of purpose and context");
	differ(outcome(key, binding_of("", "a", "", 1)), outcome(key, binding_of("a", "", "", 1)),
		   "an empty field's place");
	otp_hmac_free(other);
}

static void
test_guesses(OtpHmac *key)
{
	OtpBinding	b = binding_of("alice", "login", "", 1);
	uint8_t		first[OTP_TAG_SIZE];
	uint8_t		digest[OTP_TAG_SIZE];
	uint8_t		block[32];

	ok(otp_derive_guess(key, &b, no_state, "123456", 6, first), "a guess");
	reference("guess", &b, "123456", 6, block);
	is_bytes(first, block, OTP_TAG_SIZE, "agrees with the computation apart");
	otp_derive_guess(key, &b, no_state, "123457", 6, digest);
	ok(memcmp(first, digest, OTP_TAG_SIZE) != 0, "another guess, another digest");
	otp_derive_guess(key, &b, no_state, "12345", 5, digest);
	ok(memcmp(first, digest, OTP_TAG_SIZE) != 0, "a shorter guess, another digest");

	otp_derive_guess(key, &b, (OtpBytes) {"step 1", 6}, "123456", 6, digest);
	ok(memcmp(first, digest, OTP_TAG_SIZE) != 0, "aimed at something else, another digest");
	otp_derive_guess(key, &b, (OtpBytes) {"step 2", 6}, "123456", 6, block);
	ok(memcmp(block, digest, OTP_TAG_SIZE) != 0, "and again another");
	otp_derive_guess(key, &b, (OtpBytes) {"1", 1}, "23456", 5, digest);
	ok(memcmp(first, digest, OTP_TAG_SIZE) != 0, "what it is aimed at is no part of the guess");

	/* a guess of the four bytes of a block number is still no code */
	reference("code", &b, "\0\0\0\0", 4, block);
	otp_derive_guess(key, &b, no_state, "\0\0\0\0", 4, digest);
	ok(memcmp(block, digest, OTP_TAG_SIZE) != 0, "guesses and codes are apart");
}

/* The tag is stored: it must not be what the code was made of. */
static void
test_tag(OtpHmac *key)
{
	OtpBinding	b = binding_of("alice", "login", "", 1);
	char		code[OTP_CODE_MAX + 1];
	char		mapped[OTP_TAG_SIZE];
	uint8_t		tag[OTP_TAG_SIZE];
	size_t		filled = 0;
	bool		seen = false;

	otp_derive_code(key, &b, OTP_ALPHABET_DIGITS, 24, code, tag);
	otp_alphabet_map(OTP_ALPHABET_DIGITS, tag, OTP_TAG_SIZE, mapped, OTP_TAG_SIZE, &filled);
	for (size_t i = 0; i + filled <= 24; i++)
		seen |= memcmp(code + i, mapped, filled) == 0;
	ok(filled > 4 && !seen, "the tag's bytes are not those of the code");
}

static void
test_failures(void)
{
	OtpHmac    *key = new_hmac(OTP_SHA256);
	OtpBinding	b = binding_of("alice", "login", "", 1);
	char		code[OTP_CODE_MAX + 1];
	uint8_t		tag[OTP_TAG_SIZE];

	memset(code, 'x', sizeof(code));
	memset(tag, 'x', sizeof(tag));
	ok(!otp_derive_code(key, &b, OTP_ALPHABET_DIGITS, 8, code, tag), "no code without a key");
	ok(all_zero(code, 9) && code[9] == 'x' && all_zero(tag, sizeof(tag)), "code and tag are wiped");
	memset(tag, 'x', sizeof(tag));
	ok(!otp_derive_guess(key, &b, no_state, "123456", 6, tag) && all_zero(tag, sizeof(tag)),
	   "no digest of a guess without a key");
	otp_hmac_key(key, key_text, KEY_LENGTH);
	ok(!otp_derive_code(key, &b, (OtpAlphabet) 4, 8, code, tag), "no code of no alphabet");
	otp_hmac_free(key);
}

int
main(void)
{
	for (size_t m = 0; m < METHOD_COUNT; m++)
	{
		OtpHmac    *key;

		method = &methods[m];
		key = new_key(key_text);
		test_reference(key);
		test_field_lengths(key);
		test_known(key);
		test_binding(key);
		test_guesses(key);
		test_tag(key);
		test_failures();
		otp_hmac_free(key);
	}
	return done_testing();
}
