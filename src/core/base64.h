/*
 * base64.h
 *		Base64 (RFC 4648, section 4), as XML Schema's base64Binary.
 *
 * Plain C over OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_BASE64_H
#define OTP_CORE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes text, padded and with white space anywhere.  size: the room at `bytes`.  *n: bytes
 * written.  false, and the output is wiped: not Base64, bits left over, or no room.
 */
extern bool otp_base64_decode(const char *text, size_t length, uint8_t *bytes, size_t size,
							  size_t *n);

/* bytes that encoding n bytes takes, with a zero byte */
#define OTP_BASE64_SIZE(n)	(((n) + 2) / 3 * 4 + 1)

/* Encodes n bytes, padded, without white space: writes OTP_BASE64_SIZE(n) bytes. */
extern void otp_base64_encode(const uint8_t *bytes, size_t n, char *text);

#endif							/* OTP_CORE_BASE64_H */
