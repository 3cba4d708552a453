/*
 * token.c
 *		What is read alike in every file of tokens.
 */
#include "token.h"

#include <string.h>
#include <strings.h>

#include "secure.h"

void
otp_token_clear(OtpToken *token)
{
	otp_wipe(token, sizeof(*token));
	token->algorithm = OTP_SHA1;
	token->digits = 6;
	token->period = 30;
}

const char *
otp_token_check(const OtpToken *token)
{
	if (token->key_length < OTP_KEY_MIN)
		return "the token has no secret";
	if (token->digits < OTP_DIGITS_MIN || token->digits > OTP_DIGITS_MAX)
		return "the number of digits is not supported";
	if (token->kind == OTPAUTH_TOTP &&
		(token->period < OTP_PERIOD_MIN || token->period > OTP_PERIOD_MAX))
		return "the period is not supported";
	if (token->next < 0)
		return "the counter is negative";
	if (token->drift < -OTP_TOKEN_DRIFT_MAX || token->drift > OTP_TOKEN_DRIFT_MAX)
		return "the drift is too great";
	return NULL;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void
otp_token_trim(const char **text, size_t *length)
{
	while (*length > 0 && is_space(**text))
	{
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && is_space((*text)[*length - 1]))
		(*length)--;
}

bool
otp_token_text(const char *text, size_t length, char copy[OTP_TOKEN_TEXT_MAX + 1])
{
	otp_token_trim(&text, &length);
	if (length > OTP_TOKEN_TEXT_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	if (length > 0)
		memcpy(copy, text, length);
	copy[length] = '\0';
	return true;
}

/* Counts downwards from 0, because there is one more number on that side. */
bool
otp_token_number(const char *text, size_t length, int64_t least, int64_t most, int64_t *number)
{
	int64_t		sum = 0;
	bool		negative;

	otp_token_trim(&text, &length);
	negative = length > 0 && *text == '-';
	if (negative || (length > 0 && *text == '+'))
	{
		text++;
		length--;
	}
	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		int			digit = text[i] - '0';

		if (digit < 0 || digit > 9 || sum < (INT64_MIN + digit) / 10)
			return false;
		sum = sum * 10 - digit;
	}
	if (!negative && sum == INT64_MIN)
		return false;
	*number = negative ? sum : -sum;
	return *number >= least && *number <= most;
}

bool
otp_token_kind(const char *text, size_t length, OtpauthKind *kind)
{
	otp_token_trim(&text, &length);
	if (length != 4)
		return false;
	if (strncasecmp(text, "totp", 4) == 0)
		*kind = OTPAUTH_TOTP;
	else if (strncasecmp(text, "hotp", 4) == 0)
		*kind = OTPAUTH_HOTP;
	else
		return false;
	return true;
}

bool
otp_token_algorithm(const char *text, size_t length, OtpAlgorithm *algorithm)
{
	char		name[16];
	size_t		n = 0;
	size_t		start = 0;

	otp_token_trim(&text, &length);
	for (size_t i = 0; i < length; i++)
	{
		if (text[i] == '#')
			start = i + 1;
	}
	for (size_t i = start; i < length; i++)
	{
		if (text[i] == '-' || text[i] == '_' || text[i] == ' ')
			continue;
		if (n == sizeof(name))
			return false;
		name[n++] = text[i];
	}
	if (n > 4 && strncasecmp(name, "hmac", 4) == 0)
		return otp_algorithm_by_name(name + 4, n - 4, algorithm);
	return otp_algorithm_by_name(name, n, algorithm);
}

void
otp_token_name(OtpTokenError *error, const char *text, size_t length)
{
	otp_token_trim(&text, &length);
	if (length > OTP_TOKEN_NAME_MAX)
		length = OTP_TOKEN_NAME_MAX;
	for (size_t i = 0; i < length; i++)
		error->name[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	error->name[length] = '\0';
}
