/*
 * cool_down.c
 *		How long after a code the next one may be issued.
 */
#include "compat.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "cool_down.h"
#include "errors.h"
#include "events.h"

void
otp_cool_down_check(const OtpChallenge *last, const OtpPolicy *policy, const text *user,
					const text *purpose)
{
	TimestampTz next_at = last->issued_at + policy->cool_down;

	if (policy->cool_down == 0 || next_at <= GetCurrentTimestamp())
		return;
	otp_event_refused(policy, user, purpose, "cooling_down");
	ereport(ERROR,
			errcode(ERRCODE_OTP_COOLING_DOWN),
			errmsg("a code for purpose \"%s\" has been issued just now", text_to_cstring(purpose)),
			errdetail("The next one can be issued at %s.", timestamptz_to_str(next_at)),
			errhint("otp_resend() hands out the live code again; the limit is cool_down in table \"otp_policy\"."),
			otp_errprivate());
}

bool
otp_cool_down_is_over(Relation rel, HeapTuple challenge, TimestampTz at)
{
	OtpPolicy	policy;

	otp_policy_get(otp_challenge_purpose(rel, challenge), &policy, NULL);
	return otp_challenge_issued_at(challenge) + policy.cool_down <= at;
}
