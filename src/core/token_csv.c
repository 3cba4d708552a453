/*
 * token_csv.c
 *		OATH CSV.
 */
#include "token_csv_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base32.h"
#include "secure.h"
#include "symbol.h"

#define NO_DIGIT 16

OtpCsv *
otp_csv_open(const char *text, size_t length, OtpCsvFormat format)
{
	OtpCsv	   *csv = calloc(1, sizeof(*csv));

	if (!csv)
		return NULL;
	csv->format = format;
	otp_records_begin(&csv->csv, text, length);
	return csv;
}

void
otp_csv_close(OtpCsv *csv)
{
	if (!csv)
		return;
	otp_wipe(csv, sizeof(*csv));
	free(csv);
}

/* No branch depends on the value of a valid digit. */
static unsigned
digit_value(unsigned char c)
{
	unsigned	lower = c | 0x20U;
	unsigned	digit = otp_between(c, '0', '9');
	unsigned	letter = otp_between(lower, 'a', 'f');

	return (digit & (c - '0')) | (letter & (lower - 'a' + 10U)) | (~(digit | letter) & NO_DIGIT);
}

static bool
is_hex(CsvField field)
{
	unsigned	seen = 0;

	for (size_t i = 0; i < field.length; i++)
		seen |= digit_value((unsigned char) field.text[i]);
	return field.length % 2 == 0 && (seen & NO_DIGIT) == 0;
}

bool
otp_csv_hex(CsvField field, OtpToken *token)
{
	if (field.length / 2 > OTP_KEY_MAX || !is_hex(field))
		return false;
	for (size_t i = 0; i < field.length; i += 2)
		token->key[i / 2] = (uint8_t) (digit_value((unsigned char) field.text[i]) << 4 |
									   digit_value((unsigned char) field.text[i + 1]));
	token->key_length = field.length / 2;
	return true;
}

static CsvField
column(const OtpCsv *csv, OtpCsvColumn which)
{
	return otp_records_field(&csv->csv, csv->columns[which]);
}

/*
 * Many secrets can be read both ways, above all short ones; that all secrets of a file in Base32
 * can be is as good as impossible.
 */
static bool
all_hex(const OtpCsv *csv)
{
	OtpCsv	   *scan = malloc(sizeof(*scan));
	bool		hex = true;

	if (!scan)
		return false;
	*scan = *csv;
	do
	{
		hex = is_hex(column(scan, CSV_SECRET));
	} while (hex && otp_records_next(&scan->csv));
	otp_csv_close(scan);
	return hex;
}

static const char *
read_secret(const OtpCsv *csv, OtpToken *token)
{
	CsvField	field = column(csv, CSV_SECRET);
	size_t		position;

	if (field.length == 0)
		return "the secret is missing";
	if (csv->hex)
		return otp_csv_hex(field, token) ? NULL : "the secret is too long";
	if (otp_base32_decode(field.text, field.length, token->key, OTP_KEY_MAX, &token->key_length,
						  &position) != OTP_BASE32_OK)
		return "the secret is not Base32, nor are all secrets of the file hexadecimal";
	return NULL;
}

static const char *
read_kind(const OtpCsv *csv, OtpToken *token)
{
	CsvField	field = column(csv, CSV_KIND);

	if (field.length > 0)
		return otp_token_kind(field.text, field.length, &token->kind)
			? NULL : "the kind is neither hotp nor totp";
	token->kind = OTPAUTH_HOTP;
	if (!csv->has_header)
		return NULL;
	if (csv->columns[CSV_KIND] >= 0 ||
		(csv->columns[CSV_PERIOD] >= 0) == (csv->columns[CSV_COUNTER] >= 0))
		return "the kind is missing";
	if (csv->columns[CSV_PERIOD] >= 0)
		token->kind = OTPAUTH_TOTP;
	return NULL;
}

/* Leaves *number as it is if the field is empty. */
static bool
read_number(CsvField field, int64_t least, int64_t most, int64_t *number)
{
	return field.length == 0 || otp_token_number(field.text, field.length, least, most, number);
}

