/*
 * canonical.h
 *		The canonical form of a code that a person typed.
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_CANONICAL_H
#define OTP_CORE_CANONICAL_H

#include <stddef.h>

#define OTP_CODE_MIN	4
#define OTP_CODE_MAX	32

/*
 * Reads UTF-8 and writes the canonical code with a zero byte: decimal digits of
 * every script (Unicode's category Nd) become 0 to 9; white space
 * (White_Space), hyphens and dashes (category Pd, U+00AD, U+2212) and the
 * invisible marks of copied text (U+200B to U+200F, U+202A to U+202E, U+2060,
 * U+2066 to U+2069, U+FEFF) are dropped; letters A to Z become upper case.
 *
 * Returns the length, OTP_CODE_MIN to OTP_CODE_MAX; 0 if what is left cannot be
 * a code or the bytes are not UTF-8, and then `code` is wiped.
 */
extern size_t otp_canonical(const char *text, size_t length, char code[OTP_CODE_MAX + 1]);

#endif							/* OTP_CORE_CANONICAL_H */
