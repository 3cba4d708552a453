/*
 * test_base64.c
 *		Base64: the vectors of RFC 4648, white space, and what is refused.
 */
#include "base64.h"

#include <stdlib.h>

#include "tap.h"

static void
decodes(const char *text, const char *want)
{
	uint8_t		bytes[64];
	size_t		n = 99;

	ok(otp_base64_decode(text, strlen(text), bytes, sizeof(bytes), &n) && n == strlen(want) &&
	   memcmp(bytes, want, n) == 0, "\"%s\" decodes", text);
}

static void
refuses(const char *text)
{
	uint8_t		bytes[64];
	size_t		n;
	char	   *copy = malloc(strlen(text));

	memcpy(copy, text, strlen(text));
	memset(bytes, 0, sizeof(bytes));
	ok(!otp_base64_decode(copy, strlen(text), bytes, sizeof(bytes), &n), "\"%s\" is refused", text);
	ok(all_zero(bytes, sizeof(bytes)), "and nothing is left");
	free(copy);
}

/* Each symbol stands for its value, and no other byte for any. */
static void
test_alphabet(void)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	bool		right = true;

	for (int c = 0; c < 256; c++)
	{
		const char *place = c == 0 ? NULL : strchr(alphabet, c);
		char		text[] = {'A', 'A', 'A', (char) c};
		uint8_t		bytes[3];
		size_t		n;
		bool		decoded = otp_base64_decode(text, 4, bytes, 3, &n);

		right &= decoded == (place != NULL || c == '=');
		if (decoded && place)
			right &= n == 3 && bytes[2] == place - alphabet;
	}
	ok(right, "the alphabet");
}

int
main(void)
{
	uint8_t		bytes[2];
	size_t		n;

	decodes("", "");
	decodes("Zg==", "f");
	decodes("Zm8=", "fo");
	decodes("Zm9v", "foo");
	decodes("Zm9vYg==", "foob");
	decodes("Zm9vYmE=", "fooba");
	decodes("Zm9vYmFy", "foobar");
	decodes(" Zm9v\r\n\tYm E = ", "fooba");
	decodes("+/+/", "\xfb\xff\xbf");
	test_alphabet();

	refuses("Z");
	refuses("Zg");
	refuses("Zg=");
	refuses("Zm8");
	refuses("Zg===");
	refuses("Zh==");
	refuses("Zm9=");
	refuses("Zg==Zg==");
	refuses("====");
	refuses("Zm9v=");
	refuses("Zm-v");
	refuses("Zm_v");
	ok(!otp_base64_decode("Zm9v", 4, bytes, 2, &n), "no room");
	return done_testing();
}
