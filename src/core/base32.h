/*
 * base32.h
 *		Base32 (RFC 4648, section 6).
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_BASE32_H
#define OTP_CORE_BASE32_H

#include <stddef.h>
#include <stdint.h>

typedef enum OtpBase32Status
{
	OTP_BASE32_OK,
	OTP_BASE32_SYMBOL,			/* a character that is no Base32 symbol */
	OTP_BASE32_PADDING,			/* padding within, too short, or too long */
	OTP_BASE32_LENGTH,			/* 1, 3 or 6 symbols beyond a multiple of 8 */
	OTP_BASE32_BITS,			/* bits beyond the last byte are not zero */
	OTP_BASE32_SPACE			/* more bytes than the output has room for */
} OtpBase32Status;

/* symbols for n bytes, without padding and without a zero byte */
#define OTP_BASE32_LENGTH_FOR(n)	(((n) * 8 + 4) / 5)

/*
 * Encodes n bytes in upper case without padding, and a zero byte: `text` has
 * room for OTP_BASE32_LENGTH_FOR(n) + 1.  Returns the number of symbols.
 */
extern size_t otp_base32_encode(const uint8_t *bytes, size_t n, char *text);

/*
 * Decodes text of any case; spaces, tabs, line ends and hyphens are passed
 * over; padding is optional, but if there is any, it is all there and last.
 *
 * bytes, size: the output and its room.  *n: bytes written, on success.
 * *position: on failure, where in the text, in bytes from 1: the offending
 * symbol, or the last one where the length is what is wrong.  On failure the
 * output is wiped.
 */
extern OtpBase32Status otp_base32_decode(const char *text, size_t length,
										 uint8_t *bytes, size_t size,
										 size_t *n, size_t *position);

/* What a status means, as an English phrase without any text of the input. */
extern const char *otp_base32_message(OtpBase32Status status);

#endif							/* OTP_CORE_BASE32_H */
