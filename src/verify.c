/*
 * verify.c
 *		otp_verify and otp_attempt; see attempt.c for what they do.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "args.h"
#include "code.h"
#include "private_call.h"
#include "verify.h"

size_t
otp_verify_canonical(const text *code, char guess[OTP_CODE_MAX + 1])
{
	return code == NULL ? 0 :
		otp_canonical_text(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code), guess);
}

typedef struct ClientAttempt
{
	OtpAttempt *attempt;
	const char *function;
	OtpVerdict *verdict;
} ClientAttempt;

/* Can each of the guesses be a code? */
static bool
is_well_formed(const OtpAttempt *attempt)
{
	for (int i = 0; i < attempt->run - 1; i++)
		if (attempt->following_length[i] == 0)
			return false;
	return attempt->guess_length != 0;
}

static void
judge(void *argument)
{
	ClientAttempt *client = argument;
	OtpAttempt *attempt = client->attempt;

	otp_require_writable(client->function);
	if (!is_well_formed(attempt))
		*client->verdict = (OtpVerdict) {.reason = "malformed",.attempts_left = OTP_NO_COUNT};
	else
		otp_attempt_judge(attempt, client->verdict);
}

static void
wipe(void *argument)
{
	otp_attempt_wipe(((ClientAttempt *) argument)->attempt);
}

void
otp_verify_attempt(OtpAttempt *attempt, const char *function, OtpVerdict *verdict)
{
	ClientAttempt client = {attempt, function, verdict};

	otp_private_call(judge, wipe, &client);
}

static void
attempt_code(FunctionCallInfo fcinfo, const char *function, OtpVerdict *verdict)
{
	OtpAttempt	attempt = {.aim = OTP_AIM_VERIFY};

	attempt.user = otp_arg_claimed_user(fcinfo, 0);
	attempt.purpose = otp_arg_purpose(fcinfo, 2);
	attempt.context = otp_arg_context(fcinfo, 3);
	attempt.guess_length = otp_verify_canonical(PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1),
												attempt.guess);
	otp_verify_attempt(&attempt, function, verdict);
}

/* otp_verify(user_id text, code text, purpose text, context text) → boolean */
PG_FUNCTION_INFO_V1(otp_verify);
Datum
otp_verify(PG_FUNCTION_ARGS)
{
	OtpVerdict		verdict;

	attempt_code(fcinfo, "otp_verify()", &verdict);
	PG_RETURN_BOOL(otp_verdict_is_accepted(&verdict));
}

/* otp_attempt(user_id text, code text, purpose text, context text) → otp_verdict */
PG_FUNCTION_INFO_V1(otp_attempt);
Datum
otp_attempt(PG_FUNCTION_ARGS)
{
	OtpVerdict		verdict;
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	attempt_code(fcinfo, "otp_attempt()", &verdict);
	values[0] = BoolGetDatum(otp_verdict_is_accepted(&verdict));
	values[1] = CStringGetTextDatum(verdict.reason);
	nulls[2] = verdict.method == NULL;
	values[2] = nulls[2] ? (Datum) 0 : CStringGetTextDatum(verdict.method);
	nulls[3] = verdict.attempts_left == OTP_NO_COUNT;
	values[3] = Int32GetDatum(verdict.attempts_left);
	nulls[4] = verdict.retry_at == 0;
	values[4] = TimestampTzGetDatum(verdict.retry_at);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
