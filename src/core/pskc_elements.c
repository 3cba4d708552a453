/*
 * pskc_elements.c
 *		What the elements of a PSKC container say (RFC 6030, sections 4 and 6).
 */
#include "pskc_reader.h"

#include <string.h>

#define HOTP "urn:ietf:params:xml:ns:keyprov:pskc:hotp"
#define TOTP "urn:ietf:params:xml:ns:keyprov:pskc:totp"
#define PBKDF2 "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2"
#define PBKDF2_XENC11 "http://www.w3.org/2009/xmlenc11#pbkdf2"

static bool
equals(const char *text, size_t length, const char *other)
{
	return text && length == strlen(other) && memcmp(text, other, length) == 0;
}

static void
content_text(OtpPskc *p, char copy[OTP_TOKEN_TEXT_MAX + 1])
{
	if (!otp_token_text(p->content, p->content_length, copy))
		otp_pskc_fail(p, "a name or identifier is too long or has control characters");
}

static int64_t
content_number(OtpPskc *p, int64_t least, int64_t most, const char *problem)
{
	int64_t		number = least;

	if (!otp_token_number(p->content, p->content_length, least, most, &number))
		otp_pskc_fail(p, problem);
	return number;
}

static void
begin_container(OtpPskc *p, const PskcAttributes *attributes)
{
	size_t		length = 0;
	const char *version = otp_pskc_attribute(attributes, "Version", &length);

	if (!equals(version, length, "1.0") && !equals(version, length, "1"))
		otp_pskc_fail(p, "the container's version is not 1.0");
}

static void
begin_derivation(OtpPskc *p, const PskcAttributes *attributes)
{
	size_t		length = 0;
	const char *algorithm = otp_pskc_attribute(attributes, "Algorithm", &length);

	p->by_password = true;
	p->crypto.prf = OTP_SHA1;
	if (!equals(algorithm, length, PBKDF2) && !equals(algorithm, length, PBKDF2_XENC11))
		otp_pskc_fail_at(p, "the key derivation is not supported", algorithm, length);
}

static void
begin_prf(OtpPskc *p, const PskcAttributes *attributes)
{
	size_t		length = 0;
	const char *algorithm = otp_pskc_attribute(attributes, "Algorithm", &length);

	if (algorithm && !otp_token_algorithm(algorithm, length, &p->crypto.prf))
		otp_pskc_fail_at(p, "the key derivation's function is not supported", algorithm, length);
}

static void
begin_mac_method(OtpPskc *p, const PskcAttributes *attributes)
{
	size_t		length = 0;
	const char *algorithm = otp_pskc_attribute(attributes, "Algorithm", &length);

	if (p->has_packages)
		otp_pskc_fail(p, "the MAC method has to come before the keys");
	else if (!algorithm || !otp_token_algorithm(algorithm, length, &p->crypto.mac_algorithm))
		otp_pskc_fail_at(p, "the MAC method is not supported", algorithm, length);
	else
		p->crypto.has_mac = true;
}

/* Where the sealed value goes that the open elements belong to. */
static OtpPskcSealed *
sealed_of(OtpPskc *p)
{
	for (int i = p->depth; i > 0; i--)
	{
		if (p->stack[i].element == PSKC_MAC_KEY)
			return &p->crypto.mac_key_sealed;
	}
	return &p->value.sealed;
}

static void
begin_encryption_method(OtpPskc *p, const PskcAttributes *attributes)
{
	size_t		length = 0;
	const char *algorithm = otp_pskc_attribute(attributes, "Algorithm", &length);
	const OtpPskcCipher *cipher = algorithm ? otp_pskc_cipher(algorithm, length) : NULL;

	sealed_of(p)->cipher = cipher;
	if (!cipher)
		otp_pskc_fail_at(p, "the cipher is not supported", algorithm, length);
}

