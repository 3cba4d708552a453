/*
 * token_csv_yubico.c
 *		The log of the YubiKey Personalization Tool, in both of its formats.
 *
 * Traditional: event, local time, slot, public identity, private identity, secret, current and
 * new access code, three flags, digits, moving factor, five flags.  The local time may have
 * commas in it, unquoted, so the fields behind it are counted from the end.
 *
 * Yubico's: serial number, public identity, moving factor of HOTP (else the private identity, or
 * nothing), secret, access code, time, nothing.
 */
#include "token_csv_reader.h"

#include <string.h>
#include <strings.h>

#define TRADITIONAL_FIELDS	18
#define YUBICO_FIELDS_MIN	6

/* hexadecimal digits of a secret of HOTP; one of the other kinds has 32, or is as long and
 * belongs to challenge and response, which nothing tells from HOTP */
#define SECRET_DIGITS		40

/* the greatest moving factor that a YubiKey begins with: 16 bits, times 16 */
#define MOVING_FACTOR_MAX	INT64_C(1048560)

#define OTHER_KIND "the line configures no OATH-HOTP"
#define BAD_SECRET "the secret is not 40 hexadecimal digits"

static bool
is(CsvField field, const char *name)
{
	return field.length == strlen(name) && strncasecmp(field.text, name, field.length) == 0;
}

static bool
is_digits(CsvField field)
{
	for (size_t i = 0; i < field.length; i++)
	{
		if (field.text[i] < '0' || field.text[i] > '9')
			return false;
	}
	return field.length > 0;
}

static const char *
read_secret(CsvField field, OtpToken *token)
{
	return field.length == SECRET_DIGITS && otp_csv_hex(field, token) ? NULL : BAD_SECRET;
}

static const char *
read_traditional(const CsvReader *csv, OtpToken *token)
{
	int			shift = csv->count - TRADITIONAL_FIELDS;
	CsvField	identity = otp_records_field(csv, 3 + shift);
	CsvField	digits = otp_records_field(csv, 11 + shift);
	CsvField	factor = otp_records_field(csv, 12 + shift);

	if (shift < 0)
		return "the line has too few fields";
	if (!is(digits, "6") && !is(digits, "8"))
		return "the number of digits is not 6 or 8";
	token->digits = digits.text[0] - '0';
	if (!otp_token_number(factor.text, factor.length, 0, MOVING_FACTOR_MAX, &token->next))
		return "the moving factor is not a number, or out of its range";
	if (!otp_token_text(identity.text, identity.length, token->serial))
		return "a name or identifier is too long or has control characters";
	return read_secret(otp_records_field(csv, 5 + shift), token);
}

static const char *
read_yubico(const CsvReader *csv, OtpToken *token)
{
	CsvField	serial = otp_records_field(csv, 0);
	CsvField	factor = otp_records_field(csv, 2);

	if (csv->count < YUBICO_FIELDS_MIN)
		return "the line has too few fields";
	if (!otp_token_number(factor.text, factor.length, 0, MOVING_FACTOR_MAX, &token->next))
		return OTHER_KIND;
	if (!otp_token_text(serial.text, serial.length, token->serial))
		return "a name or identifier is too long or has control characters";
	return read_secret(otp_records_field(csv, 3), token);
}

OtpTokenStatus
otp_csv_yubico(const CsvReader *csv, OtpToken *token, const char **problem)
{
	CsvField	first = otp_records_field(csv, 0);

	otp_token_clear(token);
	token->kind = OTPAUTH_HOTP;
	strcpy(token->manufacturer, "Yubico");
	if (is(first, "LOGGING START") || is(first, "Configuration Update") ||
		is(first, "Configuration Swap"))
		return OTP_TOKEN_END;
	if (is(first, "OATH-HOTP"))
		*problem = read_traditional(csv, token);
	else if (is_digits(first))
		*problem = read_yubico(csv, token);
	else
		*problem = OTHER_KIND;
	return *problem ? OTP_TOKEN_BAD : OTP_TOKEN_READ;
}
