/*
 * test_token_csv.c
 *		CSV files of tokens: OATH CSV with and without a header, and the two formats of the
 *		YubiKey Personalization Tool.
 *
 * Requirements: 43.
 */
#include "token_csv.h"

#include <stdlib.h>

#include "csv.h"
#include "tap.h"

static const char *
outcome(const char *text, size_t length, OtpCsvFormat format)
{
	static char got[2048];
	OtpToken	token;
	OtpTokenError error = {NULL, "", 0};
	OtpTokenStatus status;
	char	   *copy = malloc(length);	/* so that the sanitizer sees a byte read beyond */
	OtpCsv	   *csv;

	memcpy(copy, text, length);
	csv = otp_csv_open(copy, length, format);
	*got = '\0';
	while ((status = otp_csv_next(csv, &token, &error)) == OTP_TOKEN_READ)
		snprintf(got + strlen(got), sizeof(got) - strlen(got),
				 "%s%zu %s %s %d %d %lld %d %s %s %.*s", *got ? "; " : "",
				 token.line, token.kind == OTPAUTH_TOTP ? "totp" : "hotp",
				 otp_algorithm_name(token.algorithm), token.digits, token.period,
				 (long long) token.next, token.drift, token.serial, token.user,
				 (int) token.key_length, (const char *) token.key);
	if (status == OTP_TOKEN_BAD)
		snprintf(got, sizeof(got), "%zu: %s", error.line, error.message);
	if (!all_zero(&token, sizeof(token)))
		strcpy(got, "something is left of the token");
	otp_csv_close(csv);
	free(copy);
	return got;
}

static void
oath(const char *text, const char *want)
{
	is_string(outcome(text, strlen(text), OTP_CSV_OATH), want, text);
}

static void
yubico(const char *text, const char *want)
{
	is_string(outcome(text, strlen(text), OTP_CSV_YUBICO), want, text);
}

/* "foobar" */
#define HEX		"666f6f626172"
#define BASE32	"MZXW6YTBOI"

static void
test_places(void)
{
	oath("", "");
	oath("\n# nothing\n\n", "");
	oath("S1," HEX, "1 hotp SHA1 6 30 0 0 S1  foobar");
	oath("S1," HEX ",,,\n", "1 hotp SHA1 6 30 0 0 S1  foobar");
	oath("S1, " HEX ", HOTP, 8, 42\r\nS2, " HEX ", totp, 6, 60\r\n",
		 "1 hotp SHA1 8 30 42 0 S1  foobar; 2 totp SHA1 6 60 0 0 S2  foobar");
	oath("S1," HEX ",totp,10,,SHA512,alice", "1 totp SHA512 10 30 0 0 S1 alice foobar");
	oath("," HEX ",totp", "1 totp SHA1 6 30 0 0   foobar");
	oath("S1," HEX ",totp,6,30,SHA1,alice,", "1: the line has too many fields");
	oath("S1," HEX ",totp,6,0", "1: the period is not supported");
	oath("S1," HEX ",totp,5", "1: the number of digits is not supported");
	oath("S1," HEX ",hotp,6,-1", "1: the counter is not a number, or out of its range");
	oath("S1," HEX ",hotp,6,9223372036854775807", "1 hotp SHA1 6 30 9223372036854775807 0 S1  foobar");
	oath("S1," HEX ",hotp,6,9223372036854775808", "1: the counter is not a number, or out of its range");
	oath("S1," HEX ",ocra,OCRA-1:HOTP-SHA1-6:QN08", "1: the kind is neither hotp nor totp");
	oath("S1," HEX ",hotp,6,0,MD5", "1: the algorithm is not SHA1, SHA256 or SHA512");
	oath("S1," HEX ",hotp\nS2", "2: the secret is missing");
	oath("S1,,hotp", "1: the secret is missing");
}

