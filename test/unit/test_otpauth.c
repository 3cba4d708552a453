/*
 * test_otpauth.c
 *		otpauth:// URIs: what is read, what is refused and where.
 *
 * Requirements: 43.
 */
#include "otpauth.h"

#include <stdlib.h>

#include "base32.h"
#include "tap.h"

#define OK_START "otpauth://totp/?secret="

/* "kind algorithm digits period counter key", of what was read */
static void
reads(const char *text, const char *want)
{
	Otpauth		uri;
	OtpauthError error = {NULL, 0};
	char		got[256];

	if (otpauth_parse(text, strlen(text), &uri, &error))
		snprintf(got, sizeof(got), "%s %s %d %d %lld %.*s", uri.kind == OTPAUTH_TOTP ? "totp" : "hotp",
				 otp_algorithm_name(uri.algorithm), uri.digits, uri.period, (long long) uri.counter,
				 (int) uri.key_length, (const char *) uri.key);
	else
		snprintf(got, sizeof(got), "refused at %zu: %s", error.position, error.message);
	is_string(got, want, text);
}

static void
refuses_bytes(const char *text, size_t length, size_t position, const char *message)
{
	Otpauth		uri;
	OtpauthError error = {"", 0};
	char	   *copy;

	/* a copy that ends where the length says, so that the sanitizer sees a byte read beyond */
	copy = malloc(length);
	if (length > 0)
		memcpy(copy, text, length);
	memset(&uri, 'x', sizeof(uri));
	ok(!otpauth_parse(copy, length, &uri, &error), "refused: %s", text);
	free(copy);
	is_integer(error.position, (long long) position, "at its position");
	is_string(error.message, message, "with its message");
	ok(all_zero(&uri, sizeof(uri)), "and nothing is left");
}

static void
refuses(const char *text, size_t position, const char *message)
{
	refuses_bytes(text, strlen(text), position, message);
}

static void
test_accepted(void)
{
	reads("otpauth://totp/ACME:alice?secret=MZXW6YTB", "totp SHA1 6 30 0 fooba");
	reads("otpauth://totp/?secret=MZXW6YTB", "totp SHA1 6 30 0 fooba");
	reads("OTPAUTH://ToTp/x?secret=mzxw6ytb", "totp SHA1 6 30 0 fooba");
	reads("otpauth://HOTP/x?secret=MZXW6YTB&counter=9223372036854775807",
		  "hotp SHA1 6 30 9223372036854775807 fooba");
	reads("otpauth://hotp/x?secret=MZXW6YTB", "hotp SHA1 6 30 0 fooba");
	reads("otpauth://totp/ACME%20Co:alice@example.com?issuer=ACME%20Co&algorithm=SHA256&digits=8"
		  "&period=60&secret=MZXW6YTB&image=https%3A%2F%2Fexample.com", "totp SHA256 8 60 0 fooba");
	reads(OK_START "MZXW6YTB&algorithm=sha512&digits=10&period=86400", "totp SHA512 10 86400 0 fooba");
	reads(OK_START "MZXW6YTB&digits=06&period=0001", "totp SHA1 6 1 0 fooba");
	reads(OK_START "MZXW6YTBOI%3D%3D%3D%3D%3d%3d", "totp SHA1 6 30 0 foobar");
	reads(OK_START "MZXW6YTBOI======", "totp SHA1 6 30 0 foobar");
	reads(OK_START "MZXW%206YTB-OI", "totp SHA1 6 30 0 foobar");
	reads(OK_START "%4dZXW6YT%42", "totp SHA1 6 30 0 fooba");
	reads("otpauth://totp/?%73ecret=MZXW6YTB&digi%74s=%37", "totp SHA1 7 30 0 fooba");
	reads("otpauth://totp/?&&secret=MZXW6YTB&&x&=y&", "totp SHA1 6 30 0 fooba");
	reads("otpauth://totp/a/b/c?secret=MZXW6YTB&x=a?b/c", "totp SHA1 6 30 0 fooba");
	reads("otpauth://totp/J\xc3\xbcrgen Co:alice?secret=MZXW6YTB", "totp SHA1 6 30 0 fooba");
	reads(OK_START "MZXW6YTB&Secret=!&DIGITS=1&issuer=a&issuer=b", "totp SHA1 6 30 0 fooba");
	reads(OK_START "MZXW6YTB&counter=0&secre=1&secrets=1", "totp SHA1 6 30 0 fooba");
}

