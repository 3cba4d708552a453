/*
 * token.h
 *		What holds of every token and every error that a reader of files gives.
 */
#ifndef OTP_TEST_FUZZ_TOKEN_H
#define OTP_TEST_FUZZ_TOKEN_H

#include <stdlib.h>
#include <string.h>

#include "../../src/core/token.h"

static inline void
must(int truth)
{
	if (!truth)
		abort();
}

static inline void
check_text(const char *text)
{
	const char *end = memchr(text, '\0', OTP_TOKEN_TEXT_MAX + 1);
	size_t		n = end ? (size_t) (end - text) : 0;

	must(end != NULL);
	for (size_t i = 0; i < n; i++)
		must((unsigned char) text[i] >= 0x20 && text[i] != 0x7f);
}

static inline void
check_token(const OtpToken *token, size_t lines)
{
	must(token->line >= 1 && token->line <= lines);
	must(token->kind == OTPAUTH_TOTP || token->kind == OTPAUTH_HOTP);
	must(otp_algorithm_name(token->algorithm) != NULL);
	must(token->digits >= OTP_DIGITS_MIN && token->digits <= OTP_DIGITS_MAX);
	must(token->period >= OTP_PERIOD_MIN && token->period <= OTP_PERIOD_MAX);
	must(token->next >= 0);
	must(token->drift >= -OTP_TOKEN_DRIFT_MAX && token->drift <= OTP_TOKEN_DRIFT_MAX);
	must(token->key_length >= OTP_KEY_MIN && token->key_length <= OTP_KEY_MAX);
	check_text(token->serial);
	check_text(token->manufacturer);
	check_text(token->issuer);
	check_text(token->user);
}

/* After the last token: nothing is left, and an error has its place. */
static inline void
check_end(const OtpToken *token, OtpTokenStatus status, const OtpTokenError *error, size_t lines)
{
	static const OtpToken nothing;

	must(memcmp(token, &nothing, sizeof(nothing)) == 0);
	if (status == OTP_TOKEN_END)
		return;
	must(error->message != NULL && error->line >= 1 && error->line <= lines);
	must(memchr(error->name, '\0', sizeof(error->name)) != NULL);
}

/* Lines of a text, whatever ends them; at least 1. */
static inline size_t
count_lines(const uint8_t *data, size_t size)
{
	size_t		lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || data[i] == '\r';
	return lines;
}

#endif							/* OTP_TEST_FUZZ_TOKEN_H */
