/*
 * limits.c
 *		How many wrong guesses a user and a code bear.
 */
#include "compat.h"

#include <math.h>

#include "otp_limits.h"

/* The level of the bucket now.  A clock that went back forgives nothing. */
static double
level_now(const OtpBudget *budget, const OtpLimits *limits, TimestampTz now)
{
	int64		elapsed = Max(now - budget->last_at, 0);
	double		level = budget->level - (double) elapsed / limits->forgive_every;

	return Max(level, 0);
}

/* Rounded up, so that one is forgiven after the whole of forgive_every. */
int
otp_limits_level(const OtpBudget *budget, const OtpLimits *limits, TimestampTz now)
{
	return (int) Min(ceil(level_now(budget, limits, now)), 1000000);
}

/* The delay that follows the last of so many wrong guesses. */
static int64
delay_after(int guesses, const OtpLimits *limits)
{
	int64		delay = limits->first_delay;

	if (guesses < limits->free_guesses)
		return 0;
	for (int i = limits->free_guesses; i < guesses && delay < limits->longest_delay; i++)
		delay *= 2;
	return Min(delay, limits->longest_delay);
}

/*
 * The delay is that of the last wrong guess: it does not shrink while one waits, because
 * a guess is forgiven.
 */
TimestampTz
otp_limits_retry_at(const OtpBudget *budget, const OtpLimits *limits, TimestampTz now)
{
	TimestampTz retry_at;

	if (budget->total == 0)
		return 0;
	retry_at = budget->last_at +
		delay_after(otp_limits_level(budget, limits, budget->last_at), limits);
	return retry_at > now ? retry_at : 0;
}

/* A total below the one at issue says that the budget is not the one the code knew. */
int
otp_limits_code_left(const OtpBudget *budget, const OtpChallenge *challenge,
					 const OtpPolicy *policy)
{
	int64		used = budget->total - challenge->total_at_issue;

	if (used < 0 || used >= policy->max_attempts)
		return 0;
	return (int) (policy->max_attempts - used);
}

int
otp_limits_attempts_left(const OtpBudget *budget, const OtpLimits *limits,
						 TimestampTz now, int code_left)
{
	int			without_wait;

	if (otp_limits_retry_at(budget, limits, now) != 0)
		return 0;
	without_wait = Max(limits->free_guesses - otp_limits_level(budget, limits, now), 1);
	return Min(without_wait, code_left);
}

bool
otp_limits_counted(const OtpBudget *budget, int64 guess)
{
	int			n = Min(budget->total, OTP_BUDGET_GUESSES);

	for (int i = 0; i < n; i++)
		if (budget->guesses[i] == guess)
			return true;
	return false;
}

void
otp_limits_charge(OtpBudget *budget, const OtpLimits *limits, TimestampTz now, int64 guess)
{
	budget->level = level_now(budget, limits, now) + 1;
	budget->last_at = now;
	budget->guesses[budget->total % OTP_BUDGET_GUESSES] = guess;
	budget->total++;
}
