/*
 * charge.c
 *		What a guess does to the budget of its user.
 */
#include "compat.h"

#include "charge.h"
#include "forgotten_budget.h"
#include "otp_limits.h"
#include "pseudonym.h"
#include "store/permanent.h"

bool
otp_charge_prepare(OtpAttempt *attempt)
{
	TransactionId busy;

	if (!attempt->budget.exists)
	{
		/* Someone may have forgotten the user meanwhile: then it is not from zero that he goes on. */
		if (attempt->keys != NULL &&
			otp_budget_make(attempt->budgets, attempt->keys, attempt->user, &attempt->budget) &&
			attempt->budget.budget.total == 0)
			return true;
		otp_attempt_end_round(attempt);
		otp_pseudonyms_prepare(&attempt->keys);
		return false;
	}
	if (otp_budget_stays(attempt->budgets, &attempt->budget, &busy))
		return true;
	otp_attempt_end_round(attempt);
	otp_overwrite_wait(busy);
	return false;
}

OtpMatch
otp_charge_unless_right(OtpAttempt *attempt, bool live, OtpMethod *method, bool *charged)
{
	OtpBudget  *budget = &attempt->budget.budget;
	OtpOverwrite overwrite;
	OtpMatch	match;

	otp_overwrite_begin(&overwrite, attempt->budgets, &attempt->budget.tid);
	match = otp_candidates_match(attempt, method);
	/* What is spent is no secret any more: a guess that misses it is none. */
	*charged = match != OTP_MATCH_LIVE && (live || match != OTP_MATCH_NONE) &&
		!otp_limits_counted(budget, attempt->digest);
	if (*charged)
	{
		otp_limits_charge(budget, &attempt->limits, attempt->now, attempt->digest);
		otp_budget_overwrite(&overwrite, budget);
	}
	else
		otp_overwrite_abort(&overwrite);
	return match;
}

void
otp_charge_nothing(OtpAttempt *attempt)
{
	OtpOverwrite overwrite;
	TransactionId busy;

	/* A refusal changes no count, so it need not wait for whoever is deleting them. */
	if (!attempt->budget.exists ||
		!otp_budget_stays(attempt->budgets, &attempt->budget, &busy))
	{
		otp_decoy_overwrite(attempt->decoys, attempt->snapshot, attempt->now);
		return;
	}
	otp_overwrite_begin(&overwrite, attempt->budgets, &attempt->budget.tid);
	otp_budget_overwrite(&overwrite, &attempt->budget.budget);
}
