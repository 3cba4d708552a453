/*
 * issue.c
 *		Codes that are issued: otp_issue, otp_resend, otp_cancel.
 */
#include "compat.h"

#include "fmgr.h"
#include "utils/timestamp.h"

#include "args.h"
#include "challenge.h"
#include "code.h"
#include "core/secure.h"
#include "destination.h"
#include "events.h"

/* Where the code is to be sent, if the caller says so: the fourth argument, NULL if it is none. */
static const text *
arg_destination(FunctionCallInfo fcinfo)
{
	return PG_NARGS() < 4 ? NULL : otp_arg_short_text(fcinfo, 3, OTP_DESTINATION_MAX, "destination");
}

/* The code as a value.  Wipes the code. */
static Datum
hand_over(char *code)
{
	Datum		result;

	PG_TRY();
	{
		result = otp_make_code(code, strlen(code));
	}
	PG_FINALLY();
	{
		otp_wipe(code, OTP_CODE_MAX + 1);
	}
	PG_END_TRY();
	return result;
}

/* otp_issue(user_id text, purpose text, context text [, destination text]) → otp */
PG_FUNCTION_INFO_V1(otp_issue);
Datum
otp_issue(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	const text *purpose = otp_arg_purpose(fcinfo, 1);
	const text *context = otp_arg_context(fcinfo, 2);
	const text *destination = arg_destination(fcinfo);
	OtpChallenge challenge;
	char		code[OTP_CODE_MAX + 1];

	otp_require_writable("otp_issue()");
	otp_challenge_issue(user, purpose, context, destination, NULL, &challenge, code);
	PG_RETURN_DATUM(hand_over(code));
}

/* otp_resend(user_id text, purpose text, context text [, destination text]) → otp */
PG_FUNCTION_INFO_V1(otp_resend);
Datum
otp_resend(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	const text *purpose = otp_arg_purpose(fcinfo, 1);
	const text *context = otp_arg_context(fcinfo, 2);
	const text *destination = arg_destination(fcinfo);
	OtpPolicy	policy;
	OtpChallenge challenge;
	char		code[OTP_CODE_MAX + 1];

	otp_require_writable("otp_resend()");
	otp_policy_get(purpose, &policy, NULL);
	if (otp_challenge_live(user, purpose, context, false, &policy, NULL, &challenge, code) != NULL)
		PG_RETURN_NULL();
	PG_TRY();
	{
		otp_challenge_count(&policy, user, purpose, destination, "resent");
	}
	PG_CATCH();
	{
		otp_wipe(code, sizeof(code));
		PG_RE_THROW();
	}
	PG_END_TRY();
	PG_RETURN_DATUM(hand_over(code));
}

/* otp_cancel(user_id text, purpose text) → boolean */
PG_FUNCTION_INFO_V1(otp_cancel);
Datum
otp_cancel(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	const text *purpose = otp_arg_purpose(fcinfo, 1);
	OtpPolicy	policy;
	bool		live;

	otp_require_writable("otp_cancel()");
	otp_policy_get(purpose, &policy, NULL);
	live = otp_challenge_cancel(user, purpose);
	if (live)
		otp_event_of_transaction(&policy, GetCurrentTimestamp(), user, purpose, "cancelled", NULL);
	PG_RETURN_BOOL(live);
}
