/*
 * policy.h
 *		Table otp_policy: a row per purpose, and the row "default".
 *
 * Each session keeps the rows, and reads them again once they have changed.
 */
#ifndef OTP_STORE_POLICY_H
#define OTP_STORE_POLICY_H

#include "postgres.h"

#include "core/alphabet.h"

/* bytes of a purpose, at most */
#define OTP_PURPOSE_MAX	63

typedef enum OtpTrail
{
	OTP_TRAIL_NONE,
	OTP_TRAIL_REJECTIONS,
	OTP_TRAIL_ALL
} OtpTrail;

/* What holds for a purpose; what its row leaves null is the default's. */
typedef struct OtpPolicy
{
	OtpAlphabet alphabet;
	int			length;			/* symbols of a code */
	int64		lifetime;		/* microseconds */
	int			max_attempts;	/* wrong guesses that a code bears */
	OtpTrail	trail;
} OtpPolicy;

/* What holds for each user, whatever the purpose: the row "default". */
typedef struct OtpLimits
{
	int			free_guesses;	/* wrong guesses before the first delay */
	int64		forgive_every;	/* microseconds until a wrong guess is forgiven */
	int64		first_delay;	/* microseconds */
	int64		longest_delay;	/* microseconds */
} OtpLimits;

/*
 * The policy of a purpose and, if `limits` is not NULL, the limits of every user.
 *
 * Errors: 55000 if the row "default" is missing.
 */
extern void otp_policy_get(const text *purpose, OtpPolicy *policy, OtpLimits *limits);

#endif							/* OTP_STORE_POLICY_H */