static void
test_secrets(void)
{
	oath("S1," BASE32 ",totp", "1 totp SHA1 6 30 0 0 S1  foobar");
	oath("S1,mzxw 6ytb-oi======,totp", "1 totp SHA1 6 30 0 0 S1  foobar");
	oath("S1,666F6F626172,totp", "1 totp SHA1 6 30 0 0 S1  foobar");
	/* 22222222 can be either, and is what the rest of the file is */
	oath("S1,22222222,totp", "1 totp SHA1 6 30 0 0 S1  \"\"\"\"");
	oath("S1,22222222,totp\nS2," BASE32 ",totp",
		 "1 totp SHA1 6 30 0 0 S1  \xd6\xb5\xad\x6b\x5a; 2 totp SHA1 6 30 0 0 S2  foobar");
	oath("S1," BASE32 ",totp\nS2,0123456789,totp",
		 "2: the secret is not Base32, nor are all secrets of the file hexadecimal");
	oath("S1,12345,totp", "1: the secret is not Base32, nor are all secrets of the file hexadecimal");
	oath("S1,MZXW6YTBO,totp", "1: the secret is not Base32, nor are all secrets of the file hexadecimal");
}

static void
test_longest(void)
{
	static char text[2 * OTP_KEY_MAX + 64];
	size_t		n = (size_t) sprintf(text, "S1,");

	memset(text + n, '4', 2 * OTP_KEY_MAX + 2);
	strcpy(text + n + 2 * OTP_KEY_MAX, ",totp");
	ok(strncmp(outcome(text, strlen(text), OTP_CSV_OATH), "1 totp", 6) == 0, "the longest secret");
	memset(text + n, '4', 2 * OTP_KEY_MAX + 2);
	strcpy(text + n + 2 * OTP_KEY_MAX + 2, ",totp");
	is_string(outcome(text, strlen(text), OTP_CSV_OATH), "1: the secret is too long", "one byte more");
}

static void
test_header(void)
{
	oath("serial,key,type,otplen,timestep\nS1," HEX ",totp,8,60", "2 totp SHA1 8 60 0 0 S1  foobar");
	oath("# tokens\nupn,serial number,secret key,time interval,manufacturer,model\n"
		 "alice@example.com,1234567,MZXW6YTBOI,30,Contoso,HardwareKey\n",
		 "3 totp SHA1 6 30 0 0 1234567 alice@example.com foobar");
	oath("Counter;x,Secret,Serial_No\n5," HEX ",S1", "2: the kind is missing");
	oath("Counter,Secret,Serial_No\n5," HEX ",S1", "2 hotp SHA1 6 30 5 0 S1  foobar");
	oath("secret,counter,period\n" HEX ",5,30", "2: the kind is missing");
	oath("secret,kind\n" HEX ",", "2: the kind is missing");
	oath("secret,kind,counter,period,drift,hash\n" HEX ",totp,5,60,-2,sha-256",
		 "2 totp SHA256 6 60 0 -2   foobar");
	oath("secret,kind,counter,period,drift\n" HEX ",hotp,5,60,-2", "2 hotp SHA1 6 30 5 0   foobar");
	oath("secret,kind,drift\n" HEX ",totp,1001", "2: the drift is not a number, or too great");
	oath("secret,kind,moving factor\n" HEX ",totp,60\n" HEX ",hotp,7",
		 "2 totp SHA1 6 60 0 0   foobar; 3 hotp SHA1 6 30 7 0   foobar");
	oath("secret,kind,colour\n" HEX ",totp,red", "2 totp SHA1 6 30 0 0   foobar");
	oath("secret,seed\n" HEX "," HEX, "1: two columns have the same meaning");
	oath("secret,kind\n" HEX ",totp,x", "2: the line has too many fields");
	oath("secret,kind\n", "");
}

static void
test_records(void)
{
	static char text[CSV_RECORD_MAX + 64];

	oath("\xef\xbb\xbfS1," HEX, "1 hotp SHA1 6 30 0 0 S1  foobar");
	oath("\"S,\"\"1\"\"\" , \"" HEX "\",\"totp\"\n", "1 totp SHA1 6 30 0 0 S,\"1\"  foobar");
	oath("S1," HEX "\rS2," HEX "\r\n\r\n  # S3\n \t\nS4," HEX,
		 "1 hotp SHA1 6 30 0 0 S1  foobar; 2 hotp SHA1 6 30 0 0 S2  foobar; "
		 "6 hotp SHA1 6 30 0 0 S4  foobar");
	oath("S1," HEX ",hotp,6,0,SHA1,\"a\r\nb\"", "1: a name or identifier is too long or has control characters");
	oath("S1,\"666f\n6f\",hotp\nS2", "1: the secret is not Base32, nor are all secrets of the file hexadecimal");
	oath("S1," HEX "\n\"S2\n\n", "2: a quoted field does not end");
	oath("S1," HEX "\n\"S2\"x,", "2: something follows a quoted field");
	oath("S1," HEX "\nS\"2\",", "2: a quotation mark stands in a field that is not quoted");
	is_string(outcome("S\0001," HEX, 16, OTP_CSV_OATH),
			  "1: a name or identifier is too long or has control characters", "a zero byte");

	memset(text, 'x', sizeof(text) - 1);
	oath(text, "1: the line is too long");
	memset(text, ',', sizeof(text) - 1);
	oath(text, "1: the line has too many fields");
	memset(text, '"', sizeof(text) - 1);
	is_string(outcome(text, CSV_RECORD_MAX + 2, OTP_CSV_OATH), "1: the secret is missing", "many quotation marks");
	is_string(outcome(text, CSV_RECORD_MAX + 3, OTP_CSV_OATH), "1: a quoted field does not end", "one more");
}

