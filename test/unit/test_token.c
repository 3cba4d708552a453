/*
 * test_token.c
 *		What is read alike in every file of tokens.
 */
#include "token.h"

#include "tap.h"

#define LENGTH(text) (text), strlen(text)

static void
test_numbers(void)
{
	int64_t		n = 0;

	ok(otp_token_number(LENGTH("9223372036854775807"), 0, INT64_MAX, &n) && n == INT64_MAX,
	   "the greatest number");
	ok(otp_token_number(LENGTH("-9223372036854775808"), INT64_MIN, 0, &n) && n == INT64_MIN,
	   "the least");
	ok(!otp_token_number(LENGTH("9223372036854775808"), 0, INT64_MAX, &n), "one more");
	ok(!otp_token_number(LENGTH("-9223372036854775809"), INT64_MIN, 0, &n), "one less");
	ok(!otp_token_number(LENGTH("92233720368547758070"), 0, INT64_MAX, &n), "ten times as much");
	ok(otp_token_number(LENGTH(" \n+0042\t"), 0, 42, &n) && n == 42, "white space, a sign and zeros");
	ok(!otp_token_number(LENGTH("43"), 0, 42, &n), "above the range");
	ok(!otp_token_number(LENGTH("-1"), 0, 42, &n), "below the range");
	ok(!otp_token_number(LENGTH(""), 0, 42, &n), "nothing");
	ok(!otp_token_number(LENGTH("-"), 0, 42, &n), "a sign alone");
	ok(!otp_token_number(LENGTH("4 2"), 0, 42, &n), "a space within");
	ok(!otp_token_number(LENGTH("0x2a"), 0, 42, &n), "hexadecimal");
}

static void
test_names(void)
{
	static const char *const sha256[] = {
		"SHA256", "sha-256", "HMAC-SHA256", "HmacSHA256", "HMAC_SHA_256",
		"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
	};
	static const char *const none[] = {
		"", "SHA", "MD5", "HMAC", "SHA3-256", "HMAC-HMAC-SHA1", "SHA224",
		"http://www.w3.org/2001/04/xmldsig-more#hmac-sha224", "SHA256 or some other of them",
	};
	OtpAlgorithm algorithm;
	OtpauthKind kind;

	for (size_t i = 0; i < sizeof(sha256) / sizeof(sha256[0]); i++)
		ok(otp_token_algorithm(LENGTH(sha256[i]), &algorithm) && algorithm == OTP_SHA256,
		   "%s is SHA256", sha256[i]);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ok(!otp_token_algorithm(LENGTH(none[i]), &algorithm), "\"%s\" is no algorithm", none[i]);
	ok(otp_token_kind(LENGTH(" hOtP "), &kind) && kind == OTPAUTH_HOTP, "HOTP");
	ok(otp_token_kind(LENGTH("TOTP"), &kind) && kind == OTPAUTH_TOTP, "TOTP");
	ok(!otp_token_kind(LENGTH("totps"), &kind) && !otp_token_kind(LENGTH("ocra"), &kind), "no kind");
}

static void
test_texts(void)
{
	char		copy[OTP_TOKEN_TEXT_MAX + 1];
	char		text[OTP_TOKEN_TEXT_MAX + 2];
	OtpTokenError error = {NULL, "", 0};

	memset(text, 'x', sizeof(text));
	ok(otp_token_text(text, OTP_TOKEN_TEXT_MAX, copy) && strlen(copy) == OTP_TOKEN_TEXT_MAX,
	   "the longest text");
	ok(!otp_token_text(text, OTP_TOKEN_TEXT_MAX + 1, copy), "one byte more");
	ok(otp_token_text(LENGTH("  a b\n"), copy) && strcmp(copy, "a b") == 0, "white space around");
	ok(!otp_token_text(LENGTH("a\nb"), copy), "a control character within");
	ok(!otp_token_text("a\0b", 3, copy), "a zero byte within");
	otp_token_name(&error, LENGTH(" urn:\xc3\xa4\x01 "));
	is_string(error.name, "urn:???", "a name in an error");
	otp_token_name(&error, text, sizeof(text));
	is_integer(strlen(error.name), OTP_TOKEN_NAME_MAX, "a long one");
}

static void
test_check(void)
{
	OtpToken	token;

	otp_token_clear(&token);
	ok(otp_token_check(&token) != NULL, "no secret");
	token.key_length = 20;
	ok(otp_token_check(&token) == NULL, "with one");
	token.digits = 5;
	ok(otp_token_check(&token) != NULL, "too few digits");
	token.digits = 11;
	ok(otp_token_check(&token) != NULL, "too many");
	token.digits = 10;
	token.period = 0;
	ok(otp_token_check(&token) != NULL, "no period");
	token.kind = OTPAUTH_HOTP;
	ok(otp_token_check(&token) == NULL, "which means nothing to HOTP");
	token.next = -1;
	ok(otp_token_check(&token) != NULL, "a negative counter");
	token.next = 0;
	token.drift = OTP_TOKEN_DRIFT_MAX + 1;
	ok(otp_token_check(&token) != NULL, "too great a drift");
}

int
main(void)
{
	test_numbers();
	test_names();
	test_texts();
	test_check();
	return done_testing();
}