/* The key that the file is encrypted with; a password is used only once it is needed. */
static void
end_encryption_key(OtpPskc *p)
{
	if (p->has_packages)
		otp_pskc_fail(p, "the encryption key has to come before the keys");
	p->encrypted = true;
	if (p->options->key && !p->by_password)
	{
		if (p->options->key_length > OTP_PSKC_KEY_MAX)
			otp_pskc_fail(p, "the key's length does not fit the cipher");
		else
		{
			memcpy(p->crypto.key, p->options->key, p->options->key_length);
			p->crypto.key_length = p->options->key_length;
		}
	}
}

static void
begin_package(OtpPskc *p)
{
	if (p->ready)
		otp_pskc_fail(p, "the XML parser is out of step");
	otp_token_clear(&p->token);
	p->has_packages = true;
	p->has_key = p->usage_given = p->usage_otp = false;
	p->counter = p->time = 0;
}

static void
begin_key(OtpPskc *p, const PskcAttributes *attributes)
{
	size_t		length = 0;
	const char *algorithm = otp_pskc_attribute(attributes, "Algorithm", &length);
	const char *id;

	p->has_key = true;
	p->token.line = p->line;
	if (equals(algorithm, length, HOTP))
		p->token.kind = OTPAUTH_HOTP;
	else if (equals(algorithm, length, TOTP))
		p->token.kind = OTPAUTH_TOTP;
	else
	{
		otp_pskc_fail_at(p, "the key's algorithm is not supported", algorithm, length);
		return;
	}
	id = otp_pskc_attribute(attributes, "Id", &length);
	if (id && p->token.serial[0] == '\0' && !otp_token_text(id, length, p->token.serial))
		otp_pskc_fail(p, "a name or identifier is too long or has control characters");
}

/* An attribute hashalgo is what privacyIDEA writes in place of a text. */
static void
begin_suite(OtpPskc *p, const PskcAttributes *attributes)
{
	size_t		length = 0;
	const char *suite = otp_pskc_attribute(attributes, "hashalgo", &length);

	if (suite && !otp_token_algorithm(suite, length, &p->token.algorithm))
		otp_pskc_fail_at(p, "the algorithm suite is not supported", suite, length);
}

static void
end_suite(OtpPskc *p)
{
	const char *text = p->content;
	size_t		length = p->content_length;

	otp_token_trim(&text, &length);
	if (length > 0 && !otp_token_algorithm(text, length, &p->token.algorithm))
		otp_pskc_fail_at(p, "the algorithm suite is not supported", text, length);
}

static void
begin_response(OtpPskc *p, const PskcAttributes *attributes)
{
	size_t		length = 0;
	const char *value = otp_pskc_attribute(attributes, "Encoding", &length);
	int64_t		digits;

	if (!equals(value, length, "DECIMAL"))
	{
		otp_pskc_fail_at(p, "the encoding of codes is not DECIMAL", value, length);
		return;
	}
	value = otp_pskc_attribute(attributes, "CheckDigits", &length);
	if (value && !equals(value, length, "false") && !equals(value, length, "0"))
	{
		otp_pskc_fail(p, "codes with a check digit are not supported");
		return;
	}
	value = otp_pskc_attribute(attributes, "Length", &length);
	if (!value || !otp_token_number(value, length, OTP_DIGITS_MIN, OTP_DIGITS_MAX, &digits))
		otp_pskc_fail(p, "the number of digits is not supported");
	else
		p->token.digits = (int) digits;
}

/*
 * Time is how many intervals had passed when the file was written; what is older is not to be
 * accepted again.
 */
static void
end_package(OtpPskc *p)
{
	OtpToken   *token = &p->token;
	const char *problem;

	if (!p->has_key)
		return;
	p->line = token->line;
	token->next = token->kind == OTPAUTH_HOTP ? p->counter : p->time;
	if (token->kind == OTPAUTH_HOTP)
		token->drift = 0;
	problem = otp_token_check(token);
	if (!problem && token->kind == OTPAUTH_TOTP && token->next > p->options->now / token->period)
		problem = "the token's time is in the future";
	if (problem)
		otp_pskc_fail(p, problem);
	p->ready = !p->failed;
}

