/*
 * confirm.c
 *		Guesses that are aimed at one authenticator: otp_confirm, otp_resync.
 *
 * They go through the same limits as every guess.
 */
#include "compat.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "verify.h"

static const text *
arg_code(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_TEXT_PP(n);
}

static bool
judge(FunctionCallInfo fcinfo, OtpAttempt *attempt, const char *purpose, const char *function)
{
	OtpVerdict	verdict;

	attempt->user = otp_arg_claimed_user(fcinfo, 0);
	attempt->purpose = cstring_to_text(purpose);
	attempt->context = cstring_to_text("");
	otp_verify_attempt(attempt, function, &verdict);
	return otp_verdict_is_accepted(&verdict);
}

/* otp_confirm(user_id text, code text, credential_id bigint) → boolean */
PG_FUNCTION_INFO_V1(otp_confirm);
Datum
otp_confirm(PG_FUNCTION_ARGS)
{
	OtpAttempt	attempt = {.aim = OTP_AIM_CONFIRM};

	attempt.credential_id = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);
	attempt.guess_length = otp_verify_canonical(arg_code(fcinfo, 1), attempt.guess);
	PG_RETURN_BOOL(judge(fcinfo, &attempt, OTP_PURPOSE_ENROLL, "otp_confirm()"));
}

/* otp_resync(user_id text, credential_id bigint, code1 text, code2 text) → boolean */
PG_FUNCTION_INFO_V1(otp_resync);
Datum
otp_resync(PG_FUNCTION_ARGS)
{
	OtpAttempt	attempt = {.aim = OTP_AIM_RESYNC,.run = 2};

	/* no authenticator has a negative id */
	attempt.credential_id = PG_ARGISNULL(1) || PG_GETARG_INT64(1) == 0 ? -1 : PG_GETARG_INT64(1);
	attempt.guess_length = otp_verify_canonical(arg_code(fcinfo, 2), attempt.guess);
	attempt.following_length[0] = otp_verify_canonical(arg_code(fcinfo, 3), attempt.following[0]);
	PG_RETURN_BOOL(judge(fcinfo, &attempt, OTP_PURPOSE_RESYNC, "otp_resync()"));
}
