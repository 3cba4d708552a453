/*
 * utf8.h
 *		Text of the database in UTF-8.
 */
#ifndef OTP_UTF8_H
#define OTP_UTF8_H

#include "postgres.h"

/*
 * UTF-8 text.  The bytes are the text's own, or a copy in the current memory context, and
 * no zero byte follows them.
 */
typedef struct OtpUtf8
{
	char	   *bytes;
	size_t		length;
	bool		copied;
} OtpUtf8;

/*
 * 22P05 if the text has a character that UTF-8 has not, 22021 if SQL_ASCII has bytes that
 * are none of UTF-8; either keeps the statement out of the log.
 */
extern OtpUtf8 otp_to_utf8(const text *value);

/* Raises the same if the text has no UTF-8. */
extern void otp_utf8_require(const text *value);

/* Wipes and frees what was copied. */
extern void otp_utf8_free(OtpUtf8 *utf8);

#endif							/* OTP_UTF8_H */
