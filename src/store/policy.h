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
#include "nodes/pg_list.h"

/* bytes of a purpose, at most */
#define OTP_PURPOSE_MAX	63

/* whose row holds for all that others leave null, and for purposes without a row */
#define OTP_PURPOSE_DEFAULT	"default"

typedef enum OtpTrail
{
	OTP_TRAIL_NONE,
	OTP_TRAIL_REJECTIONS,
	OTP_TRAIL_ALL
} OtpTrail;

/* What a code can be; a policy says which of them it accepts. */
typedef enum OtpMethod
{
	OTP_METHOD_ISSUED,
	OTP_METHOD_TOTP,
	OTP_METHOD_HOTP,
	OTP_METHOD_RECOVERY
} OtpMethod;

#define OTP_METHOD_COUNT	(OTP_METHOD_RECOVERY + 1)
#define OTP_METHOD_BIT(method)	(1 << (method))

/* Its name, as in otp_policy.methods and otp_verdict.method. */
extern const char *otp_method_name(OtpMethod method);

/* What holds for a purpose; what its row leaves null is the default's. */
typedef struct OtpPolicy
{
	OtpAlphabet alphabet;
	int			length;			/* symbols of a code */
	int64		lifetime;		/* microseconds */
	int			max_attempts;	/* wrong guesses that a code bears */
	OtpTrail	trail;
	int			methods;		/* OTP_METHOD_BITs */
	bool		spent_at_once;	/* is what is accepted spent whatever becomes of the transaction? */
	int64		cool_down;		/* microseconds between two codes */
	int64		issue_window;	/* microseconds */
	int			issues_per_user;	/* within issue_window; 0: any number */
	int			issues_per_destination;
	int			max_consecutive;	/* wrong guesses up to a stop; 0: none */
	int64		stop_for;		/* microseconds; 0: until it is unlocked */
	int			warn_before;	/* wrong guesses before the stop; 0: never */
	int			self_unlock;	/* consecutive codes that end a stop; 0: none do */
	bool		notify;
	bool		number_match;	/* does a push go with a number that its receiver enters? */
	int			prompts_per_user;	/* pushes with a number, within issue_window; 0: any number */
} OtpPolicy;

/* What holds for each user, whatever the purpose: the row "default". */
typedef struct OtpLimits
{
	int			free_guesses;	/* wrong guesses before the first delay */
	int64		forgive_every;	/* microseconds until a wrong guess is forgiven */
	int64		first_delay;	/* microseconds */
	int64		longest_delay;	/* microseconds */
	int			max_drift;		/* time steps that a token's clock is learned to be off */
	int			resync_window;	/* time steps either side, or counters, that a resynchronisation searches */
	int64		enroll_lifetime;	/* microseconds that an enrolment waits for its confirmation */
} OtpLimits;

/*
 * The policy of a purpose and, if `limits` is not NULL, the limits of every user.
 *
 * Errors: 55000 if the row "default" is missing.
 */
extern void otp_policy_get(const text *purpose, OtpPolicy *policy, OtpLimits *limits);

/* Has any purpose a stop? */
extern bool otp_policy_any_stop(void);

/* The purposes that have a row of their own, as text, in no order. */
extern List *otp_policy_purposes(void);

#endif							/* OTP_STORE_POLICY_H */
