/*
 * otp_limits.h (not limits.h, which is the C library's)
 *		How many wrong guesses a user and a code bear.
 *
 * A leaky bucket per user: each wrong guess raises the level by one, and one is forgiven
 * per forgive_every.  From free_guesses on, each wrong guess is followed by a delay,
 * which doubles from first_delay to longest_delay.  Pure functions of what they are given.
 */
#ifndef OTP_LIMITS_H
#define OTP_LIMITS_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "store/budget.h"
#include "store/challenge.h"
#include "store/policy.h"

/* When the user may guess again: in the future while in a delay, else 0. */
extern TimestampTz otp_limits_retry_at(const OtpBudget *budget, const OtpLimits *limits,
									   TimestampTz now);

/* Wrong guesses that are not forgiven. */
extern int	otp_limits_level(const OtpBudget *budget, const OtpLimits *limits, TimestampTz now);

/* How many more wrong guesses a code bears; never negative. */
extern int	otp_limits_code_left(const OtpBudget *budget, const OtpChallenge *challenge,
								 const OtpPolicy *policy);

/* How many wrong guesses, at most code_left, would be judged without a wait. */
extern int	otp_limits_attempts_left(const OtpBudget *budget, const OtpLimits *limits,
									 TimestampTz now, int code_left);

/* Is this one of the wrong guesses that were counted last? */
extern bool otp_limits_counted(const OtpBudget *budget, int64 guess);

/* Counts a wrong guess. */
extern void otp_limits_charge(OtpBudget *budget, const OtpLimits *limits, TimestampTz now,
							  int64 guess);

#endif							/* OTP_LIMITS_H */
