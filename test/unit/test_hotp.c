/*
 * test_hotp.c
 *		HOTP against RFC 4226 appendix D, TOTP against RFC 6238 appendix B.
 *
 * Requirements: 17, 23.
 */
#include "hotp.h"

#include "methods.h"
#include "tap.h"

#define SEED "12345678901234567890"
#define SEED_64 "1234567890123456789012345678901234567890123456789012345678901234"

static OtpSecret
secret_of(OtpAlgorithm algorithm, int digits, size_t key_length)
{
	return (OtpSecret) {.algorithm = algorithm, .digits = digits, .period = 30,
						.key_length = key_length, .key = (const uint8_t *) SEED_64};
}

static OtpHmac *
key_of(const OtpSecret *secret)
{
	OtpHmac    *key = new_hmac(secret->algorithm);

	if (key)
		otp_hmac_key(key, secret->key, secret->key_length);
	return key;
}

static bool
hotp(const OtpSecret *secret, uint64_t counter, char *code)
{
	OtpHmac    *key = key_of(secret);
	bool		ok = otp_hotp(key, secret->digits, counter, code);

	otp_hmac_free(key);
	return ok;
}

static const char *const rfc_4226_codes[] = {
	"755224", "287082", "359152", "969429", "338314",
	"254676", "287922", "162583", "399871", "520489",
};

static void
test_rfc_4226(void)
{
	static const char *const digests[] = {
		"cc93cf18508d94934c64b65d8ba7667fb7cde4b0", "75a48a19d4cbe100644e8ac1397eea747a2d33ab",
		"0bacb7fa082fef30782211938bc1c5e70416ff44", "66c28227d03a2d5529262ff016a1e6ef76557ece",
		"a904c900a64b35909874b33e61c5938a8e15ed1c", "a37e783d7b7233c083d4f62926c7a25f238d0316",
		"bc9cd28561042c83f219324d3c607256c03272ae", "a4fb960c0bc06e1eabb804e5b397cdc4b45596fa",
		"1b3c89f65e6c9e883012052823443f048b4332db", "1637409809a679dc698207310c8c7fc07290d9e5",
	};
	static const char *const truncated[] = {
		"1284755224", "1094287082", "0137359152", "1726969429", "1640338314",
		"0868254676", "1918287922", "0082162583", "0673399871", "0645520489",
	};
	OtpSecret	six = secret_of(OTP_SHA1, 6, 20);
	OtpSecret	ten = secret_of(OTP_SHA1, 10, 20);
	OtpHmac    *hmac = new_hmac(OTP_SHA1);
	char		code[OTP_DIGITS_MAX + 1];
	uint8_t		want[20];
	uint8_t		got[20];

	otp_hmac_key(hmac, SEED, 20);
	for (int i = 0; i < 10; i++)
	{
		uint8_t		counter[8] = {0, 0, 0, 0, 0, 0, 0, (uint8_t) i};

		otp_hmac_begin(hmac);
		otp_hmac_add(hmac, counter, 8);
		otp_hmac_end(hmac, got);
		is_bytes(got, want, from_hex(digests[i], want), "RFC 4226 appendix D, HMAC");
		ok(hotp(&ten, (uint64_t) i, code), "counter %d", i);
		is_string(code, truncated[i], "RFC 4226 appendix D, truncated, in ten digits");
		hotp(&six, (uint64_t) i, code);
		is_string(code, rfc_4226_codes[i], "RFC 4226 appendix D, HOTP");
	}
	otp_hmac_free(hmac);
}

