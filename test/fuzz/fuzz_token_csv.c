/*
 * fuzz_token_csv.c
 *		Whatever is taken for a CSV file of tokens, in both formats: what it gives keeps to the
 *		limits.
 */
#include "token_csv.h"

#include "token.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_all(const uint8_t *data, size_t size, OtpCsvFormat format)
{
	OtpCsv	   *csv = otp_csv_open((const char *) data, size, format);
	size_t		lines = count_lines(data, size);
	OtpToken	token;
	OtpTokenError error = {NULL, "", 0};
	OtpTokenStatus status;

	must(csv != NULL);
	while ((status = otp_csv_next(csv, &token, &error)) == OTP_TOKEN_READ)
		check_token(&token, lines);
	check_end(&token, status, &error, lines);
	otp_csv_close(csv);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_all(data, size, OTP_CSV_OATH);
	read_all(data, size, OTP_CSV_YUBICO);
	return 0;
}
