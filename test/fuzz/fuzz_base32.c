/*
 * fuzz_base32.c
 *		decode(encode(x)) = x, and whatever decodes is what its bytes encode to.
 */
#include "base32.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MOST 4096

static void
must(int truth)
{
	if (!truth)
		abort();
}

static void
check_encoding(const uint8_t *bytes, size_t size)
{
	char		text[OTP_BASE32_LENGTH_FOR(MOST) + 1];
	uint8_t		back[MOST];
	size_t		length = otp_base32_encode(bytes, size, text);
	size_t		n;
	size_t		position;

	must(length == OTP_BASE32_LENGTH_FOR(size) && strlen(text) == length);
	must(otp_base32_decode(text, length, back, size, &n, &position) == OTP_BASE32_OK);
	must(n == size && memcmp(back, bytes, size) == 0);
}

/* Encoding again gives the symbols of the text, without separators and padding. */
static void
check_text(const char *text, const uint8_t *bytes, size_t n)
{
	char		again[OTP_BASE32_LENGTH_FOR(MOST) + 1];
	size_t		at = 0;

	otp_base32_encode(bytes, n, again);
	for (; *text; text++)
	{
		if (isalnum((unsigned char) *text))
			must(again[at++] == toupper((unsigned char) *text));
		else
			must(strchr(" -\t\r\n=", *text) != NULL);
	}
	must(again[at] == '\0');
}

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[MOST];
	char		text[MOST + 1];
	size_t		n = 0;
	size_t		position = 0;

	if (size > MOST)
		return 0;
	check_encoding(data, size);

	memcpy(text, data, size);
	text[size] = '\0';
	if (otp_base32_decode(text, size, bytes, MOST, &n, &position) == OTP_BASE32_OK)
		check_text(text, bytes, n);
	else
		must(position >= 1 && position <= size);
	if (n > 0)
		must(otp_base32_decode(text, size, bytes, n - 1, &n, &position) == OTP_BASE32_SPACE);
	return 0;
}
