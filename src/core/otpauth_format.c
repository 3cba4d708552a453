/*
 * otpauth_format.c
 *		The otpauth:// URI: the writer.
 */
#include "otpauth.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STRING_OF(x) #x
#define LENGTH_FAULT(most) "must have between 1 and " STRING_OF(most) " bytes in UTF-8"

static bool
unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

static char *
add(char *at, const char *text)
{
	size_t		n = strlen(text);

	memcpy(at, text, n);
	return at + n;
}

static char *
add_number(char *at, const char *name, int64_t number)
{
	return at + sprintf(at, "&%s=%" PRId64, name, number);
}

static char *
add_escaped(char *at, const char *name, size_t length)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) name[i];

		if (unreserved(c))
			*at++ = (char) c;
		else
		{
			*at++ = '%';
			*at++ = digits[c >> 4];
			*at++ = digits[c & 15];
		}
	}
	return at;
}

static char *
add_label(char *at, const OtpauthLabel *label)
{
	if (label->issuer)
	{
		at = add_escaped(at, label->issuer, label->issuer_length);
		*at++ = ':';
	}
	return add_escaped(at, label->account, label->account_length);
}

static char *
add_parameters(char *at, const OtpSecret *secret, const OtpauthLabel *label)
{
	at = add(at, "?secret=");
	at += otp_base32_encode(secret->key, secret->key_length, at);
	if (label->issuer)
	{
		at = add(at, "&issuer=");
		at = add_escaped(at, label->issuer, label->issuer_length);
	}
	at = add(at, "&algorithm=");
	at = add(at, otp_algorithm_name(secret->algorithm));
	return add_number(at, "digits", secret->digits);
}

const char *
otpauth_name_fault(const char *name, size_t length)
{
	if (length < 1 || length > OTPAUTH_NAME_MAX)
		return LENGTH_FAULT(OTPAUTH_NAME_MAX);
	for (size_t i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) name[i];

		if (c == ':')
			return "must not contain a colon";
		/* in UTF-8, U+0080 to U+009F are C2 80 to C2 9F */
		if (c < 0x20 || c == 0x7f ||
			(c == 0xc2 && i + 1 < length && (unsigned char) name[i + 1] < 0xa0))
			return "must not contain control characters";
	}
	return NULL;
}

size_t
otpauth_write(const OtpSecret *secret, OtpauthKind kind, int64_t counter,
			  const OtpauthLabel *label, char *text)
{
	char	   *at = add(text, OTPAUTH_SCHEME);

	at = add(at, kind == OTPAUTH_TOTP ? "//totp/" : "//hotp/");
	at = add_label(at, label);
	at = add_parameters(at, secret, label);
	at = kind == OTPAUTH_TOTP ? add_number(at, "period", secret->period) :
		add_number(at, "counter", counter);
	*at = '\0';
	return (size_t) (at - text);
}

size_t
otpauth_format(const OtpSecret *secret, char *text)
{
	static const OtpauthLabel nobody;

	return otpauth_write(secret, OTPAUTH_TOTP, 0, &nobody, text);
}