#define KEY40 "3132333435363738393031323334353637383930"

static void
test_traditional(void)
{
	yubico("LOGGING START,11.12.13 18:54\n"
		   "OATH-HOTP,11.12.13 18:55,1,ubnu00000001,," KEY40 ",,,0,0,0,6,0,0,0,0,0,0\n"
		   "oath-hotp,Dec 11, 2013, 6:55 PM,2,,," KEY40 ",,,0,0,0,8,65536,0,0,0,0,0\n"
		   "Configuration Update,11.12.13 19:00,1,,,,,,0,0,0,0,0,0,0,0,0,0\n"
		   "Configuration Swap,11.12.13 19:00\n",
		   "2 hotp SHA1 6 30 0 0 ubnu00000001  12345678901234567890; "
		   "3 hotp SHA1 8 30 65536 0   12345678901234567890");
	yubico("OATH-HOTP,11.12.13 18:55,1,,," KEY40 ",,,0,0,0,7,0,0,0,0,0,0", "1: the number of digits is not 6 or 8");
	yubico("OATH-HOTP,11.12.13 18:55,1,,," KEY40 ",,,0,0,0,6,1048561,0,0,0,0,0",
		   "1: the moving factor is not a number, or out of its range");
	yubico("OATH-HOTP,11.12.13 18:55,1,,,31,,,0,0,0,6,0,0,0,0,0,0", "1: the secret is not 40 hexadecimal digits");
	yubico("OATH-HOTP,11.12.13 18:55,1,,," KEY40, "1: the line has too few fields");
	yubico("Yubico OTP,12/11/2013 11:10,1,vvgutbiedkvi,ab86c04de6a3,d26a7c0f85fdda28bd816e406342b214,,,0,0,0,0,0,0,0,0,0,0",
		   "1: the line configures no OATH-HOTP");
	yubico("\n\nStatic Password,11.12.13 19:08,1,,d5a3d50327dc,0e8e37b0e38b314a56748c030f58d21d,,,0,0,0,0,0,0,0,0,0,0",
		   "3: the line configures no OATH-HOTP");
}

static void
test_yubico(void)
{
	yubico("# OATH mode\n508326,,0," KEY40 ",,2013-12-12T08:41:07,\n1382042,ubnu,160," KEY40 ",,2013-12-12T08:41:17,\n",
		   "2 hotp SHA1 6 30 0 0 508326  12345678901234567890; "
		   "3 hotp SHA1 6 30 160 0 1382042  12345678901234567890");
	yubico("508326,cccccccccccc,83cebdfb7b93,a47c5bf9c152202f577be6721c0113af,,2013-12-12T08:43:17,",
		   "1: the line configures no OATH-HOTP");
	yubico("508326,cccccccccccc,830000007093,a47c5bf9c152202f577be6721c0113af,,2013-12-12T08:43:17,",
		   "1: the line configures no OATH-HOTP");
	yubico("508326,,,9e2fd386224a7f77e9b5aee775464033,,2013-12-12T08:44:34,", "1: the line configures no OATH-HOTP");
	yubico("508326,,0,9e2fd386224a7f77e9b5aee775464033,,2013-12-12T08:44:34,", "1: the secret is not 40 hexadecimal digits");
	yubico("508326,,0," KEY40, "1: the line has too few fields");
	yubico("x508326,,0," KEY40 ",,,", "1: the line configures no OATH-HOTP");
}

int
main(void)
{
	test_places();
	test_secrets();
	test_longest();
	test_header();
	test_records();
	test_traditional();
	test_yubico();
	return done_testing();
}
