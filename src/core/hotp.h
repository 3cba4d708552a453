/*
 * hotp.h
 *		HOTP (RFC 4226) and TOTP (RFC 6238).
 *
 * Plain C over OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_HOTP_H
#define OTP_CORE_HOTP_H

#include "hmac.h"

#define OTP_DIGITS_MIN		6		/* RFC 4226, section 5.3 */
#define OTP_DIGITS_MAX		10		/* a 31-bit number has no more */
#define OTP_PERIOD_MIN		1		/* seconds */
#define OTP_PERIOD_MAX		86400
#define OTP_KEY_MIN			1		/* bytes */
#define OTP_KEY_MAX			1024
#define OTP_RUN_MAX			10		/* guesses at consecutive codes */

/* A shared secret with its parameters; the key is the caller's memory. */
typedef struct OtpSecret
{
	OtpAlgorithm algorithm;
	int			digits;			/* OTP_DIGITS_MIN to OTP_DIGITS_MAX */
	int			period;			/* seconds; means nothing to HOTP */
	size_t		key_length;		/* OTP_KEY_MIN to OTP_KEY_MAX */
	const uint8_t *key;
} OtpSecret;

/*
 * The code of one counter, RFC 4226 section 5.3: writes `digits` decimal digits
 * and a zero byte.  key: an HMAC keyed with a secret; it stays keyed.
 * false: OpenSSL failed.
 */
extern bool otp_hotp(OtpHmac *key, int digits, uint64_t counter, char *code);

/*
 * Compares a canonical guess with the codes of `count` counters, of which the
 * i-th is counters[i]: each in constant time, and all of them whatever matches.
 * *match is the least i that matches, or -1.  false: OpenSSL failed.
 */
extern bool otp_hotp_search(OtpHmac *key, int digits, const char *guess,
							size_t guess_length, const uint64_t *counters,
							int count, int *match);

/*
 * The same with a run of guesses, 1 to OTP_RUN_MAX, at the codes of as many counters that follow each other in
 * `counters`: *match is the least i from where on all match.
 */
extern bool otp_hotp_search_run(OtpHmac *key, int digits, int run, const char *const *guesses,
								const size_t *lengths, const uint64_t *counters, int count,
								int *match);

/*
 * The time step of a moment, RFC 6238 section 4.2, rounded down, also before
 * 1970, where it is negative (as a counter: two's complement).
 */
extern int64_t otp_totp_step(int64_t unix_seconds, int period);

#endif							/* OTP_CORE_HOTP_H */
