/*
 * base32.c
 *		Base32 of secrets: symbols are turned into values and back by arithmetic
 *		on masks, so that no address and no branch depends on a valid symbol's
 *		value.
 */
#include "base32.h"

#include <stdbool.h>

#include "secure.h"
#include "symbol.h"

#define NO_SYMBOL 32

static inline char
symbol_of(unsigned value)
{
	return (char) ('A' + value - (otp_between(value, 26, 31) & ('A' + 26 - '2')));
}

static inline unsigned
value_of(unsigned char c)
{
	unsigned	upper = c & 0xdfU;
	unsigned	letter = otp_between(upper, 'A', 'Z');
	unsigned	digit = otp_between(c, '2', '7');

	return (letter & (upper - 'A')) | (digit & (c - '2' + 26U)) | (~(letter | digit) & NO_SYMBOL);
}

size_t
otp_base32_encode(const uint8_t *bytes, size_t n, char *text)
{
	uint32_t	bits = 0;
	unsigned	bit_count = 0;
	size_t		length = 0;

	for (size_t i = 0; i < n; i++)
	{
		bits = bits << 8 | bytes[i];
		for (bit_count += 8; bit_count >= 5; bit_count -= 5)
			text[length++] = symbol_of(bits >> (bit_count - 5) & 31);
	}
	if (bit_count > 0)
		text[length++] = symbol_of(bits << (5 - bit_count) & 31);
	text[length] = '\0';
	return length;
}

/* A decoding under way.  Positions are in bytes from 1. */
typedef struct Decoder
{
	uint8_t    *bytes;
	size_t		size;
	size_t		n;
	uint32_t	bits;			/* read and not yet written */
	unsigned	bit_count;
	size_t		symbols;
	size_t		pads;
	size_t		last_symbol;
	size_t		last_pad;
} Decoder;

static bool
is_separator(char c)
{
	return c == ' ' || c == '-' || c == '\t' || c == '\n' || c == '\r';
}

/* After 1, 3 or 6 symbols the last one would belong to no byte. */
static bool
is_whole(size_t symbols)
{
	size_t		tail = symbols % 8;

	return tail != 1 && tail != 3 && tail != 6;
}

static OtpBase32Status
take_symbol(Decoder *d, unsigned value)
{
	if (d->pads > 0)
		return OTP_BASE32_PADDING;
	d->symbols++;
	d->bits = (d->bits << 5 | value) & 0xfff;
	d->bit_count += 5;
	if (d->bit_count >= 8)
	{
		if (d->n == d->size)
			return OTP_BASE32_SPACE;
		d->bit_count -= 8;
		d->bytes[d->n++] = (uint8_t) (d->bits >> d->bit_count);
	}
	return OTP_BASE32_OK;
}

/* The blame falls on the last symbol if there can be no padding after it. */
static OtpBase32Status
take_pad(Decoder *d, size_t here, size_t *position)
{
	if (!is_whole(d->symbols))
	{
		*position = d->last_symbol;
		return OTP_BASE32_LENGTH;
	}
	d->last_pad = here;
	d->pads++;
	return d->pads > (8 - d->symbols % 8) % 8 ? OTP_BASE32_PADDING : OTP_BASE32_OK;
}

/* Symbols first: any other order would tell digits from letters by a branch. */
static OtpBase32Status
take(Decoder *d, char c, size_t here, size_t *position)
{
	unsigned	value = value_of((unsigned char) c);

	*position = here;
	if (value != NO_SYMBOL)
	{
		d->last_symbol = here;
		return take_symbol(d, value);
	}
	if (c == '=')
		return take_pad(d, here, position);
	return is_separator(c) ? OTP_BASE32_OK : OTP_BASE32_SYMBOL;
}

static OtpBase32Status
finish(const Decoder *d, size_t *position)
{
	*position = d->last_symbol;
	if (!is_whole(d->symbols))
		return OTP_BASE32_LENGTH;
	if ((d->bits & ((1U << d->bit_count) - 1)) != 0)
		return OTP_BASE32_BITS;
	*position = d->last_pad;
	if (d->pads > 0 && (d->symbols + d->pads) % 8 != 0)
		return OTP_BASE32_PADDING;
	return OTP_BASE32_OK;
}

OtpBase32Status
otp_base32_decode(const char *text, size_t length, uint8_t *bytes, size_t size,
				  size_t *n, size_t *position)
{
	Decoder		d = {.bytes = bytes, .size = size};
	OtpBase32Status status = OTP_BASE32_OK;
	size_t		place = 0;

	for (size_t i = 0; i < length && status == OTP_BASE32_OK; i++)
		status = take(&d, text[i], i + 1, &place);
	if (status == OTP_BASE32_OK)
		status = finish(&d, &place);

	if (status == OTP_BASE32_OK)
		*n = d.n;
	else
	{
		*position = place;
		otp_wipe(bytes, d.n);
	}
	otp_wipe(&d, sizeof(d));
	return status;
}

const char *
otp_base32_message(OtpBase32Status status)
{
	switch (status)
	{
		case OTP_BASE32_OK:
			return "valid Base32";
		case OTP_BASE32_SYMBOL:
			return "not a Base32 symbol";
		case OTP_BASE32_PADDING:
			return "wrong Base32 padding";
		case OTP_BASE32_LENGTH:
			return "Base32 text cut short";
		case OTP_BASE32_BITS:
			return "Base32 text with stray bits after the last byte";
		case OTP_BASE32_SPACE:
			return "too many bytes in Base32";
	}
	return "unknown Base32 error";
}
