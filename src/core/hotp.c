/*
 * hotp.c
 *		HOTP and TOTP over a keyed HMAC.
 */
#include "hotp.h"

#include <string.h>

#include "big_endian.h"
#include "secure.h"

/* what no code is equal to */
#define NO_CODE UINT64_MAX

static bool
is_length(int digits)
{
	return digits >= OTP_DIGITS_MIN && digits <= OTP_DIGITS_MAX;
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

/* The number of which a code is the last digits. */
static bool
counter_number(OtpHmac *key, uint64_t counter, uint32_t *number)
{
	size_t		size = otp_digest_size(otp_hmac_algorithm(key));
	uint8_t		message[8];
	uint8_t		digest[OTP_DIGEST_MAX];
	bool		ok;

	otp_put_64(message, counter);
	ok = otp_hmac_begin(key) && otp_hmac_add(key, message, sizeof(message)) &&
		 otp_hmac_end(key, digest);
	*number = ok ? truncate_digest(digest, size) : 0;
	otp_wipe(digest, size);
	return ok;
}

bool
otp_hotp(OtpHmac *key, int digits, uint64_t counter, char *code)
{
	uint32_t	number;
	bool		ok = is_length(digits) && counter_number(key, counter, &number);

	if (ok)
		write_digits(number, digits, code);
	else
		code[0] = '\0';
	return ok;
}

/* The modulo again by constants.  Ten digits hold all numbers. */
static uint64_t
last_digits(uint32_t number, int digits)
{
	switch (digits)
	{
		case 6:
			return number % 1000000;
		case 7:
			return number % 10000000;
		case 8:
			return number % 100000000;
		case 9:
			return number % 1000000000;
		default:
			return number;
	}
}

/* The number that so many digits are; NO_CODE if they are other symbols, or not so many. */
static uint64_t
read_digits(const char *guess, size_t length, int digits)
{
	uint64_t	number = 0;

	if (length != (size_t) digits)
		return NO_CODE;
	for (size_t i = 0; i < length; i++)
	{
		if (guess[i] < '0' || guess[i] > '9')
			return NO_CODE;
		number = number * 10 + (uint64_t) (guess[i] - '0');
	}
	return number;
}

/* Which of the guesses the code of a counter is: a bit each; all are compared. */
static bool
compare(OtpHmac *key, int digits, uint64_t counter, const uint64_t *guesses, int run,
		unsigned *equal)
{
	uint32_t	number;
	uint64_t	code;
	bool		ok = counter_number(key, counter, &number);

	code = last_digits(number, digits);
	*equal = 0;
	for (int i = 0; i < run; i++)
		*equal |= (unsigned) otp_equal(&code, &guesses[i], sizeof(code)) << i;
	otp_wipe(&number, sizeof(number));
	otp_wipe(&code, sizeof(code));
	return ok;
}

/*
 * All codes are compared and all steps taken alike, wherever the match is.  Bit i of `before`: have the
 * guesses up to the i-th matched the counters up to the one just compared?
 */
static bool
search(OtpHmac *key, int digits, const uint64_t *guesses, int run,
	   const uint64_t *counters, int count, int *match)
{
	unsigned	found = 0;
	unsigned	best = 0;
	unsigned	before = 0;
	bool		ok = true;

	for (int i = 0; i < count && ok; i++)
	{
		unsigned	equal;
		unsigned	first;

		ok = compare(key, digits, counters[i], guesses, run, &equal);
		before = (before << 1 | 1) & equal;
		first = (before >> (run - 1)) & (found ^ 1);
		best |= (0 - first) & (unsigned) (i - run + 1);
		found |= first;
	}
	if (ok)
		*match = (int) (best | (found - 1));
	return ok;
}

bool
otp_hotp_search(OtpHmac *key, int digits, const char *guess, size_t guess_length,
				const uint64_t *counters, int count, int *match)
{
	return otp_hotp_search_run(key, digits, 1, &guess, &guess_length, counters, count, match);
}

bool
otp_hotp_search_run(OtpHmac *key, int digits, int run, const char *const *guesses,
					const size_t *lengths, const uint64_t *counters, int count, int *match)
{
	uint64_t	numbers[OTP_RUN_MAX];

	*match = -1;
	if (!is_length(digits) || run < 1 || run > OTP_RUN_MAX)
		return false;
	for (int i = 0; i < run; i++)
		numbers[i] = read_digits(guesses[i], lengths[i], digits);
	return search(key, digits, numbers, run, counters, count, match);
}

int64_t
otp_totp_step(int64_t unix_seconds, int period)
{
	return unix_seconds / period - (unix_seconds % period < 0);
}
