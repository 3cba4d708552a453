/*
 * test_base32.c
 *		Base32 against RFC 4648 section 10, and what is refused, and where.
 */
#include "base32.h"

#include "tap.h"

static void
test_rfc_4648(void)
{
	static const char *const vectors[][3] = {
		{"", "", ""},
		{"f", "MY", "MY======"},
		{"fo", "MZXQ", "MZXQ===="},
		{"foo", "MZXW6", "MZXW6==="},
		{"foob", "MZXW6YQ", "MZXW6YQ="},
		{"fooba", "MZXW6YTB", "MZXW6YTB"},
		{"foobar", "MZXW6YTBOI", "MZXW6YTBOI======"},
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		size_t		length = strlen(vectors[i][0]);
		char		text[16] = "garbage";

		is_integer(otp_base32_encode((const uint8_t *) vectors[i][0], length, text),
				   (long long) strlen(vectors[i][1]), "RFC 4648 section 10, length");
		is_string(text, vectors[i][1], "RFC 4648 section 10, encoded");
		for (int padded = 1; padded <= 2; padded++)
		{
			const char *input = vectors[i][padded];
			uint8_t		bytes[6];
			size_t		n = 99;
			size_t		position = 99;

			is_integer(otp_base32_decode(input, strlen(input), bytes, length, &n, &position),
					   OTP_BASE32_OK, "RFC 4648 section 10, decoded");
			ok(n == length && memcmp(bytes, vectors[i][0], n) == 0, "to \"%s\"", vectors[i][0]);
		}
	}
}

static void
test_round_trips(void)
{
	bool		same = true;

	for (size_t length = 0; length <= 64; length++)
	{
		uint8_t		bytes[64];
		uint8_t		back[64];
		char		text[OTP_BASE32_LENGTH_FOR(64) + 1];
		size_t		n;
		size_t		position;

		for (int turn = 0; turn < 32; turn++)
		{
			for (size_t i = 0; i < length; i++)
				bytes[i] = (uint8_t) (turn == 0 ? 0 : turn == 1 ? 255 : i * 37 + (size_t) turn * 91);
			same &= otp_base32_encode(bytes, length, text) == OTP_BASE32_LENGTH_FOR(length) &&
					strlen(text) == OTP_BASE32_LENGTH_FOR(length) &&
					strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == strlen(text) &&
					otp_base32_decode(text, strlen(text), back, length, &n, &position) == OTP_BASE32_OK &&
					n == length && memcmp(bytes, back, length) == 0;
		}
	}
	ok(same, "every length from 0 to 64 round trip");
}

