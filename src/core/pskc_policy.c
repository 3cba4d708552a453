/*
 * pskc_policy.c
 *		May a key of a PSKC container be used for one-time codes, and now (RFC 6030,
 *		section 5)?
 */
#include "pskc_reader.h"

#include <string.h>

static bool
digits(const char *text, size_t n, int *number)
{
	*number = 0;
	for (size_t i = 0; i < n; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (text[i] - '0');
	}
	return true;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar, years from 1. */
static int64_t
days(int year, int month, int day)
{
	int			shifted = month > 2 ? year : year - 1;	/* years begin in March */
	int64_t		before = shifted * INT64_C(365) + shifted / 4 - shifted / 100 + shifted / 400;

	return before + (153 * ((month + 9) % 12) + 2) / 5 + day - 719469;
}

/* "Z", "+01:00" or nothing, in seconds; nothing is UTC. */
static bool
read_zone(const char *text, size_t length, int64_t *offset)
{
	int			hours;
	int			minutes;

	*offset = 0;
	if (length == 0 || (length == 1 && *text == 'Z'))
		return true;
	if (length != 6 || (*text != '+' && *text != '-') || text[3] != ':' ||
		!digits(text + 1, 2, &hours) || !digits(text + 4, 2, &minutes) ||
		hours > 14 || minutes > 59)
		return false;
	*offset = (hours * 60 + minutes) * 60 * (*text == '-' ? -1 : 1);
	return true;
}

/* xs:dateTime, such as 2006-05-31T00:00:00Z, in seconds since 1970. */
static bool
read_date(const char *text, size_t length, int64_t *seconds)
{
	int			year, month, day, hour, minute, second;
	int64_t		offset;
	size_t		at = 19;

	otp_token_trim(&text, &length);
	if (length < at || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
		text[16] != ':' || !digits(text, 4, &year) || !digits(text + 5, 2, &month) ||
		!digits(text + 8, 2, &day) || !digits(text + 11, 2, &hour) ||
		!digits(text + 14, 2, &minute) || !digits(text + 17, 2, &second))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 ||
		second > 60)
		return false;
	if (at < length && text[at] == '.')
	{
		do
			at++;
		while (at < length && text[at] >= '0' && text[at] <= '9');
	}
	if (!read_zone(text + at, length - at, &offset))
		return false;
	*seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - offset;
	return true;
}

void
otp_pskc_end_date(OtpPskc *p, PskcElement element)
{
	int64_t		date;

	if (!read_date(p->content, p->content_length, &date))
		otp_pskc_fail(p, "a date is not valid");
	else if (element == PSKC_START_DATE && p->options->now < date)
		otp_pskc_fail(p, "the key or its device is not valid yet");
	else if (element == PSKC_EXPIRY_DATE && p->options->now >= date)
		otp_pskc_fail(p, "the key or its device has expired");
}

void
otp_pskc_end_usage(OtpPskc *p)
{
	const char *text = p->content;
	size_t		length = p->content_length;

	otp_token_trim(&text, &length);
	p->usage_given = true;
	if (length == 3 && memcmp(text, "OTP", 3) == 0)
		p->usage_otp = true;
}

void
otp_pskc_end_policy(OtpPskc *p)
{
	if (p->usage_given && !p->usage_otp)
		otp_pskc_fail(p, "the key may not be used for one-time codes");
}

/* A PIN that the device asks for is no concern of ours; one that is part of the code would be. */
void
otp_pskc_begin_pin_policy(OtpPskc *p, const PskcAttributes *attributes)
{
	static const char *const known[] = {
		"PINKeyId", "PINUsageMode", "MaxFailedAttempts", "MinLength", "MaxLength", "PINEncoding",
	};
	size_t		length = 0;
	const char *mode = otp_pskc_attribute(attributes, "PINUsageMode", &length);
	int			count = 0;

	if (!mode || length != strlen("Local") || memcmp(mode, "Local", length) != 0)
	{
		otp_pskc_fail_at(p, "the use of the PIN is not supported", mode, length);
		return;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		count += otp_pskc_attribute(attributes, known[i], &length) != NULL;
	if (count != attributes->count)
		otp_pskc_fail(p, "the PIN policy is not understood");
}
