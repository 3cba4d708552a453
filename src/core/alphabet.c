/*
 * alphabet.c
 *		The alphabets of issued codes.
 */
#include "alphabet.h"

#include <string.h>

typedef struct Alphabet
{
	const char *name;
	const char *symbols;
} Alphabet;

static const Alphabet alphabets[] = {
	[OTP_ALPHABET_DIGITS] = {"digits", "0123456789"},
	[OTP_ALPHABET_LETTERS] = {"letters", "ABCDEFGHJKMNPQRSTUVWXYZ"},
	[OTP_ALPHABET_ALPHANUMERIC] = {"alphanumeric", "23456789ABCDEFGHJKMNPQRSTUVWXYZ"},
};

static const Alphabet *
find_alphabet(OtpAlphabet alphabet)
{
	if (alphabet < OTP_ALPHABET_DIGITS || alphabet > OTP_ALPHABET_ALPHANUMERIC)
		return NULL;
	return &alphabets[alphabet];
}

const char *
otp_alphabet_symbols(OtpAlphabet alphabet)
{
	const Alphabet *found = find_alphabet(alphabet);

	return found ? found->symbols : NULL;
}

const char *
otp_alphabet_name(OtpAlphabet alphabet)
{
	const Alphabet *found = find_alphabet(alphabet);

	return found ? found->name : NULL;
}

bool
otp_alphabet_by_name(const char *name, OtpAlphabet *alphabet)
{
	for (OtpAlphabet a = OTP_ALPHABET_DIGITS; a <= OTP_ALPHABET_ALPHANUMERIC; a++)
	{
		if (strcmp(name, alphabets[a].name) == 0)
		{
			*alphabet = a;
			return true;
		}
	}
	return false;
}

bool
otp_alphabet_map(OtpAlphabet alphabet, const uint8_t *bytes, size_t n, char *code,
				 size_t length, size_t *filled)
{
	const char *symbols = otp_alphabet_symbols(alphabet);
	unsigned	count;
	unsigned	bound;

	if (!symbols)
		return false;

	/* below the greatest multiple of the count, all remainders are as frequent */
	count = (unsigned) strlen(symbols);
	bound = 256 - 256 % count;
	for (size_t i = 0; i < n && *filled < length; i++)
	{
		if (bytes[i] < bound)
			code[(*filled)++] = symbols[bytes[i] % count];
	}
	return *filled >= length;
}
