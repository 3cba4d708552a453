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

#include "store/budget.h"
#include "store/policy.h"

/* What is known of a user's guesses for a purpose. */
typedef struct OtpStop
{
	int			max;			/* consecutive wrong guesses; 0: no stop */
	int64		base;			/* the total from which they count */
	List	   *rows;			/* HeapTuples of the purpose */
	HeapTuple	last;			/* of those the one with the greatest total; NULL if there is none */
} OtpStop;

/* Reads it; rel: otp_baseline, or NULL if the policy has no stop. */
extern void otp_stop_load(OtpStop *stop, Relation rel, Snapshot snapshot, const text *user,
						  const text *purpose, const OtpPolicy *policy, const OtpBudget *budget);

/* Consecutive wrong guesses. */
extern int64 otp_stop_consecutive(const OtpStop *stop, const OtpBudget *budget);

/* How many more are judged before the stop; PG_INT32_MAX without one. */
extern int	otp_stop_left(const OtpStop *stop, const OtpBudget *budget);

/* Until when nothing is judged: 0 if it is, DT_NOEND if time does not end the stop. */
extern TimestampTz otp_stop_until(const OtpStop *stop, const OtpPolicy *policy,
								  const OtpBudget *budget, TimestampTz now);

/*
 * Makes sure, before a guess is judged, that there is a row and that a stop which time has ended counts
 * no more.  The caller holds the user's lock.
 */
extern void otp_stop_prepare(OtpStop *stop, Relation rel, const text *user, const text *purpose,
							 const OtpPolicy *policy, const OtpBudget *budget, TimestampTz now);

/* Would an acceptance have anything to record? */
extern bool otp_stop_has_to_clear(const OtpStop *stop, const OtpBudget *budget);

/* Records an acceptance, with the transaction or at once. */
extern void otp_stop_clear(const OtpStop *stop, Relation rel, const text *user,
						   const text *purpose, const OtpBudget *budget, bool at_once);

/* Fails with 40001 wherever otp_stop_clear() could that has something to record; changes nothing. */
extern void otp_stop_check_conflicts(const OtpStop *stop, Relation rel, const text *user,
									 const text *purpose);

/* What a wrong guess that has just been counted comes to: "stopped", "warned" or NULL. */
extern const char *otp_stop_event(const OtpStop *stop, const OtpPolicy *policy,
								  const OtpBudget *budget);

/* A purpose and its policy. */
typedef struct OtpStopPolicy
{
	const text *purpose;
	OtpPolicy	policy;
} OtpStopPolicy;

/* Those of all purposes that have one, as OtpStopPolicy, and last the default. */
extern List *otp_stop_policies(void);

/*
 * Does any purpose have consecutive wrong guesses of the user that count toward a stop?  `rows`: all of
 * the user's rows of otp_baseline (rel).
 */
extern bool otp_stop_counts(const List *policies, Relation rel, Snapshot snapshot,
							const text *user, const List *rows, const OtpBudget *budget,
							TimestampTz now);

#endif							/* OTP_STOP_H */
