/*
 * pskc_values.c
 *		The values of a key's Data in a PSKC container, in plain or sealed (RFC 6030, sections
 *		4.2 and 6).
 */
#include "pskc_reader.h"

#include <string.h>

#include "base64.h"
#include "secure.h"

/* more than any number needs */
#define NUMBER_MAX	32

#define NO_NUMBER "a value is not a number, or out of its range"

void
otp_pskc_content_bytes(OtpPskc *p, uint8_t *bytes, size_t size, size_t *n)
{
	if (!otp_base64_decode(p->content, p->content_length, bytes, size, n))
		otp_pskc_fail(p, "a value is not Base64, or too long");
}

void
otp_pskc_end_plain_value(OtpPskc *p, PskcElement parent)
{
	PskcValue  *value = &p->value;
	const char *text = p->content;
	size_t		length = p->content_length;

	value->is_plain = true;
	if (parent == PSKC_SECRET)
	{
		otp_pskc_content_bytes(p, value->bytes, sizeof(value->bytes), &value->length);
		return;
	}
	otp_token_trim(&text, &length);
	if (length > NUMBER_MAX)
	{
		otp_pskc_fail(p, NO_NUMBER);
		return;
	}
	memcpy(value->bytes, text, length);
	value->length = length;
}

/* Without a key there is nothing to check a MAC by. */
static const char *
find_key(OtpPskc *p)
{
	if (p->crypto.key_length > 0)
		return NULL;
	if (!p->encrypted)
		return "a value is encrypted, but the container does not say by which key";
	if (!p->by_password)
		return "the container is encrypted with a key, and none is given";
	if (!p->options->password)
		return "the container is encrypted with a password, and none is given";
	return otp_pskc_derive(&p->crypto, p->options->password, p->options->password_length);
}

static bool
unseal(OtpPskc *p)
{
	PskcValue  *value = &p->value;
	const char *problem = find_key(p);

	if (!problem)
		problem = otp_pskc_unseal(&p->crypto, &value->sealed, value->bytes, &value->length);
	if (problem)
		otp_pskc_fail(p, problem);
	return problem == NULL;
}

/*
 * A number that was sealed: its digits, or, as RFC 6030 section 4.2 has it, the number in bytes,
 * the most significant first.
 */
static bool
sealed_number(const PskcValue *value, int64_t *number)
{
	uint64_t	sum = 0;

	if (otp_token_number((const char *) value->bytes, value->length, INT64_MIN, INT64_MAX, number))
		return true;
	if (value->length == 0 || value->length > 8)
		return false;
	for (size_t i = 0; i < value->length; i++)
		sum = sum << 8 | value->bytes[i];
	/* a negative number fills the four bytes of an xs:int */
	*number = value->length == 4 ? (int32_t) (uint32_t) sum : (int64_t) sum;
	return true;
}

static void
take_number(OtpPskc *p, int64_t least, int64_t most, int64_t *number)
{
	const PskcValue *value = &p->value;
	bool		ok = value->is_sealed ? sealed_number(value, number)
		: otp_token_number((const char *) value->bytes, value->length, INT64_MIN, INT64_MAX, number);

	if (!ok || *number < least || *number > most)
		otp_pskc_fail(p, NO_NUMBER);
}

static void
take_secret(OtpPskc *p)
{
	const PskcValue *value = &p->value;

	if (value->is_plain && (p->options->key || p->options->password))
		otp_pskc_fail(p, "a secret is not encrypted, though a key or a password is given");
	else if (value->length < OTP_KEY_MIN || value->length > OTP_KEY_MAX)
		otp_pskc_fail(p, "the secret is empty or too long");
	else
	{
		memcpy(p->token.key, value->bytes, value->length);
		p->token.key_length = value->length;
	}
}

void
otp_pskc_end_value(OtpPskc *p, PskcElement element)
{
	PskcValue  *value = &p->value;
	int64_t		number = 0;

	if (value->is_plain == value->is_sealed)
		otp_pskc_fail(p, "there has to be one of PlainValue and EncryptedValue");
	else if (value->is_plain && value->sealed.mac_length > 0)
		otp_pskc_fail(p, "a plain value has a message authentication code");
	else if (value->is_plain || unseal(p))
	{
		if (element == PSKC_SECRET)
			take_secret(p);
		else if (element == PSKC_COUNTER)
			take_number(p, 0, INT64_MAX, &p->counter);
		else if (element == PSKC_TIME)
			take_number(p, 0, INT64_MAX, &p->time);
		else if (element == PSKC_TIME_INTERVAL)
		{
			take_number(p, OTP_PERIOD_MIN, OTP_PERIOD_MAX, &number);
			p->token.period = (int) number;
		}
		else
		{
			take_number(p, -OTP_TOKEN_DRIFT_MAX, OTP_TOKEN_DRIFT_MAX, &number);
			p->token.drift = (int) number;
		}
	}
	otp_wipe(value, sizeof(*value));
}
