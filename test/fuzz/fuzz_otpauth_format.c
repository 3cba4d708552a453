/*
 * fuzz_otpauth_format.c
 *		What is written for an app is ASCII without a space, is read back whole, and
 *		its label and issuer decode to what they were.
 *
 * The input: 12 bytes of parameters, then key, account and issuer.
 */
#include "otpauth.h"

#include <stdlib.h>
#include <string.h>

#include "hex.h"

#define PARAMETERS	12

static void
must(int truth)
{
	if (!truth)
		abort();
}

/* The next n bytes of the input, or what there is of them. */
static const char *
take(const uint8_t **data, size_t *size, size_t n, size_t *taken)
{
	const char *start = (const char *) *data;

	*taken = n < *size ? n : *size;
	*data += *taken;
	*size -= *taken;
	return start;
}

/* Does the text begin with this name, escaped?  It goes on behind it. */
static void
must_decode_to(const char **text, const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		int			c = (unsigned char) *(*text)++;

		if (c == '%')
		{
			c = otp_hex_digit((*text)[0]) << 4 | otp_hex_digit((*text)[1]);
			*text += 2;
		}
		must(c == (unsigned char) name[i]);
	}
}

static void
check_label(const char *text, const OtpauthLabel *label)
{
	const char *parameter;

	text += strlen("otpauth://totp/");
	if (label->issuer)
	{
		must_decode_to(&text, label->issuer, label->issuer_length);
		must(*text++ == ':');
	}
	must_decode_to(&text, label->account, label->account_length);
	must(*text == '?');
	parameter = strstr(text, "&issuer=");
	must((parameter != NULL) == (label->issuer != NULL));
	if (label->issuer)
	{
		parameter += strlen("&issuer=");
		must_decode_to(&parameter, label->issuer, label->issuer_length);
		must(*parameter == '&');
	}
}

static void
check(const OtpSecret *secret, OtpauthKind kind, int64_t counter, const OtpauthLabel *label)
{
	char		text[OTPAUTH_WRITE_MAX];
	size_t		length = otpauth_write(secret, kind, counter, label, text);
	Otpauth		again;
	OtpauthError error;

	must(length < OTPAUTH_WRITE_MAX && strlen(text) == length);
	for (size_t i = 0; i < length; i++)
		must(text[i] > ' ' && text[i] <= '~' && text[i] != '+');
	check_label(text, label);
	must(otpauth_parse(text, length, &again, &error));
	must(again.kind == kind && again.algorithm == secret->algorithm &&
		 again.digits == secret->digits &&
		 (kind == OTPAUTH_HOTP ? again.counter == counter : again.period == secret->period) &&
		 again.key_length == secret->key_length &&
		 memcmp(again.key, secret->key, secret->key_length) == 0);
}

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OtpSecret	secret;
	OtpauthLabel label;
	OtpauthKind kind;
	int64_t		counter;

	if (size < PARAMETERS + OTP_KEY_MIN)
		return 0;
	kind = data[0] & 1 ? OTPAUTH_HOTP : OTPAUTH_TOTP;
	secret.algorithm = (OtpAlgorithm) (OTP_SHA1 + (data[0] >> 1) % 3);
	secret.digits = OTP_DIGITS_MIN + data[1] % (OTP_DIGITS_MAX - OTP_DIGITS_MIN + 1);
	memcpy(&counter, data + 2, sizeof(counter));
	counter &= INT64_MAX;
	secret.period = OTP_PERIOD_MIN + (int) (counter % OTP_PERIOD_MAX);
	secret.key_length = OTP_KEY_MIN + (data[10] << 2 | data[0] >> 6);
	label.account_length = data[11];
	data += PARAMETERS;
	size -= PARAMETERS;

	secret.key = (const uint8_t *) take(&data, &size, secret.key_length, &secret.key_length);
	label.account = take(&data, &size, label.account_length, &label.account_length);
	label.issuer = take(&data, &size, size, &label.issuer_length);
	if (label.issuer_length == 0)
		label.issuer = NULL;
	if (otpauth_name_fault(label.account, label.account_length) == NULL &&
		(label.issuer == NULL || otpauth_name_fault(label.issuer, label.issuer_length) == NULL))
		check(&secret, kind, counter, &label);
	return 0;
}