/* Each byte as the one symbol of interest: which are symbols, and of what value? */
static void
test_symbols(void)
{
	static const char symbols[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	int			wrong = 0;

	for (int c = 0; c < 256; c++)
	{
		char		text[8] = {'A', 'A', 'A', 'A', 'A', 'A', 'A', (char) c};
		const char *symbol = c ? strchr(symbols, c >= 'a' && c <= 'z' ? c - 32 : c) : NULL;
		uint8_t		bytes[5];
		size_t		n = 0;
		size_t		position = 0;
		OtpBase32Status status = otp_base32_decode(text, 8, bytes, 5, &n, &position);

		if (symbol)
			wrong += status != OTP_BASE32_OK || bytes[4] != symbol - symbols;
		else if (c && strchr("= -\t\r\n", c))
			wrong += status != OTP_BASE32_OK || n != 4;
		else
			wrong += status != OTP_BASE32_SYMBOL || position != 8;
	}
	is_integer(wrong, 0, "all 256 bytes as symbols");
}

static void
accepts(const char *text, const char *want)
{
	uint8_t		bytes[16];
	size_t		n = 0;
	size_t		position = 0;

	ok(otp_base32_decode(text, strlen(text), bytes, sizeof(bytes), &n, &position) == OTP_BASE32_OK &&
	   n == strlen(want) && memcmp(bytes, want, n) == 0, "\"%s\" is accepted", text);
}

static void
refuses(const char *text, size_t size, OtpBase32Status want, size_t want_position)
{
	uint8_t		bytes[16];
	size_t		n = 99;
	size_t		position = 0;
	OtpBase32Status status;

	memset(bytes, 0, sizeof(bytes));
	status = otp_base32_decode(text, strlen(text), bytes, size, &n, &position);
	ok(status == want && position == want_position, "\"%s\" is refused at %zu", text, want_position);
	if (status != want || position != want_position)
		printf("# got status %d at %zu\n", (int) status, position);
	ok(all_zero(bytes, sizeof(bytes)) && n == 99, "and leaves nothing");
}

static void
test_forms(void)
{
	uint8_t		bytes[8];
	size_t		n;
	size_t		position;

	accepts("mzxw6ytb", "fooba");
	accepts("mZxW6yTb", "fooba");
	accepts(" MZXW 6YTB-OI ", "foobar");
	accepts("MZXW-6YTB\r\n\tOI======\n", "foobar");
	accepts("MZXW6YTBOI== == --==", "foobar");
	accepts("- -\n", "");

	refuses("MZXW1YTB", 16, OTP_BASE32_SYMBOL, 5);
	refuses("!MZXW6YTB", 16, OTP_BASE32_SYMBOL, 1);
	refuses("MZXW6YTB8", 16, OTP_BASE32_SYMBOL, 9);
	refuses("MZ XW6Y0TB", 16, OTP_BASE32_SYMBOL, 8);
	refuses("MZXW6YTB\xc3\x84", 16, OTP_BASE32_SYMBOL, 9);
	refuses("MZXW6YTB\v", 16, OTP_BASE32_SYMBOL, 9);
	ok(otp_base32_decode("MZXW\0YTB", 8, bytes, 8, &n, &position) == OTP_BASE32_SYMBOL &&
	   position == 5, "a zero byte is refused");

	refuses("A", 16, OTP_BASE32_LENGTH, 1);
	refuses("MZX", 16, OTP_BASE32_LENGTH, 3);
	refuses("MZXW6Y", 16, OTP_BASE32_LENGTH, 6);
	refuses("MZXW6YTBO", 16, OTP_BASE32_LENGTH, 9);
	refuses("M Z X--", 16, OTP_BASE32_LENGTH, 5);
	refuses("A=======", 16, OTP_BASE32_LENGTH, 1);
	refuses("MZXW6Y==", 16, OTP_BASE32_LENGTH, 6);

	refuses("MZ", 16, OTP_BASE32_BITS, 2);
	refuses("MZXR", 16, OTP_BASE32_BITS, 4);
	refuses("MZXW7 -", 16, OTP_BASE32_BITS, 5);
	refuses("MZXW6YR", 16, OTP_BASE32_BITS, 7);
	refuses("MZ======", 16, OTP_BASE32_BITS, 2);

	refuses("MY=A====", 16, OTP_BASE32_PADDING, 4);
	refuses("MY======A", 16, OTP_BASE32_PADDING, 9);
	refuses("MY======MY======", 16, OTP_BASE32_PADDING, 9);
	refuses("MY=====", 16, OTP_BASE32_PADDING, 7);
	refuses("MY= ", 16, OTP_BASE32_PADDING, 3);
	refuses("MY=======", 16, OTP_BASE32_PADDING, 9);
	refuses("MZXW6YTB=", 16, OTP_BASE32_PADDING, 9);
	refuses("MZXW6YTB========", 16, OTP_BASE32_PADDING, 9);
	refuses("=", 16, OTP_BASE32_PADDING, 1);
	refuses("========", 16, OTP_BASE32_PADDING, 1);

	refuses("MZXW6YTBOI", 5, OTP_BASE32_SPACE, 10);
	refuses("MZXW6YTB", 0, OTP_BASE32_SPACE, 2);
	refuses("MZXW 6YTB", 4, OTP_BASE32_SPACE, 9);
}

static void
test_messages(void)
{
	for (int status = OTP_BASE32_OK; status <= OTP_BASE32_SPACE + 1; status++)
		ok(strlen(otp_base32_message((OtpBase32Status) status)) > 5, "status %d has a message", status);
}

int
main(void)
{
	test_rfc_4648();
	test_round_trips();
	test_symbols();
	test_forms();
	test_messages();
	return done_testing();
}
