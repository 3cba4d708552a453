/*
 * test_alphabet.c
 *		The alphabets, and that no symbol is more frequent than another.
 *
 * Requirements: 22, 35.
 */
#include "alphabet.h"

#include "tap.h"

static const OtpAlphabet alphabets[] = {
	OTP_ALPHABET_DIGITS, OTP_ALPHABET_LETTERS, OTP_ALPHABET_ALPHANUMERIC
};

static void
test_symbols(OtpAlphabet alphabet, const char *name, size_t count, const char *look_alikes)
{
	const char *symbols = otp_alphabet_symbols(alphabet);
	OtpAlphabet found = (OtpAlphabet) 0;
	bool		unique = true;

	is_string(otp_alphabet_name(alphabet), name, "name");
	ok(otp_alphabet_by_name(name, &found) && found == alphabet, "%s: found by name", name);
	is_integer(strlen(symbols), (long long) count, "number of symbols");
	ok(strspn(symbols, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == count,
	   "%s: digits and upper case only", name);
	ok(strcspn(symbols, look_alikes) == count, "%s: without look-alikes", name);
	for (const char *s = symbols; *s; s++)
		unique &= strchr(s + 1, *s) == NULL;
	ok(unique, "%s: all symbols different", name);
}

/* All 256 bytes, one by one: each symbol comes from equally many. */
static void
test_bias(OtpAlphabet alphabet, int first_rejected)
{
	const char *symbols = otp_alphabet_symbols(alphabet);
	int			count = (int) strlen(symbols);
	int			hits[128] = {0};
	int			least_rejected = 256;
	int			rejected = 0;
	bool		even = true;

	for (int byte = 0; byte < 256; byte++)
	{
		uint8_t		b = (uint8_t) byte;
		char		code[1];
		size_t		filled = 0;

		if (otp_alphabet_map(alphabet, &b, 1, code, 1, &filled) && filled == 1)
			hits[(int) code[0]]++;
		else
		{
			rejected++;
			if (byte < least_rejected)
				least_rejected = byte;
		}
	}
	for (int i = 0; i < count; i++)
		even &= hits[(int) symbols[i]] == 256 / count;
	ok(even, "%s: no symbol is favoured", otp_alphabet_name(alphabet));
	is_integer(least_rejected, first_rejected, "the first byte rejected");
	is_integer(rejected, 256 - first_rejected, "and all after it");
}

static void
test_resumption(void)
{
	static const uint8_t bytes[] = {0, 250, 11, 255, 22, 33, 249};
	char		code[6] = "xxxxx";
	size_t		filled = 0;

	ok(!otp_alphabet_map(OTP_ALPHABET_DIGITS, bytes, 0, code, 5, &filled), "no bytes");
	is_integer(filled, 0, "fill nothing");
	ok(!otp_alphabet_map(OTP_ALPHABET_DIGITS, bytes, 4, code, 5, &filled), "too few bytes");
	is_integer(filled, 2, "fill two places");
	is_string(code, "01xxx", "and no other");
	ok(!otp_alphabet_map(OTP_ALPHABET_DIGITS, bytes + 1, 1, code, 5, &filled), "a rejected byte");
	is_integer(filled, 2, "fills nothing");
	ok(otp_alphabet_map(OTP_ALPHABET_DIGITS, bytes + 4, 3, code, 5, &filled), "the rest");
	is_string(code, "01239", "resumed where it stopped");
	ok(otp_alphabet_map(OTP_ALPHABET_DIGITS, bytes, 7, code, 5, &filled) && filled == 5,
	   "full is full");
	is_string(code, "01239", "and stays");
	filled = 0;
	ok(otp_alphabet_map(OTP_ALPHABET_DIGITS, bytes, 7, code, 2, &filled) && filled == 2,
	   "not beyond the length");
}

static void
test_unknown(void)
{
	static const uint8_t bytes[64] = {0};
	char		code[8] = "";

	for (int number = -1; number <= 4; number++)
	{
		OtpAlphabet alphabet = (OtpAlphabet) number;
		size_t		filled = 0;

		if (number >= 1 && number <= 3)
			continue;
		ok(!otp_alphabet_symbols(alphabet) && !otp_alphabet_name(alphabet) &&
		   !otp_alphabet_map(alphabet, bytes, 64, code, 4, &filled) && filled == 0,
		   "alphabet %d is none", number);
	}
	for (int i = 0; i < 3; i++)
	{
		static const char *const names[] = {"", "Digits", "digitss"};
		OtpAlphabet alphabet = OTP_ALPHABET_LETTERS;

		ok(!otp_alphabet_by_name(names[i], &alphabet) && alphabet == OTP_ALPHABET_LETTERS,
		   "no alphabet \"%s\"", names[i]);
	}
}

int
main(void)
{
	is_integer(alphabets[0], 1, "number of digits");
	is_integer(alphabets[1], 2, "number of letters");
	is_integer(alphabets[2], 3, "number of alphanumeric");
	test_symbols(OTP_ALPHABET_DIGITS, "digits", 10, "");
	test_symbols(OTP_ALPHABET_LETTERS, "letters", 23, "ILO0123456789");
	test_symbols(OTP_ALPHABET_ALPHANUMERIC, "alphanumeric", 31, "01ILO");
	test_bias(OTP_ALPHABET_DIGITS, 250);
	test_bias(OTP_ALPHABET_LETTERS, 253);
	test_bias(OTP_ALPHABET_ALPHANUMERIC, 248);
	test_resumption();
	test_unknown();
	return done_testing();
}
