/*
 * alphabet.h
 *		The alphabets of issued codes, and random bytes mapped onto them without
 *		bias.
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_ALPHABET_H
#define OTP_CORE_ALPHABET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are stored in tables: never renumber. */
typedef enum OtpAlphabet
{
	OTP_ALPHABET_DIGITS = 1,	/* 0 to 9 */
	OTP_ALPHABET_LETTERS = 2,	/* A to Z without I, L, O */
	OTP_ALPHABET_ALPHANUMERIC = 3	/* both without 0, 1, I, L, O */
} OtpAlphabet;

/* The symbols, all of them different; NULL if the alphabet is none of ours. */
extern const char *otp_alphabet_symbols(OtpAlphabet alphabet);

/* "digits", "letters", "alphanumeric"; NULL if none of ours. */
extern const char *otp_alphabet_name(OtpAlphabet alphabet);

extern bool otp_alphabet_by_name(const char *name, OtpAlphabet *alphabet);

/*
 * Fills code[*filled] up to code[length - 1] with a symbol per byte, passing over
 * the bytes that would favour some symbols (rejection sampling).  Returns
 * whether the code is full; if not, call again with more bytes.
 */
extern bool otp_alphabet_map(OtpAlphabet alphabet, const uint8_t *bytes, size_t n,
							 char *code, size_t length, size_t *filled);

#endif							/* OTP_CORE_ALPHABET_H */