void
otp_pskc_begin(OtpPskc *p, PskcElement element, const PskcAttributes *attributes)
{
	switch (element)
	{
		case PSKC_CONTAINER:
			begin_container(p, attributes);
			break;
		case PSKC_DERIVATION_METHOD:
			begin_derivation(p, attributes);
			break;
		case PSKC_PRF:
			begin_prf(p, attributes);
			break;
		case PSKC_MAC_METHOD:
			begin_mac_method(p, attributes);
			break;
		case PSKC_ENCRYPTION_METHOD:
			begin_encryption_method(p, attributes);
			break;
		case PSKC_PACKAGE:
			begin_package(p);
			break;
		case PSKC_KEY:
			begin_key(p, attributes);
			break;
		case PSKC_SUITE:
			begin_suite(p, attributes);
			break;
		case PSKC_RESPONSE_FORMAT:
			begin_response(p, attributes);
			break;
		case PSKC_ENCRYPTED_VALUE:
			p->value.is_sealed = true;
			break;
		case PSKC_PIN_POLICY:
			otp_pskc_begin_pin_policy(p, attributes);
			break;
		default:
			break;
	}
}

void
otp_pskc_end(OtpPskc *p, PskcElement element, PskcElement parent)
{
	OtpPskcCrypto *crypto = &p->crypto;
	OtpToken   *token = &p->token;
	OtpPskcSealed *sealed = &p->value.sealed;

	switch (element)
	{
		case PSKC_CONTAINER:
			p->ended = true;
			break;
		case PSKC_ENCRYPTION_KEY:
			end_encryption_key(p);
			break;
		case PSKC_SPECIFIED_SALT:
			otp_pskc_content_bytes(p, crypto->salt, sizeof(crypto->salt), &crypto->salt_length);
			break;
		case PSKC_ITERATIONS:
			crypto->iterations = (int) content_number(p, 1, OTP_PSKC_ITERATIONS_MAX,
													  "the number of iterations is not supported");
			break;
		case PSKC_DERIVED_LENGTH:
			crypto->derived_length = (int) content_number(p, 16, OTP_PSKC_KEY_MAX,
														  "the key length is not supported");
			break;
		case PSKC_CIPHER_VALUE:
			sealed = sealed_of(p);
			otp_pskc_content_bytes(p, sealed->data, sizeof(sealed->data), &sealed->length);
			break;
		case PSKC_VALUE_MAC:
			otp_pskc_content_bytes(p, sealed->mac, sizeof(sealed->mac), &sealed->mac_length);
			if (!p->failed && sealed->mac_length == 0)
				otp_pskc_fail(p, "a message authentication code is empty");
			break;
		case PSKC_PACKAGE:
			end_package(p);
			break;
		case PSKC_SERIAL:
			content_text(p, token->serial);
			break;
		case PSKC_MANUFACTURER:
			content_text(p, token->manufacturer);
			break;
		case PSKC_DEVICE_USER:
			if (token->user[0] == '\0')
				content_text(p, token->user);
			break;
		case PSKC_KEY_USER:
			content_text(p, token->user);
			break;
		case PSKC_ISSUER:
			content_text(p, token->issuer);
			break;
		case PSKC_SUITE:
			end_suite(p);
			break;
		case PSKC_PLAIN_VALUE:
			otp_pskc_end_plain_value(p, parent);
			break;
		case PSKC_SECRET:
		case PSKC_COUNTER:
		case PSKC_TIME:
		case PSKC_TIME_INTERVAL:
		case PSKC_TIME_DRIFT:
			otp_pskc_end_value(p, element);
			break;
		case PSKC_START_DATE:
		case PSKC_EXPIRY_DATE:
			otp_pskc_end_date(p, element);
			break;
		case PSKC_KEY_USAGE:
			otp_pskc_end_usage(p);
			break;
		case PSKC_POLICY:
			otp_pskc_end_policy(p);
			break;
		default:
			break;
	}
}
