/*
 * totp.c
 *		The pure functions of HOTP (RFC 4226) and TOTP (RFC 6238).
 */
#include "compat.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "args.h"
#include "code.h"
#include "core/hotp.h"
#include "core/secure.h"
#include "errors.h"
#include "kept_key.h"
#include "secret.h"

/* counters or steps that one call searches to either side, at most */
#define WINDOW_MAX	1000

/* seconds from 1970 to 2000, PostgreSQL's epoch */
#define UNIX_TO_POSTGRES \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

static int64
step_of(TimestampTz at, int period)
{
	int64		seconds = at / USECS_PER_SEC;

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("timestamp of a one-time password must be finite"),
				otp_errprivate());
	if (at % USECS_PER_SEC < 0)
		seconds--;				/* down, not toward zero */
	return otp_totp_step(seconds + UNIX_TO_POSTGRES, period);
}

static int
checked_window(int window, const char *name)
{
	if (window < 0 || window > WINDOW_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be between 0 and %d", name, WINDOW_MAX),
				otp_errprivate());
	return window;
}

/* The code is written where it is returned. */
static Datum
code_at(OtpHmac *key, int digits, uint64 counter)
{
	text	   *code = palloc(VARHDRSZ + OTP_DIGITS_MAX + 1);

	if (!otp_hotp(key, digits, counter, VARDATA(code)))
		otp_openssl_error("compute an HMAC");
	SET_VARSIZE(code, VARHDRSZ + digits);
	return PointerGetDatum(code);
}

/* The index of the counter that the code is of, or -1. */
static int
search(OtpHmac *key, int digits, const text *guess, const uint64 *counters, int count)
{
	char		code[OTP_CODE_MAX + 1];
	size_t		length = otp_canonical_text(VARDATA_ANY(guess), VARSIZE_ANY_EXHDR(guess), code);
	int			match = -1;
	bool		ok;

	if (length == 0)
		return -1;
	ok = otp_hotp_search(key, digits, code, length, counters, count, &match);
	otp_wipe(code, sizeof(code));
	if (!ok)
		otp_openssl_error("compute an HMAC");
	return match;
}

/* hotp_at(secret otp_secret, counter bigint) → otp */
PG_FUNCTION_INFO_V1(hotp_at);
Datum
hotp_at(PG_FUNCTION_ARGS)
{
	int64		counter = otp_checked_counter(PG_GETARG_INT64(1));
	OtpSecret	secret;

	otp_secret_read(PG_GETARG_OTP_SECRET(0), &secret);
	return code_at(otp_kept_key(fcinfo->flinfo, &secret), secret.digits, counter);
}

/* totp_at(secret otp_secret, at timestamptz) → otp */
PG_FUNCTION_INFO_V1(totp_at);
Datum
totp_at(PG_FUNCTION_ARGS)
{
	OtpSecret	secret;
	int64		step;

	otp_secret_read(PG_GETARG_OTP_SECRET(0), &secret);
	step = step_of(PG_GETARG_TIMESTAMPTZ(1), secret.period);
	return code_at(otp_kept_key(fcinfo->flinfo, &secret), secret.digits, step);
}

/* hotp_match(secret otp_secret, code text, counter bigint, look_ahead integer) → bigint */
PG_FUNCTION_INFO_V1(hotp_match);
Datum
hotp_match(PG_FUNCTION_ARGS)
{
	OtpSecret	secret;
	int64		counter = otp_checked_counter(PG_GETARG_INT64(2));
	int			look_ahead = checked_window(PG_GETARG_INT32(3), "look_ahead");
	uint64		counters[WINDOW_MAX + 1];
	int			count = Min(look_ahead, PG_INT64_MAX - counter) + 1;
	int			match;

	otp_secret_read(PG_GETARG_OTP_SECRET(0), &secret);
	for (int i = 0; i < count; i++)
		counters[i] = counter + i;
	match = search(otp_kept_key(fcinfo->flinfo, &secret), secret.digits,
				   PG_GETARG_TEXT_PP(1), counters, count);
	if (match < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(counters[match]);
}

/*
 * totp_match(secret otp_secret, code text, at timestamptz, drift integer) → bigint
 *
 * The step nearest to `at` comes first; of two as near, the earlier.
 */
PG_FUNCTION_INFO_V1(totp_match);
Datum
totp_match(PG_FUNCTION_ARGS)
{
	OtpSecret	secret;
	int			drift = checked_window(PG_GETARG_INT32(3), "drift");
	uint64		steps[2 * WINDOW_MAX + 1];
	int64		step;
	int			count = 1;
	int			match;

	otp_secret_read(PG_GETARG_OTP_SECRET(0), &secret);
	step = step_of(PG_GETARG_TIMESTAMPTZ(2), secret.period);
	steps[0] = step;
	for (int i = 1; i <= drift; i++)
	{
		steps[count++] = step - i;
		steps[count++] = step + i;
	}
	match = search(otp_kept_key(fcinfo->flinfo, &secret), secret.digits,
				   PG_GETARG_TEXT_PP(1), steps, count);
	if (match < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(steps[match]);
}
