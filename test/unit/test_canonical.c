/*
 * test_canonical.c
 *		The one form of a code, however it was typed.
 *
 * Requirements: 14.
 */
#include "canonical.h"

#include <stdlib.h>

#include "tap.h"

/* Of a copy that ends where the length says, so that the sanitizer sees a byte read beyond. */
static size_t
canonical(const char *text, size_t length, char code[OTP_CODE_MAX + 1])
{
	char	   *copy = malloc(length);
	size_t		n;

	if (length > 0)
		memcpy(copy, text, length);
	n = otp_canonical(copy, length, code);
	free(copy);
	return n;
}

static void
canonical_is(const char *text, const char *want, const char *name)
{
	char		code[OTP_CODE_MAX + 1];
	size_t		n;

	memset(code, 'x', sizeof(code));
	n = canonical(text, strlen(text), code);
	if (*want)
		ok(n == strlen(want) && strcmp(code, want) == 0, "%s", name);
	else
		ok(n == 0 && all_zero(code, sizeof(code)), "%s", name);
}

static void
test_forms(void)
{
	canonical_is("123456", "123456", "plain");
	canonical_is(" 123456", "123456", "leading space");
	canonical_is("123-456", "123456", "hyphen");
	canonical_is("１２３４５６", "123456", "fullwidth digits");
	canonical_is("١٢٣٤٥٦", "123456", "Arabic digits");
	canonical_is("۱۲۳۴۵۶", "123456", "Persian digits");
	canonical_is("१२३४५६७८९०", "1234567890", "Devanagari digits");
	canonical_is("1２3٤5६", "123456", "digits of several scripts");
	canonical_is("\t12 34\r\n56\v\f", "123456", "white space of ASCII");
	canonical_is("123\xc2\xa0" "456", "123456", "no-break space");
	canonical_is("123\xe2\x80\xaf" "456", "123456", "narrow no-break space");
	canonical_is("123\xe3\x80\x80" "456", "123456", "ideographic space");
	canonical_is("123\xe2\x80\x91" "456", "123456", "non-breaking hyphen");
	canonical_is("123\xc2\xad" "456", "123456", "soft hyphen");
	canonical_is("123\xe2\x88\x92" "456", "123456", "minus sign");
	canonical_is("123—456–7", "1234567", "dashes");
	canonical_is("\xe2\x80\x8e\xe2\x80\xab" "123456\xe2\x80\xac\xe2\x80\x8f", "123456", "bidi marks");
	canonical_is("\xe2\x81\xa6" "123456\xe2\x81\xa9", "123456", "bidi isolates");
	canonical_is("\xef\xbb\xbf" "123\xe2\x80\x8b" "456\xe2\x81\xa0", "123456", "invisible marks");
	canonical_is("𝟏𝟐𝟑𝟜𝟝𝟞𝟩𝟪𝟫𝟬𝟭𝟮𝟶𝟷𝟸𝟿", "1234567890120129", "mathematical digits");
	canonical_is("\xf0\xbd\xbf\xbf" "1234", "", "a character that is unassigned");
	canonical_is("abcDef29z", "ABCDEF29Z", "letters of both cases");
	canonical_is("007", "", "too short");
	canonical_is("0007", "0007", "the shortest, zeros kept");
	canonical_is("1-2-3", "", "too short without hyphens");
	canonical_is("", "", "empty");
	canonical_is(" - ", "", "empty without separators");
	canonical_is("abcdefghijklmnopqrstuvwxyz234567", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
				 "the longest");
	canonical_is("abcdefghijklmnopqrstuvwxyz2345678", "", "too long");
	canonical_is("abcdefghijklmnopqrstuvwxyz234567 -\xc2\xa0", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
				 "separators beyond the longest");
}

