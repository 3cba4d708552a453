/*
 * stop.h
 *		The hard stop: after max_consecutive wrong guesses since the last acceptance for a purpose.
 *
 * The consecutive guesses are a subtraction: the budget's total, which only grows, less what it was at the last
 * acceptance that has been committed.  So no rollback lowers them.
 */
#ifndef OTP_STOP_H
#define OTP_STOP_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/snapshot.h"

#include "store/baseline.h"
#include "store/budget.h"
#include "store/policy.h"

/* What is known of a user's guesses for a purpose. */
typedef struct OtpStop
{
	int			max;			/* consecutive wrong guesses; 0: no stop */
	int64		base;			/* the total from which they count */
	List	   *rows;			/* HeapTuples of the purpose */
	HeapTuple	last;			/* of those the one with the greatest total; NULL if there is none */
	bool		warned;			/* have these guesses been announced? */
	bool		stopped;
} OtpStop;

/* Reads it; rel: otp_baseline, or NULL if the policy has no stop. */
extern void otp_stop_load(OtpStop *stop, Relation rel, Snapshot snapshot, const text *user,
						  const text *purpose, const OtpPolicy *policy, const OtpBudget *budget);

/* The same of `rows`: all of the user's rows of otp_baseline (rel). */
extern void otp_stop_read(OtpStop *stop, Relation rel, const List *rows, const text *purpose,
						  const OtpPolicy *policy, const OtpBudget *budget);

/* Consecutive wrong guesses. */
extern int64 otp_stop_consecutive(const OtpStop *stop, const OtpBudget *budget);

/* How many more are judged before the stop; PG_INT32_MAX without one. */
extern int	otp_stop_left(const OtpStop *stop, const OtpBudget *budget);

/* Until when nothing is judged: 0 if it is, DT_NOEND if time does not end the stop. */
extern TimestampTz otp_stop_until(const OtpStop *stop, const OtpPolicy *policy,
								  const OtpBudget *budget, TimestampTz now);

/* Has time ended a stop, which counts nevertheless until a row says so? */
extern bool otp_stop_is_over(const OtpStop *stop, const OtpPolicy *policy,
							 const OtpBudget *budget, TimestampTz now);

/*
 * Makes sure, before a guess is judged, that there is a row and that a stop which time has ended counts
 * no more; returns whether that took a row.  The caller holds the user's lock.
 */
extern bool otp_stop_prepare(OtpStop *stop, Relation rel, const text *user, const text *purpose,
							 const OtpPolicy *policy, const OtpBudget *budget, TimestampTz now);

/* Would an acceptance have anything to record? */
extern bool otp_stop_has_to_clear(const OtpStop *stop, const OtpBudget *budget);

/* Records an acceptance, with the transaction or at once. */
extern void otp_stop_clear(const OtpStop *stop, Relation rel, const text *user,
						   const text *purpose, const OtpBudget *budget, bool at_once);

/* Fails with 40001 wherever otp_stop_clear() could that has something to record; changes nothing. */
extern void otp_stop_check_conflicts(const OtpStop *stop, Relation rel, const text *user,
									 const text *purpose);

/*
 * What is to be announced of the guesses: that they are close to a stop or have come to one.  After a wrong guess has been
 * counted that brought it about, or that finds it so and not announced, because the policy has changed; else, after a
 * refusal, a stop alone.
 */
extern OtpNotice otp_stop_notice(const OtpStop *stop, const OtpPolicy *policy,
								 const OtpBudget *budget, bool counted);

/* A purpose and its policy. */
typedef struct OtpStopPolicy
{
	const text *purpose;
	OtpPolicy	policy;
} OtpStopPolicy;

/* Those of all purposes that have one, as OtpStopPolicy, and last the default. */
extern List *otp_stop_policies(void);

/* What holds for a purpose, of those. */
extern const OtpPolicy *otp_stop_policy(const List *policies, const text *purpose);

/* Does a notice, one of `rows` as in otp_stop_read(), say what need not be announced again? */
extern bool otp_stop_needs_notice(const List *policies, Relation rel, const List *rows,
								  HeapTuple notice, const OtpBudget *budget);

/*
 * Does any purpose have consecutive wrong guesses of the user that count toward a stop?  `rows`: all of
 * the user's rows of otp_baseline (rel).
 */
extern bool otp_stop_counts(const List *policies, Relation rel, Snapshot snapshot,
							const text *user, const List *rows, const OtpBudget *budget,
							TimestampTz now);

#endif							/* OTP_STOP_H */