static void
test_rfc_6238(void)
{
	static const int64_t times[] = {
		59, 1111111109, 1111111111, 1234567890, 2000000000, INT64_C(20000000000)
	};
	static const struct
	{
		OtpAlgorithm algorithm;
		size_t		seed;
		const char *codes[6];
	}			vectors[] = {
		{OTP_SHA1, 20, {"94287082", "07081804", "14050471", "89005924", "69279037", "65353130"}},
		{OTP_SHA256, 32, {"46119246", "68084774", "67062674", "91819424", "90698825", "77737706"}},
		{OTP_SHA512, 64, {"90693936", "25091201", "99943326", "93441116", "38618901", "47863826"}},
	};
	char		code[OTP_DIGITS_MAX + 1];

	for (int v = 0; v < 3; v++)
	{
		OtpSecret	secret = secret_of(vectors[v].algorithm, 8, vectors[v].seed);

		for (int i = 0; i < 6; i++)
		{
			hotp(&secret, (uint64_t) otp_totp_step(times[i], 30), code);
			is_string(code, vectors[v].codes[i], "RFC 6238 appendix B");
		}
	}
}

/* Of ten digits all lesser numbers are the tail. */
static void
test_digits(void)
{
	char		ten[OTP_DIGITS_MAX + 1];
	char		code[OTP_DIGITS_MAX + 1];
	OtpSecret	secret = secret_of(OTP_SHA256, 10, 32);
	bool		tails = true;

	hotp(&secret, UINT64_C(0xfedcba9876543210), ten);
	is_integer(strlen(ten), 10, "ten digits");
	for (secret.digits = OTP_DIGITS_MIN; secret.digits <= OTP_DIGITS_MAX; secret.digits++)
		tails &= hotp(&secret, UINT64_C(0xfedcba9876543210), code) &&
				 strcmp(code, ten + 10 - secret.digits) == 0;
	ok(tails, "6 to 10 digits are tails of one number");

	for (secret.digits = 5; secret.digits <= 11; secret.digits += 6)
	{
		strcpy(code, "x");
		ok(!hotp(&secret, 1, code) && code[0] == '\0', "no %d digits", secret.digits);
	}
}

static int
find(const OtpSecret *secret, const char *guess, const uint64_t *counters, int count)
{
	OtpHmac    *key = key_of(secret);
	int			match = 77;
	bool		ok = otp_hotp_search(key, secret->digits, guess, strlen(guess), counters, count,
									 &match);

	otp_hmac_free(key);
	return ok ? match : match == -1 ? -2 : -3;
}

static int
find_run(const OtpSecret *secret, int run, const char *const *guesses, int count)
{
	static const uint64_t counters[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2};
	OtpHmac    *key = key_of(secret);
	size_t		lengths[OTP_RUN_MAX + 1];
	int			match = 77;
	bool		ok;

	for (int i = 0; i < run; i++)
		lengths[i] = strlen(guesses[i]);
	ok = otp_hotp_search_run(key, secret->digits, run, guesses, lengths, counters, count, &match);
	otp_hmac_free(key);
	return ok ? match : match == -1 ? -2 : -3;
}

static int
find_pair(const OtpSecret *secret, const char *guess, const char *second, int count)
{
	const char *guesses[] = {guess, second};

	return find_run(secret, 2, guesses, count);
}

