/*
 * leftover.h
 *		Budgets and baselines that no limit needs any more.
 *
 * A budget is needed while the user has anything that a guess could be aimed at, or a wrong guess counts.  The
 * baselines of a user go with it: without them, and from zero, he is as one who is new.
 */
#ifndef OTP_LEFTOVER_H
#define OTP_LEFTOVER_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

#include "store/policy.h"

typedef struct OtpLeftovers
{
	TimestampTz now;
	TimestampTz before;			/* when the last wrong guess has to have been, at most `now` */
	OtpLimits	limits;
	List	   *policies;		/* as of otp_stop_policies() */
	Relation	budgets;
	Relation	baselines;
	Relation	challenges;
	Relation	credentials;
	Relation	recoveries;
} OtpLeftovers;

/* Opens the tables; the caller has filled in now and before, and holds no lock of ours. */
extern void otp_leftovers_open(OtpLeftovers *leftovers);
extern void otp_leftovers_close(OtpLeftovers *leftovers);

/*
 * Deletes a row of otp_budget, with the transaction, along with the user's rows of otp_baseline, if nothing needs it,
 * nobody else is changing any of them, and they are at most `max`.  Returns how many rows.  Takes the user's lock, and
 * waits for no transaction.
 */
extern int64 otp_leftovers_remove_budget(const OtpLeftovers *leftovers, HeapTuple budget,
										 int64 max);

/*
 * Deletes a row of otp_baseline, with the transaction, if it is without effect, because another one of the same user and
 * purpose outdoes it, or there is no budget, or nothing counts for the purpose and another row says so for all that have
 * none; false if it stays.  Takes the user's lock, and waits for no
 * transaction.
 */
extern bool otp_leftovers_remove_baseline(const OtpLeftovers *leftovers, HeapTuple baseline);

#endif							/* OTP_LEFTOVER_H */
