/*
 * test_otpauth_format.c
 *		otpauth:// URIs: what is written, and that it is read back whole.
 */
#include "otpauth.h"

#include <stdlib.h>

#include "tap.h"

#define FOOBA "?secret=MZXW6YTB"
#define DEFAULTS "&algorithm=SHA1&digits=6&period=30"

static void
writes(OtpauthKind kind, int64_t counter, const char *account, const char *issuer, const char *want)
{
	static char text[OTPAUTH_WRITE_MAX];
	OtpSecret	secret = {OTP_SHA1, 6, 30, 5, (const uint8_t *) "fooba"};
	OtpauthLabel label = {account, strlen(account), issuer, issuer ? strlen(issuer) : 0};
	Otpauth		uri;
	OtpauthError error;

	is_integer(otpauth_write(&secret, kind, counter, &label, text), (long long) strlen(want),
			   "length written");
	is_string(text, want, want);
	ok(otpauth_parse(text, strlen(text), &uri, &error) && uri.kind == kind &&
	   uri.counter == (kind == OTPAUTH_HOTP ? counter : 0) && uri.key_length == 5 &&
	   memcmp(uri.key, "fooba", 5) == 0, "read back");
}

static void
test_write(void)
{
	writes(OTPAUTH_TOTP, 7, "alice@example.com", "ACME Co",
		   "otpauth://totp/ACME%20Co:alice%40example.com" FOOBA "&issuer=ACME%20Co" DEFAULTS);
	writes(OTPAUTH_TOTP, 0, "alice", NULL, "otpauth://totp/alice" FOOBA DEFAULTS);
	writes(OTPAUTH_HOTP, INT64_MAX, "a", "b", "otpauth://hotp/b:a" FOOBA
		   "&issuer=b&algorithm=SHA1&digits=6&counter=9223372036854775807");
	writes(OTPAUTH_TOTP, 0, "J\xc3\xbcrgen", "\xe6\xa0\xaa\xf0\x9f\x94\x91",
		   "otpauth://totp/%E6%A0%AA%F0%9F%94%91:J%C3%BCrgen" FOOBA
		   "&issuer=%E6%A0%AA%F0%9F%94%91" DEFAULTS);
	writes(OTPAUTH_TOTP, 0, "ABZabz019-._~", NULL, "otpauth://totp/ABZabz019-._~" FOOBA DEFAULTS);
	writes(OTPAUTH_TOTP, 0, "@[`{/", "!\"#$%&'()*+,/;<=>?\\]^|}",
		   "otpauth://totp/%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3B%3C%3D%3E%3F%5C%5D%5E%7C%7D"
		   ":%40%5B%60%7B%2F" FOOBA
		   "&issuer=%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3B%3C%3D%3E%3F%5C%5D%5E%7C%7D" DEFAULTS);
}

/* What is written goes no further than there is room for: the sanitizer sees it. */
static void
test_longest(void)
{
	static uint8_t key[OTP_KEY_MAX];
	char		name[OTPAUTH_NAME_MAX];
	char	   *text = malloc(OTPAUTH_WRITE_MAX);
	OtpSecret	secret = {OTP_SHA512, OTP_DIGITS_MAX, OTP_PERIOD_MAX, OTP_KEY_MAX, key};
	OtpauthLabel label = {name, sizeof(name), name, sizeof(name)};
	Otpauth		uri;
	OtpauthError error;

	memset(name, 0xff, sizeof(name));
	memset(key, 0xa5, sizeof(key));
	for (int kind = OTPAUTH_TOTP; kind <= OTPAUTH_HOTP; kind++)
	{
		size_t		n = otpauth_write(&secret, (OtpauthKind) kind, INT64_MAX, &label, text);

		ok(n < OTPAUTH_WRITE_MAX && strlen(text) == n, "the longest has room");
		ok(otpauth_parse(text, n, &uri, &error) && uri.key_length == OTP_KEY_MAX &&
		   memcmp(uri.key, key, OTP_KEY_MAX) == 0, "and is read back");
	}
	free(text);
}

static void
fault_of(const char *name, size_t length, const char *want)
{
	const char *got = otpauth_name_fault(name, length);

	is_string(got ? got : "none", want, name);
}

static void
fault(const char *name, const char *want)
{
	fault_of(name, strlen(name), want);
}

#define CONTROL "must not contain control characters"
#define LENGTH "must have between 1 and 256 bytes in UTF-8"

static void
test_fault(void)
{
	char		name[OTPAUTH_NAME_MAX + 2] = {0};

	fault("a", "none");
	fault(" J\xc3\xbcrgen\xc2\xa0+%&/", "none");
	fault("\xc2\xa0\xc3\x9f", "none");
	fault("", LENGTH);
	fault(":", "must not contain a colon");
	fault("a:b", "must not contain a colon");
	fault("ab:", "must not contain a colon");
	fault("\x01", CONTROL);
	fault("a\x1f", CONTROL);
	fault("a\nb", CONTROL);
	fault("\x7f", CONTROL);
	fault("a\xc2\x80", CONTROL);
	fault("\xc2\x9f", CONTROL);
	fault_of("a\0", 2, CONTROL);
	fault_of("a\xc2\x80", 2, "none");
	memset(name, 'x', OTPAUTH_NAME_MAX + 1);
	fault_of(name, OTPAUTH_NAME_MAX, "none");
	fault_of(name, OTPAUTH_NAME_MAX + 1, LENGTH);
}

static void
test_format(void)
{
	static uint8_t bytes[OTP_KEY_MAX];
	static char text[OTPAUTH_FORMAT_MAX];
	OtpSecret	secret = {OTP_SHA256, 8, 60, 5, (const uint8_t *) "fooba"};
	Otpauth		uri;
	OtpauthError error;
	bool		same = true;

	is_integer(otpauth_format(&secret, text), 67, "length written");
	is_string(text, "otpauth://totp/?secret=MZXW6YTB&algorithm=SHA256&digits=8&period=60", "written");

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t) (i * 11);
	secret.key = bytes;
	for (secret.key_length = 1; secret.key_length <= OTP_KEY_MAX; secret.key_length += 31)
	{
		secret.algorithm = (OtpAlgorithm) (1 + secret.key_length % 3);
		secret.digits = 6 + (int) (secret.key_length % 5);
		secret.period = 1 + (int) (secret.key_length * 84);
		same &= otpauth_format(&secret, text) == strlen(text) &&
				otpauth_parse(text, strlen(text), &uri, &error) && uri.kind == OTPAUTH_TOTP &&
				uri.algorithm == secret.algorithm && uri.digits == secret.digits &&
				uri.period == secret.period && uri.key_length == secret.key_length &&
				memcmp(uri.key, bytes, uri.key_length) == 0;
	}
	ok(same, "read back whole");
	secret = (OtpSecret) {OTP_SHA512, 10, OTP_PERIOD_MAX, OTP_KEY_MAX, bytes};
	ok(otpauth_format(&secret, text) < OTPAUTH_FORMAT_MAX, "the longest has room");
}

int
main(void)
{
	test_write();
	test_longest();
	test_fault();
	test_format();
	return done_testing();
}
