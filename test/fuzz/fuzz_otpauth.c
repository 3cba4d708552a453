/*
 * fuzz_otpauth.c
 *		An accepted URI keeps to the limits, and is the same when written and read
 *		again; a refused one leaves nothing and has a position.
 */
#include "otpauth.h"

#include <stdlib.h>
#include <string.h>

#include "base32.h"

static void
must(int truth)
{
	if (!truth)
		abort();
}

static void
check_accepted(const Otpauth *uri)
{
	OtpSecret	secret = {uri->algorithm, uri->digits, uri->period, uri->key_length, uri->key};
	char		text[OTPAUTH_FORMAT_MAX];
	Otpauth		again;
	OtpauthError error;
	size_t		length;

	must(otp_algorithm_name(uri->algorithm) != NULL);
	must(uri->digits >= OTP_DIGITS_MIN && uri->digits <= OTP_DIGITS_MAX);
	must(uri->period >= OTP_PERIOD_MIN && uri->period <= OTP_PERIOD_MAX);
	must(uri->counter >= 0);
	must(uri->key_length >= OTP_KEY_MIN && uri->key_length <= OTP_KEY_MAX);

	length = otpauth_format(&secret, text);
	must(length < OTPAUTH_FORMAT_MAX && strlen(text) == length);
	must(otpauth_parse(text, length, &again, &error));
	must(again.algorithm == uri->algorithm && again.digits == uri->digits &&
		 again.period == uri->period && again.key_length == uri->key_length &&
		 memcmp(again.key, uri->key, OTP_KEY_MAX) == 0);
}

static void
check_refused(const Otpauth *uri, const OtpauthError *error, size_t size)
{
	static const Otpauth nothing;

	must(error->message != NULL && error->position >= 1 && error->position <= size + 1);
	must(memcmp(uri, &nothing, sizeof(nothing)) == 0);
}

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Otpauth		uri;
	OtpauthError error = {NULL, 0};

	if (otpauth_parse((const char *) data, size, &uri, &error))
		check_accepted(&uri);
	else
		check_refused(&uri, &error, size);
	return 0;
}
