/*
 * hotp.c
 *		HOTP and TOTP over a keyed HMAC per algorithm, which is kept for the
 *		life of the process, and never with a key.
 */
#include "hotp.h"

#include <string.h>

#include "secure.h"

/* The HMAC of an algorithm; NULL if it cannot be had. */
static OtpHmac *
shared_hmac(OtpAlgorithm algorithm)
{
	static OtpHmac *hmacs[OTP_SHA512 + 1];

	if (otp_digest_size(algorithm) == 0)
		return NULL;
	if (!hmacs[algorithm])
		hmacs[algorithm] = otp_hmac_new(algorithm);
	return hmacs[algorithm];
}

/* The HMAC, keyed with the secret; NULL if that fails. */
static OtpHmac *
keyed_hmac(const OtpSecret *secret)
{
	OtpHmac    *hmac;

	if (secret->digits < OTP_DIGITS_MIN || secret->digits > OTP_DIGITS_MAX)
		return NULL;
	hmac = shared_hmac(secret->algorithm);
	if (!hmac || !otp_hmac_key(hmac, secret->key, secret->key_length))
		return NULL;
	return hmac;
}

/* Dynamic truncation, RFC 4226 section 5.3. */
static uint32_t
truncate_digest(const uint8_t *digest, size_t size)
{
	const uint8_t *at = digest + (digest[size - 1] & 0xf);

	return (uint32_t) (at[0] & 0x7f) << 24 | (uint32_t) at[1] << 16 |
		   (uint32_t) at[2] << 8 | (uint32_t) at[3];
}

/*
 * Dividing by a constant, digit by digit from the right, is the modulo by a
 * power of ten that even ten digits fit, without the division instruction,
 * whose time depends on the number.
 */
static void
write_digits(uint32_t number, int digits, char *code)
{
	for (int i = digits - 1; i >= 0; i--)
	{
		code[i] = (char) ('0' + number % 10);
		number /= 10;
	}
	code[digits] = '\0';
}

static bool
counter_code(OtpHmac *hmac, const OtpSecret *secret, uint64_t counter, char *code)
{
	size_t		size = otp_digest_size(secret->algorithm);
	uint8_t		message[8];
	uint8_t		digest[OTP_DIGEST_MAX];
	bool		ok;

	for (int i = 7; i >= 0; i--)
	{
		message[i] = (uint8_t) counter;
		counter >>= 8;
	}
	ok = otp_hmac_begin(hmac) && otp_hmac_add(hmac, message, sizeof(message)) &&
		 otp_hmac_end(hmac, digest);
	if (ok)
		write_digits(truncate_digest(digest, size), secret->digits, code);
	otp_wipe(digest, size);
	return ok;
}

bool
otp_hotp(const OtpSecret *secret, uint64_t counter, char *code)
{
	OtpHmac    *hmac = keyed_hmac(secret);
	bool		ok;

	ok = hmac && counter_code(hmac, secret, counter, code);
	if (hmac)
		otp_hmac_wipe(hmac);
	if (!ok)
		code[0] = '\0';
	return ok;
}

/* All codes are compared and all steps taken alike, wherever the match is. */
static bool
search(OtpHmac *hmac, const OtpSecret *secret, const char *guess, unsigned possible,
	   const uint64_t *counters, int count, int *match)
{
	char		code[OTP_DIGITS_MAX + 1];
	unsigned	found = 0;
	unsigned	best = 0;
	bool		ok = true;

	for (int i = 0; i < count && ok; i++)
	{
		ok = counter_code(hmac, secret, counters[i], code);
		if (ok)
		{
			unsigned	equal = otp_equal(code, guess, (size_t) secret->digits);
			unsigned	first = equal & possible & (found ^ 1);

			best |= (0 - first) & (unsigned) i;
			found |= first;
		}
	}
	otp_wipe(code, sizeof(code));
	if (ok)
		*match = (int) (best | (found - 1));
	return ok;
}

bool
otp_hotp_search(const OtpSecret *secret, const char *guess, size_t guess_length,
				const uint64_t *counters, int count, int *match)
{
	char		padded[OTP_DIGITS_MAX] = {0};
	unsigned	possible = guess_length == (size_t) secret->digits;
	OtpHmac    *hmac = keyed_hmac(secret);
	bool		ok;

	*match = -1;
	memcpy(padded, guess, guess_length < sizeof(padded) ? guess_length : sizeof(padded));
	ok = hmac && search(hmac, secret, padded, possible, counters, count, match);
	if (hmac)
		otp_hmac_wipe(hmac);
	otp_wipe(padded, sizeof(padded));
	return ok;
}

int64_t
otp_totp_step(int64_t unix_seconds, int period)
{
	return unix_seconds / period - (unix_seconds % period < 0);
}