static void
test_refusals(void)
{
	static const char *const invalid[][2] = {
		{"1234\x80", "a continuation alone"},
		{"1234\xbf" "5", "the last continuation alone"},
		{"1234\xbf\x80", "two continuations"},
		{"1234\xc0\xb5", "an overlong digit"},
		{"1234\xc1\xbf", "the greatest overlong one of two bytes"},
		{"1234\xe0\x82\xa0", "an overlong one of three bytes"},
		{"1234\xe0\x9f\xbf", "the greatest overlong one of three bytes"},
		{"1234\xf0\x80\x80\xa0", "an overlong one of four bytes"},
		{"1234\xf0\x8f\xbf\xbf", "the greatest overlong one of four bytes"},
		{"1234\xed\xa0\x80", "the first surrogate"},
		{"1234\xed\xbf\xbf", "the last surrogate"},
		{"1234\xf4\x90\x80\x80", "beyond U+10FFFF"},
		{"1234\xf5\x80\x80\x80", "far beyond U+10FFFF"},
		{"1234\xf8\x88\x80\x80\x80", "five bytes"},
		{"1234\xfe", "FE"},
		{"1234\xff", "FF"},
		{"1234\xc2", "two bytes cut short"},
		{"1234\xe2\x80", "three bytes cut short"},
		{"1234\xe2", "three bytes cut to one"},
		{"1234\xf0\x9d\x9f", "four bytes cut short"},
		{"1234\xc2" "5678", "a digit for a continuation"},
		{"1234\xe2\x80" "5678", "a digit for the last continuation"},
		{"1234\xe2\xc2\xa0" "5", "a leading byte for a continuation"},
		{"12.34", "a full stop"},
		{"12/34", "the character before 0"},
		{"12:34", "the character after 9"},
		{"12@34", "the character before A"},
		{"12[34", "the character after Z"},
		{"12`34", "the character before a"},
		{"12{34", "the character after z"},
		{"12_34", "an underscore"},
		{"1234\x7f", "a delete character"},
		{"1234\x01", "a control character"},
		{"1234Ä", "a letter beyond A to Z"},
		{"1234Ａ", "a fullwidth letter"},
		{"1234²", "a superscript, no decimal digit"},
		{"1234Ⅷ", "a Roman numeral"},
		{"1234一", "a Chinese numeral"},
		{"1234\xe1\xa0\x8e", "U+180E, white space no longer"},
	};
	char		code[OTP_CODE_MAX + 1];

	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		canonical_is(invalid[i][0], "", invalid[i][1]);
	is_integer(canonical("12\0" "3456", 7, code), 0, "a zero byte within");
	is_integer(canonical("123456\0", 7, code), 0, "a zero byte last");
	is_integer(canonical("１２３４", 11, code), 0, "cut by the length given");
	is_integer(canonical("12345678", 5, code), 5, "no further than the length given");
	is_string(code, "12345", "to that length");
}

static size_t
put_utf8(uint32_t c, char *text)
{
	if (c < 0x80)
		return (size_t) sprintf(text, "%c", (int) c);
	if (c < 0x800)
		return (size_t) sprintf(text, "%c%c", (int) (0xc0 | c >> 6), (int) (0x80 | (c & 63)));
	if (c < 0x10000)
		return (size_t) sprintf(text, "%c%c%c", (int) (0xe0 | c >> 12),
								(int) (0x80 | (c >> 6 & 63)), (int) (0x80 | (c & 63)));
	return (size_t) sprintf(text, "%c%c%c%c", (int) (0xf0 | c >> 18),
							(int) (0x80 | (c >> 12 & 63)), (int) (0x80 | (c >> 6 & 63)),
							(int) (0x80 | (c & 63)));
}

/*
 * Every code point, between digits: in Unicode 17.0, 770 are decimal digits, in
 * runs of ten; 25 are white space, 27 dashes beside U+00AD and U+2212, and 16 the
 * invisible marks.
 */
static void
test_all(void)
{
	int			digits = 0;
	int			in_order = 0;
	int			dropped = 0;
	int			letters = 0;
	char		expected = '0';

	for (uint32_t c = 0; c <= 0x10ffff; c++)
	{
		char		text[16] = "AAA";
		char		code[OTP_CODE_MAX + 1];
		size_t		length = 3 + put_utf8(c, text + 3);
		size_t		n;

		text[length++] = 'B';
		n = otp_canonical(text, length, code);
		if (n == 4)
			dropped++;
		else if (n == 5 && code[3] >= 'A')
			letters++;
		else if (n == 5)
		{
			digits++;
			in_order += code[3] == expected;
			expected = code[3] == '9' ? '0' : (char) (code[3] + 1);
		}
	}
	is_integer(digits, 770, "decimal digits of all of Unicode");
	is_integer(in_order, 770, "in runs of ten from 0 to 9");
	is_integer(letters, 52, "letters are those of ASCII");
	is_integer(dropped, 25 + 27 + 2 + 16, "dropped characters of all of Unicode");
}

int
main(void)
{
	test_forms();
	test_refusals();
	test_all();
	return done_testing();
}
