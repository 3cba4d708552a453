/*
 * token_csv_reader.h
 *		The reader of CSV files of tokens, as its parts see it: token_csv.c reads OATH CSV,
 *		token_csv_columns.c knows the names of its columns, token_csv_yubico.c reads Yubico's.
 */
#ifndef OTP_CORE_TOKEN_CSV_READER_H
#define OTP_CORE_TOKEN_CSV_READER_H

#include "csv.h"
#include "token_csv.h"

typedef enum OtpCsvColumn
{
	CSV_SERIAL,
	CSV_SECRET,
	CSV_KIND,
	CSV_DIGITS,
	CSV_PERIOD,
	CSV_COUNTER,
	CSV_MOVING_FACTOR,			/* the period of TOTP or the counter of HOTP */
	CSV_ALGORITHM,
	CSV_USER,
	CSV_ISSUER,
	CSV_MANUFACTURER,
	CSV_DRIFT,
	CSV_COLUMN_COUNT
} OtpCsvColumn;

struct OtpCsv
{
	OtpCsvFormat format;
	CsvReader	csv;
	bool		begun;
	bool		failed;
	OtpTokenError error;
	bool		has_header;
	bool		hex;			/* the secrets are in hexadecimal */
	int			column_count;
	int			columns[CSV_COLUMN_COUNT];	/* where it is, from 0; -1: nowhere */
};

/*
 * Is the record a header?  Then the columns are set, else they are those of a file without one.
 * NULL, or a phrase that says what is wrong with the header.
 */
extern const char *otp_csv_columns(OtpCsv *csv);

/* Bytes in hexadecimal; false if they are none or too many. */
extern bool otp_csv_hex(CsvField field, OtpToken *token);

/*
 * A record of Yubico's; *token is cleared.  OTP_TOKEN_END: it is no token, and is to be passed
 * over.  OTP_TOKEN_BAD: *problem says what is wrong.
 */
extern OtpTokenStatus otp_csv_yubico(const CsvReader *csv, OtpToken *token, const char **problem);

#endif							/* OTP_CORE_TOKEN_CSV_READER_H */