static void
test_search_run(void)
{
	OtpSecret	secret = secret_of(OTP_SHA1, 6, 20);
	const char *const *codes = rfc_4226_codes;
	const char *broken[] = {codes[2], codes[3], codes[5], codes[5]};
	const char *again[] = {codes[1], codes[2], codes[1]};
	const char *eleven[OTP_RUN_MAX + 1] = {codes[0]};

	is_integer(find_pair(&secret, codes[0], codes[1], 12), 0, "a pair in the first place");
	is_integer(find_pair(&secret, codes[8], codes[9], 10), 8, "in the last");
	is_integer(find_pair(&secret, codes[8], codes[9], 9), -1, "not beyond the count");
	is_integer(find_pair(&secret, codes[1], codes[2], 12), 1, "the least of two places");
	is_integer(find_pair(&secret, codes[9], codes[1], 12), 9, "as the counters stand");
	is_integer(find_pair(&secret, codes[2], codes[1], 12), -1, "not the other way round");
	is_integer(find_pair(&secret, codes[3], codes[5], 12), -1, "not with one between");
	is_integer(find_pair(&secret, codes[3], codes[3], 12), -1, "not the same one twice");
	is_integer(find_pair(&secret, codes[3], "000000", 12), -1, "not the first alone");
	is_integer(find_pair(&secret, "000000", codes[3], 12), -1, "not the second alone");
	is_integer(find_pair(&secret, codes[3], "", 12), -1, "no second");
	is_integer(find_pair(&secret, codes[0], codes[1], 1), -1, "one counter is no pair");
	is_integer(find_run(&secret, 10, codes, 12), 0, "a run of ten");
	is_integer(find_run(&secret, 10, codes, 9), -1, "not beyond the count");
	is_integer(find_run(&secret, 4, codes + 6, 12), 6, "a run at the end");
	is_integer(find_run(&secret, 4, broken, 12), -1, "not with one wrong");
	is_integer(find_run(&secret, 3, again, 12), -1, "not with one again");
	for (int i = 1; i <= OTP_RUN_MAX; i++)
		eleven[i] = codes[0];
	is_integer(find_run(&secret, OTP_RUN_MAX + 1, eleven, 12), -2, "no run of eleven");
	is_integer(find_run(&secret, 0, codes, 12), -2, "no run of none");
	secret.digits = 11;
	is_integer(find_pair(&secret, codes[0], codes[1], 12), -2, "no 11 digits");
}

static void
test_search(void)
{
	static const uint64_t counters[] = {9, 3, 5, 3, 0, UINT64_MAX, 7};
	OtpSecret	secret = secret_of(OTP_SHA1, 6, 20);
	OtpSecret	ten = secret_of(OTP_SHA512, 10, 64);
	char		code[OTP_DIGITS_MAX + 1];
	char		changed[OTP_DIGITS_MAX + 1];
	bool		all = true;

	is_integer(find(&secret, rfc_4226_codes[9], counters, 7), 0, "found in the first place");
	is_integer(find(&secret, rfc_4226_codes[3], counters, 7), 1, "the least of two places");
	is_integer(find(&secret, rfc_4226_codes[0], counters, 7), 4, "found in the middle");
	is_integer(find(&secret, rfc_4226_codes[7], counters, 7), 6, "found in the last place");
	is_integer(find(&secret, rfc_4226_codes[7], counters, 6), -1, "not beyond the count");
	is_integer(find(&secret, rfc_4226_codes[8], counters, 7), -1, "not among the counters");
	is_integer(find(&secret, rfc_4226_codes[9], counters, 0), -1, "not among no counters");

	hotp(&secret, UINT64_MAX, code);
	is_integer(find(&secret, code, counters, 7), 5, "a negative counter, as two's complement");
	for (int i = 0; i < 6; i++)
	{
		strcpy(changed, code);
		changed[i] = changed[i] == '9' ? '0' : (char) (changed[i] + 1);
		all &= find(&secret, changed, counters, 7) == -1;
	}
	ok(all, "each digit counts");

	is_integer(find(&secret, "75522", counters, 7), -1, "too short a guess");
	is_integer(find(&secret, "", counters, 7), -1, "an empty guess");
	is_integer(find(&secret, "5204890", counters, 7), -1, "too long a guess");
	is_integer(find(&secret, "52048952048952048952048952048952", counters, 7), -1,
			   "the longest canonical guess");
	all = true;
	for (uint64_t i = 0; i < 7; i++)
		all &= hotp(&ten, counters[i], code) && find(&ten, code, &counters[i], 1) == 0;
	ok(all, "ten digits");
	secret.digits = 11;
	is_integer(find(&secret, "755224", counters, 7), -2, "misuse matches nothing");
}

/* How many digests were computed. */
static int	computed;

static bool
counted_end(OtpDigest *digest, uint8_t *out)
{
	computed++;
	return method->digest->end(digest, out);
}

