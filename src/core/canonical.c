/*
 * canonical.c
 *		What a person typed or pasted, folded to the form in which codes are
 *		counted and compared.
 *
 * The tables are those of Unicode 17.0.
 */
#include "canonical.h"

#include <stdbool.h>
#include <stdint.h>

#include "secure.h"

/* Category Nd comes in runs of ten in order; these are the zeros, ascending. */
static const uint32_t digit_zeros[] = {
	0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66,
	0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946,
	0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0,
	0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136,
	0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730,
	0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130,
	0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
	0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
};

typedef struct Range
{
	uint32_t	first;
	uint32_t	last;
} Range;

/* White_Space, Pd, U+00AD, U+2212 and the invisible marks, merged, ascending. */
static const Range dropped[] = {
	{0x0009, 0x000D}, {0x0020, 0x0020}, {0x002D, 0x002D}, {0x0085, 0x0085},
	{0x00A0, 0x00A0}, {0x00AD, 0x00AD}, {0x058A, 0x058A}, {0x05BE, 0x05BE},
	{0x1400, 0x1400}, {0x1680, 0x1680}, {0x1806, 0x1806}, {0x2000, 0x2015},
	{0x2028, 0x202F}, {0x205F, 0x2060}, {0x2066, 0x2069}, {0x2212, 0x2212},
	{0x2E17, 0x2E17}, {0x2E1A, 0x2E1A}, {0x2E3A, 0x2E3B}, {0x2E40, 0x2E40},
	{0x2E5D, 0x2E5D}, {0x3000, 0x3000}, {0x301C, 0x301C}, {0x3030, 0x3030},
	{0x30A0, 0x30A0}, {0xFE31, 0xFE32}, {0xFE58, 0xFE58}, {0xFE63, 0xFE63},
	{0xFEFF, 0xFEFF}, {0xFF0D, 0xFF0D}, {0x10D6E, 0x10D6E}, {0x10EAD, 0x10EAD},
};

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_digit(uint32_t c, char *digit)
{
	size_t		low = 0;
	size_t		high = LENGTH_OF(digit_zeros);

	while (high - low > 1)
	{
		size_t		middle = (low + high) / 2;

		if (c < digit_zeros[middle])
			high = middle;
		else
			low = middle;
	}
	*digit = (char) ('0' + (c - digit_zeros[low]) % 10);
	return c >= digit_zeros[low] && c - digit_zeros[low] < 10;
}

static bool
is_dropped(uint32_t c)
{
	for (size_t i = 0; i < LENGTH_OF(dropped) && dropped[i].first <= c; i++)
	{
		if (c <= dropped[i].last)
			return true;
	}
	return false;
}

/*
 * The character at the start of n bytes of UTF-8, n not 0; returns its length,
 * or 0 unless it is the only well-formed encoding of a scalar value.
 */
static size_t
read_character(const uint8_t *bytes, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t		length;

	if (bytes[0] < 0x80)
	{
		*c = bytes[0];
		return 1;
	}
	length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || n < length)
		return 0;

	*c = bytes[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++)
	{
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (bytes[i] & 0x3f);
	}
	if (*c < least[length] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return length;
}

typedef enum Fold
{
	FOLD_KEPT,
	FOLD_DROPPED,
	FOLD_REFUSED
} Fold;

static Fold
fold(uint32_t c, char *folded)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'))
		*folded = (char) c;
	else if (c >= 'a' && c <= 'z')
		*folded = (char) (c - 'a' + 'A');
	else if (!is_digit(c, folded))
		return is_dropped(c) ? FOLD_DROPPED : FOLD_REFUSED;
	return FOLD_KEPT;
}

static size_t
fold_all(const uint8_t *bytes, size_t length, char *code)
{
	size_t		n = 0;

	while (length > 0)
	{
		uint32_t	c;
		char		folded = 0;
		size_t		size = read_character(bytes, length, &c);
		Fold		verdict = size == 0 ? FOLD_REFUSED : fold(c, &folded);

		if (verdict == FOLD_REFUSED || (verdict == FOLD_KEPT && n == OTP_CODE_MAX))
			return 0;
		if (verdict == FOLD_KEPT)
			code[n++] = folded;
		bytes += size;
		length -= size;
	}
	return n < OTP_CODE_MIN ? 0 : n;
}

size_t
otp_canonical(const char *text, size_t length, char code[OTP_CODE_MAX + 1])
{
	size_t		n = fold_all((const uint8_t *) text, length, code);

	if (n == 0)
		otp_wipe(code, OTP_CODE_MAX + 1);
	else
		code[n] = '\0';
	return n;
}