static const char *
read_numbers(const OtpCsv *csv, OtpToken *token)
{
	bool		totp = token->kind == OTPAUTH_TOTP;
	CsvField	factor = column(csv, CSV_MOVING_FACTOR);
	int64_t		digits = token->digits;
	int64_t		period = token->period;
	int64_t		drift = 0;

	if (!read_number(column(csv, CSV_DIGITS), OTP_DIGITS_MIN, OTP_DIGITS_MAX, &digits))
		return "the number of digits is not supported";
	if (totp && (!read_number(column(csv, CSV_PERIOD), OTP_PERIOD_MIN, OTP_PERIOD_MAX, &period) ||
				 !read_number(factor, OTP_PERIOD_MIN, OTP_PERIOD_MAX, &period)))
		return "the period is not supported";
	if (!totp && (!read_number(column(csv, CSV_COUNTER), 0, INT64_MAX, &token->next) ||
				  !read_number(factor, 0, INT64_MAX, &token->next)))
		return "the counter is not a number, or out of its range";
	if (totp && !read_number(column(csv, CSV_DRIFT), -OTP_TOKEN_DRIFT_MAX, OTP_TOKEN_DRIFT_MAX,
							 &drift))
		return "the drift is not a number, or too great";
	token->digits = (int) digits;
	token->period = (int) period;
	token->drift = (int) drift;
	return NULL;
}

static bool
copy_column(const OtpCsv *csv, OtpCsvColumn which, char copy[OTP_TOKEN_TEXT_MAX + 1])
{
	CsvField	field = column(csv, which);

	return otp_token_text(field.text, field.length, copy);
}

static const char *
read_texts(const OtpCsv *csv, OtpToken *token)
{
	CsvField	algorithm = column(csv, CSV_ALGORITHM);

	if (algorithm.length > 0 &&
		!otp_token_algorithm(algorithm.text, algorithm.length, &token->algorithm))
		return "the algorithm is not SHA1, SHA256 or SHA512";
	if (!copy_column(csv, CSV_SERIAL, token->serial) ||
		!copy_column(csv, CSV_USER, token->user) ||
		!copy_column(csv, CSV_ISSUER, token->issuer) ||
		!copy_column(csv, CSV_MANUFACTURER, token->manufacturer))
		return "a name or identifier is too long or has control characters";
	return NULL;
}

/* NULL, or what is wrong with the record. */
static const char *
read_oath(const OtpCsv *csv, OtpToken *token)
{
	const char *problem = NULL;

	otp_token_clear(token);
	if (csv->csv.count > csv->column_count)
		return "the line has too many fields";
	problem = read_secret(csv, token);
	if (!problem)
		problem = read_kind(csv, token);
	if (!problem)
		problem = read_numbers(csv, token);
	if (!problem)
		problem = read_texts(csv, token);
	return problem;
}

/* The next record in csv->csv, past the header.  false: there is none, or *problem is set. */
static bool
next_record(OtpCsv *csv, const char **problem)
{
	bool		found = otp_records_next(&csv->csv);

	if (found && !csv->begun && csv->format == OTP_CSV_OATH)
	{
		*problem = otp_csv_columns(csv);
		if (*problem)
			return false;
		if (csv->has_header)
			found = otp_records_next(&csv->csv);
		if (found)
			csv->hex = all_hex(csv);
	}
	csv->begun = true;
	*problem = csv->csv.problem;
	return found;
}

static OtpTokenStatus
read_record(OtpCsv *csv, OtpToken *token, const char **problem)
{
	if (csv->format == OTP_CSV_YUBICO)
		return otp_csv_yubico(&csv->csv, token, problem);
	*problem = read_oath(csv, token);
	return *problem ? OTP_TOKEN_BAD : OTP_TOKEN_READ;
}

OtpTokenStatus
otp_csv_next(OtpCsv *csv, OtpToken *token, OtpTokenError *error)
{
	const char *problem = NULL;
	OtpTokenStatus status = OTP_TOKEN_END;

	while (!csv->failed && status == OTP_TOKEN_END && next_record(csv, &problem))
		status = read_record(csv, token, &problem);
	otp_records_wipe(&csv->csv);
	if (status == OTP_TOKEN_READ && !problem)
		problem = otp_token_check(token);
	if (!problem && !csv->failed && status == OTP_TOKEN_READ)
	{
		token->line = csv->csv.record_line;
		return status;
	}
	otp_wipe(token, sizeof(*token));
	if (!csv->failed && problem)
	{
		csv->failed = true;
		csv->error = (OtpTokenError) {.message = problem, .line = csv->csv.record_line};
	}
	*error = csv->error;
	return csv->failed ? OTP_TOKEN_BAD : OTP_TOKEN_END;
}