/* All of the window is computed and compared, wherever the match is, and if there is none. */
static void
test_whole_window(void)
{
	static const uint64_t counters[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
	static const char *const guesses[][3] = {
		{"755224", "287082", "359152"}, {"287922", "162583", "399871"}, {"399871", "520489", "000000"},
		{"000000", "000000", "000000"}, {"75522", "", ""}
	};
	OtpDigestMethod counting = *method->digest;
	OtpHmac    *key;
	int			matches = 0;
	int			first = 0;

	counting.end = counted_end;
	key = otp_hmac_new_by(&counting, OTP_SHA1);
	for (int i = 0; i < 5; i++)
	{
		for (int run = 1; run <= 3; run++)
		{
			size_t		lengths[3];
			int			match;

			for (int j = 0; j < run; j++)
				lengths[j] = strlen(guesses[i][j]);
			otp_hmac_key(key, SEED, 20);
			computed = 0;
			if (run == 1)
				otp_hotp_search(key, 6, guesses[i][0], lengths[0], counters, 10, &match);
			else
				otp_hotp_search_run(key, 6, run, guesses[i], lengths, counters, 10, &match);
			matches += match >= 0;
			first = i == 0 && run == 1 ? computed : first;
			is_integer(computed, first, "as many digests wherever the match is");
		}
	}
	otp_hmac_free(key);
	is_integer(matches, 8, "and some match");
	ok(first >= 10 && first % 10 == 0, "as many for each counter");
}

static void
test_steps(void)
{
	is_integer(otp_totp_step(0, 30), 0, "step of 0");
	is_integer(otp_totp_step(29, 30), 0, "step of 29");
	is_integer(otp_totp_step(30, 30), 1, "step of 30");
	is_integer(otp_totp_step(59, 30), 1, "step of 59");
	is_integer(otp_totp_step(-1, 30), -1, "step of -1");
	is_integer(otp_totp_step(-30, 30), -1, "step of -30");
	is_integer(otp_totp_step(-31, 30), -2, "step of -31");
	is_integer(otp_totp_step(INT64_C(4294967295), 30), 143165576, "the last second in 32 bits");
	is_integer(otp_totp_step(INT64_C(4294967310), 30), 143165577, "and beyond, in 2106");
	is_integer(otp_totp_step(INT64_C(1) << 40, 30), 36650387592, "far in the future");
	is_integer(otp_totp_step(INT64_C(1) << 40, 1), INT64_C(1) << 40, "steps beyond 32 bits");
	is_integer(otp_totp_step(INT64_MAX, 1), INT64_MAX, "the end of time");
	is_integer(otp_totp_step(INT64_MIN, 1), INT64_MIN, "the beginning of time");
	is_integer(otp_totp_step(INT64_MIN, 86400), -106751991167301, "rounded down");
}

/* A step before 1970 is the counter 2^64 - 1; computed apart with HMAC. */
static void
test_negative(void)
{
	static const uint8_t counter[8] = {255, 255, 255, 255, 255, 255, 255, 255};
	OtpSecret	secret = secret_of(OTP_SHA1, 10, 20);
	OtpHmac    *hmac = new_hmac(OTP_SHA1);
	uint8_t		d[20];
	char		code[OTP_DIGITS_MAX + 1];
	char		want[OTP_DIGITS_MAX + 1];
	unsigned	at;

	otp_hmac_key(hmac, SEED, 20);
	otp_hmac_begin(hmac);
	otp_hmac_add(hmac, counter, 8);
	otp_hmac_end(hmac, d);
	at = d[19] % 16;
	snprintf(want, sizeof(want), "%010u",
			 (d[at] % 128U) << 24 | (unsigned) d[at + 1] << 16 | (unsigned) d[at + 2] << 8 | d[at + 3]);
	hotp(&secret, (uint64_t) otp_totp_step(-1, 30), code);
	is_string(code, want, "the code of a step before 1970");
	otp_hmac_free(hmac);
}

int
main(void)
{
	for (size_t m = 0; m < METHOD_COUNT; m++)
	{
		method = &methods[m];
		test_rfc_4226();
		test_rfc_6238();
		test_digits();
		test_search();
		test_search_run();
		test_whole_window();
		test_negative();
	}
	test_steps();
	return done_testing();
}
