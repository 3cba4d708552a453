/*
 * base64.c
 *		Base64 of secrets: no address and no branch depends on a valid symbol's value.
 */
#include <openssl/evp.h>

#include "base64.h"

#include "secure.h"
#include "symbol.h"

#define NO_SYMBOL 64

static inline unsigned
value_of(unsigned char c)
{
	unsigned	upper = otp_between(c, 'A', 'Z');
	unsigned	lower = otp_between(c, 'a', 'z');
	unsigned	digit = otp_between(c, '0', '9');
	unsigned	plus = otp_between(c, '+', '+');
	unsigned	slash = otp_between(c, '/', '/');

	return (upper & (c - 'A')) | (lower & (c - 'a' + 26U)) | (digit & (c - '0' + 52U)) |
		   (plus & 62) | (slash & 63) |
		   (~(upper | lower | digit | plus | slash) & NO_SYMBOL);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A decoding under way. */
typedef struct Decoder
{
	uint8_t    *bytes;
	size_t		size;
	size_t		n;
	uint32_t	bits;			/* read and not yet written */
	unsigned	bit_count;
	size_t		symbols;
	size_t		pads;
} Decoder;

static bool
take(Decoder *d, char c)
{
	unsigned	value = value_of((unsigned char) c);

	if (value == NO_SYMBOL)
	{
		if (c == '=')
			d->pads++;
		return c == '=' || is_space(c);
	}
	if (d->pads > 0)
		return false;
	d->symbols++;
	d->bits = (d->bits << 6 | value) & 0xffff;
	d->bit_count += 6;
	if (d->bit_count < 8)
		return true;
	if (d->n == d->size)
		return false;
	d->bit_count -= 8;
	d->bytes[d->n++] = (uint8_t) (d->bits >> d->bit_count);
	return true;
}

static bool
is_whole(const Decoder *d)
{
	return d->pads <= 2 && (d->symbols + d->pads) % 4 == 0 &&
		   (d->bits & ((1U << d->bit_count) - 1)) == 0;
}

bool
otp_base64_decode(const char *text, size_t length, uint8_t *bytes, size_t size, size_t *n)
{
	Decoder		d = {.bytes = bytes, .size = size};
	bool		ok = true;

	for (size_t i = 0; i < length && ok; i++)
		ok = take(&d, text[i]);
	ok = ok && is_whole(&d);
	if (ok)
		*n = d.n;
	else
		otp_wipe(bytes, d.n);
	otp_wipe(&d, sizeof(d));
	return ok;
}

void
otp_base64_encode(const uint8_t *bytes, size_t n, char *text)
{
	(void) EVP_EncodeBlock((unsigned char *) text, bytes, n);
}
