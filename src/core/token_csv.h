/*
 * token_csv.h
 *		Files of tokens as comma-separated values: OATH CSV and Yubico's.
 *
 * Records are those of RFC 4180: a quoted field may have commas, line ends and doubled quotes in
 * it.  A line may end in LF, CR LF or CR.  A byte order mark, blank lines and lines that begin
 * with "#" are passed over, as is white space around a field.
 *
 * OATH CSV: serial number, secret, kind (hotp or totp; without it hotp), digits (6), period of
 * TOTP (30) or counter of HOTP (0), algorithm (SHA1), user; what is missing at the end, or
 * empty, has the value in parentheses.  If one of the fields of the first record is "secret",
 * "seed", "key" or the like, it is a header, which names the columns in any order; see
 * token_csv_columns.c.  Then without a kind, a column for the period means TOTP and one for the
 * counter HOTP.
 *
 * The secrets of a file of OATH CSV are all in hexadecimal if every one of them can be, else all
 * in Base32.
 *
 * Yubico's: the log of the YubiKey Personalization Tool, in its traditional format (records that
 * begin with "OATH-HOTP"; the serial number is the public identity) or in Yubico's (records that
 * begin with the serial number; 6 digits).  Records of other kinds of configuration are refused;
 * "LOGGING START", "Configuration Update" and "Configuration Swap" are passed over.
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_TOKEN_CSV_H
#define OTP_CORE_TOKEN_CSV_H

#include "token.h"

typedef enum OtpCsvFormat
{
	OTP_CSV_OATH,
	OTP_CSV_YUBICO
} OtpCsvFormat;

typedef struct OtpCsv OtpCsv;

/* Begins to read; the text stays the caller's.  NULL: no memory. */
extern OtpCsv *otp_csv_open(const char *text, size_t length, OtpCsvFormat format);

/* The next token.  Unless OTP_TOKEN_READ, *token is wiped; if OTP_TOKEN_BAD, *error is set. */
extern OtpTokenStatus otp_csv_next(OtpCsv *csv, OtpToken *token, OtpTokenError *error);

/* Wipes and frees; NULL is fine. */
extern void otp_csv_close(OtpCsv *csv);

#endif							/* OTP_CORE_TOKEN_CSV_H */