static void
test_syntax(void)
{
	refuses("", 1, "not an otpauth URI");
	refuses("otpauth", 1, "not an otpauth URI");
	refuses("https://totp/?secret=MZXW6YTB", 1, "not an otpauth URI");
	refuses(" otpauth://totp/?secret=MZXW6YTB", 1, "not an otpauth URI");
	refuses("otpauth:", 9, "\"//\" must follow the scheme");
	refuses("otpauth:/totp/?secret=MZXW6YTB", 9, "\"//\" must follow the scheme");
	refuses("otpauth://", 11, "the kind must be totp or hotp");
	refuses("otpauth:///?secret=MZXW6YTB", 11, "the kind must be totp or hotp");
	refuses("otpauth://yaotp/?secret=MZXW6YTB", 11, "the kind must be totp or hotp");
	refuses("otpauth://totp", 15, "\"/\" must follow the kind");
	refuses("otpauth://totps/?secret=MZXW6YTB", 15, "\"/\" must follow the kind");
	refuses("otpauth://totp?secret=MZXW6YTB", 15, "\"/\" must follow the kind");
	refuses("otpauth://totp/#1?secret=MZXW6YTB", 16, "a fragment is not allowed");
	refuses(OK_START "MZXW6YTB#", 32, "a fragment is not allowed");
	refuses(OK_START "MZXW6YTB\n", 32, "control characters are not allowed");
	refuses("otpauth://totp/\x7f?secret=MZXW6YTB", 16, "control characters are not allowed");
	refuses_bytes("otpauth://totp/\0?secret=MZXW6YTB", 32, 16, "control characters are not allowed");
}

#define BAD_PERCENT "a percent sign must be followed by two hexadecimal digits"

static void
test_percent(void)
{
	refuses("otpauth://totp/100%?secret=MZXW6YTB", 19, BAD_PERCENT);
	refuses("otpauth://totp/%4?secret=MZXW6YTB", 16, BAD_PERCENT);
	refuses("otpauth://totp/%g0?secret=MZXW6YTB", 16, BAD_PERCENT);
	refuses(OK_START "MZXW6YTB%", 32, BAD_PERCENT);
	refuses(OK_START "MZXW6YTB%3", 32, BAD_PERCENT);
	refuses(OK_START "MZXW6YTB&x=%%41", 35, BAD_PERCENT);
	refuses(OK_START "MZXW6YTB&issuer=%zz", 40, BAD_PERCENT);
}

static void
test_secret(void)
{
	static char longest[4096];
	static uint8_t bytes[OTP_KEY_MAX];
	Otpauth		uri;
	OtpauthError error;
	size_t		start = strlen(OK_START);
	size_t		n;

	refuses("otpauth://totp/x", 17, "parameter \"secret\" is missing");
	refuses("otpauth://totp/x?", 18, "parameter \"secret\" is missing");
	refuses("otpauth://totp/x?digits=6", 26, "parameter \"secret\" is missing");
	refuses("otpauth://totp/x?Secret=MZXW6YTB", 33, "parameter \"secret\" is missing");
	refuses("otpauth://totp/?secret", 23, "parameter \"secret\" is empty");
	refuses("otpauth://totp/?secret&digits=6", 23, "parameter \"secret\" is empty");
	refuses(OK_START, 24, "parameter \"secret\" is empty");
	refuses(OK_START "&digits=6", 24, "parameter \"secret\" is empty");
	refuses(OK_START "--%20", 24, "parameter \"secret\" is empty");
	refuses(OK_START "MZXW1YTB", 28, otp_base32_message(OTP_BASE32_SYMBOL));
	refuses(OK_START "MZXW+6YTB", 28, otp_base32_message(OTP_BASE32_SYMBOL));
	refuses(OK_START "%4dZ%20X%00W", 32, otp_base32_message(OTP_BASE32_SYMBOL));
	refuses(OK_START "MZXW6YT\xc3\x84", 31, otp_base32_message(OTP_BASE32_SYMBOL));
	refuses(OK_START "MZ%58", 26, otp_base32_message(OTP_BASE32_LENGTH));
	refuses(OK_START "M%5A", 25, otp_base32_message(OTP_BASE32_BITS));
	refuses(OK_START "MY%3D%3D=====", 36, otp_base32_message(OTP_BASE32_PADDING));

	strcpy(longest, OK_START);
	memset(bytes, 0x5a, sizeof(bytes));
	n = start + otp_base32_encode(bytes, OTP_KEY_MAX, longest + start);
	ok(otpauth_parse(longest, n, &uri, &error) && uri.key_length == OTP_KEY_MAX &&
	   memcmp(uri.key, bytes, OTP_KEY_MAX) == 0, "the longest secret");
	memset(longest + n, '-', 1700);
	ok(otpauth_parse(longest, n + 1600, &uri, &error), "with as many hyphens as symbols");
	ok(!otpauth_parse(longest, n + 1700, &uri, &error) && error.position == start + 1,
	   "and with more it is too long");
	memset(longest + start, 'A', 1680);
	refuses_bytes(longest, start + 1648, start + 1640, otp_base32_message(OTP_BASE32_SPACE));
}

