/*
 * push.c
 *		What comes back from a push with number matching: otp_verify_push, otp_deny_push.
 */
#include "compat.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "args.h"
#include "challenge.h"
#include "events.h"
#include "verify.h"

/*
 * What the person entered.  Two digits, or else none, which is a wrong one: whatever came behind them would be taken for the
 * beginning of the context.
 */
static const char *
arg_number(FunctionCallInfo fcinfo, int n)
{
	const char *number = PG_ARGISNULL(n) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(n));

	return strlen(number) == OTP_NUMBER_SIZE - 1 && strspn(number, "0123456789") == OTP_NUMBER_SIZE - 1 ?
		number : "";
}

/* otp_verify_push(user_id text, code text, number text, purpose text, context text) → boolean */
PG_FUNCTION_INFO_V1(otp_verify_push);
Datum
otp_verify_push(PG_FUNCTION_ARGS)
{
	OtpAttempt	attempt = {.aim = OTP_AIM_VERIFY,.numbered = true};
	OtpVerdict	verdict;

	attempt.user = otp_arg_claimed_user(fcinfo, 0);
	attempt.purpose = otp_arg_purpose(fcinfo, 3);
	attempt.context = otp_numbered_context(arg_number(fcinfo, 2), otp_arg_context(fcinfo, 4));
	attempt.guess_length = otp_verify_canonical(PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1),
												attempt.guess);
	otp_verify_attempt(&attempt, "otp_verify_push()", &verdict);
	PG_RETURN_BOOL(otp_verdict_is_accepted(&verdict));
}

/* otp_deny_push(user_id text, purpose text) → boolean */
PG_FUNCTION_INFO_V1(otp_deny_push);
Datum
otp_deny_push(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	const text *purpose = otp_arg_purpose(fcinfo, 1);
	OtpPolicy	policy;
	bool		live;

	otp_require_writable("otp_deny_push()");
	otp_policy_get(purpose, &policy, NULL);
	live = otp_challenge_cancel(user, purpose);
	if (live)
		(void) otp_event_of_limit(&policy, GetCurrentTimestamp(), user, purpose, "denied");
	PG_RETURN_BOOL(live);
}