static void
test_parameters(void)
{
	refuses(OK_START "MZXW6YTB&secret=MZXW6YTB", 33, "parameter \"secret\" is given twice");
	refuses(OK_START "MZXW6YTB&digits=6&period=30&digits=6", 52, "parameter \"digits\" is given twice");
	refuses(OK_START "MZXW6YTB&period=30&perio%64=30", 43, "parameter \"period\" is given twice");
	refuses(OK_START "MZXW6YTB&algorithm=SHA1&algorithm=SHA1", 48,
			"parameter \"algorithm\" is given twice");
	refuses(OK_START "MZXW6YTB&counter=1&counter=1", 43, "parameter \"counter\" is given twice");

	refuses(OK_START "MZXW6YTB&digits=5", 40, "parameter \"digits\" must be 6 to 10");
	refuses(OK_START "MZXW6YTB&digits=11", 40, "parameter \"digits\" must be 6 to 10");
	refuses(OK_START "MZXW6YTB&digits=", 40, "parameter \"digits\" must be 6 to 10");
	refuses(OK_START "MZXW6YTB&digits", 39, "parameter \"digits\" must be 6 to 10");
	refuses(OK_START "MZXW6YTB&digits=+6", 40, "parameter \"digits\" must be 6 to 10");
	refuses(OK_START "MZXW6YTB&digits=6%20", 40, "parameter \"digits\" must be 6 to 10");
	refuses(OK_START "MZXW6YTB&digits=4294967302", 40, "parameter \"digits\" must be 6 to 10");
	refuses(OK_START "MZXW6YTB&digits=99999999999999999999999999999", 40,
			"parameter \"digits\" must be 6 to 10");
	refuses(OK_START "MZXW6YTB&period=0", 40, "parameter \"period\" must be 1 to 86400");
	refuses(OK_START "MZXW6YTB&period=86401", 40, "parameter \"period\" must be 1 to 86400");
	refuses(OK_START "MZXW6YTB&period=-30", 40, "parameter \"period\" must be 1 to 86400");
	refuses(OK_START "MZXW6YTB&period=30.0", 40, "parameter \"period\" must be 1 to 86400");
	refuses(OK_START "MZXW6YTB&counter=-1", 41,
			"parameter \"counter\" must be 0 to 9223372036854775807");
	refuses(OK_START "MZXW6YTB&counter=9223372036854775808", 41,
			"parameter \"counter\" must be 0 to 9223372036854775807");
	refuses(OK_START "MZXW6YTB&counter=18446744073709551616", 41,
			"parameter \"counter\" must be 0 to 9223372036854775807");
	refuses(OK_START "MZXW6YTB&algorithm=MD5", 43,
			"parameter \"algorithm\" must be SHA1, SHA256 or SHA512");
	refuses(OK_START "MZXW6YTB&algorithm=HmacSHA1", 43,
			"parameter \"algorithm\" must be SHA1, SHA256 or SHA512");
	refuses(OK_START "MZXW6YTB&algorithm=", 43,
			"parameter \"algorithm\" must be SHA1, SHA256 or SHA512");
}

static void
test_is_uri(void)
{
	ok(otpauth_is_uri("otpauth://totp/", 15), "a URI");
	ok(otpauth_is_uri("OtpAuth:", 8), "whatever the case");
	ok(!otpauth_is_uri("otpauth:", 7), "no further than the length");
	ok(!otpauth_is_uri("otpauth;", 8), "another character");
	ok(!otpauth_is_uri("", 0), "nothing");
}

int
main(void)
{
	test_accepted();
	test_syntax();
	test_percent();
	test_secret();
	test_parameters();
	test_is_uri();
	return done_testing();
}
