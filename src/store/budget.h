/*
 * budget.h
 *		Table otp_budget: how often each user has guessed wrong; and otp_decoy, its
 *		stand-in for refusals of users who have none.
 *
 * A row is made by a permanent insert and from then on only overwritten in place.
 */
#ifndef OTP_STORE_BUDGET_H
#define OTP_STORE_BUDGET_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "storage/itemptr.h"

#include "core/derive.h"
#include "store/permanent.h"
#include "store/relation.h"
#include "store/write.h"

/* wrong guesses that are remembered, so that the same one again costs nothing */
#define OTP_BUDGET_GUESSES	8

typedef struct OtpBudget
{
	int64		total;			/* all wrong guesses ever; only grows */
	double		level;			/* of the leaky bucket, at last_at */
	TimestampTz last_at;		/* of the last wrong guess */
	int64		cleared_total;	/* `total` when it was unlocked or kept under a pseudonym; or: */
#define OTP_NEVER_CLEARED	(-1)
	int64		guesses[OTP_BUDGET_GUESSES];	/* digests; the next one's place is total % 8 */
} OtpBudget;

/* A row's place and what it says; a user without a row has an all-zero budget. */
typedef struct OtpBudgetRow
{
	bool		exists;
	bool		contended;		/* might a transaction be deleting it? */
	ItemPointerData tid;
	OtpBudget	budget;
} OtpBudgetRow;

/*
 * Reads the budget of a user.  Exact if the caller holds the user's lock; else `total` alone
 * is of use, and may grow at any time.
 */
extern void otp_budget_fetch(Relation rel, Snapshot snapshot, const text *user,
							 OtpBudgetRow *row);

/*
 * The same, but looks first where the row once stood, which spares a descent of the index.  The
 * hint may be invalid or out of date.
 */
extern void otp_budget_fetch_at(Relation rel, Snapshot snapshot, const text *user,
								ItemPointer hint, OtpBudgetRow *row);

/*
 * Is nobody deleting the row, so that it can be overwritten?  Else *busy is who does, or invalid if it is done: then the
 * caller lets go of its locks, calls otp_overwrite_wait() and reads again.  The snapshot that the row was read with is
 * still registered, and the user's lock held since.
 */
extern bool otp_budget_stays(Relation rel, const OtpBudgetRow *row, TransactionId *busy);

/*
 * Makes the row of a user, permanently, with these counts, or all zero if NULL.  The caller holds the user's lock and
 * has seen that there is none.
 */
extern void otp_budget_create(Relation rel, const text *user, const OtpBudget *counts,
							  OtpBudgetRow *row);

/*
 * Deletes the row of a user, with the transaction.  The caller holds the user's lock; OTP_UPDATE_LOST if there
 * is none.
 */
extern OtpUpdateResult otp_budget_remove(Relation rel, Snapshot snapshot, const text *user);

/* Finishes an overwrite with any other budget; cannot fail. */
extern void otp_budget_replace(OtpOverwrite *overwrite, const OtpBudget *budget);

/*
 * Finishes an overwrite with a budget that differs from the row's in total, level, last_at, cleared_total and
 * at most the one digest that `total` counted last; cannot fail.
 */
extern void otp_budget_overwrite(OtpOverwrite *overwrite, const OtpBudget *budget);

/*
 * Overwrites one of the rows of otp_decoy (rel), which mean nothing: as much work as a charge.
 */
extern void otp_decoy_overwrite(Relation rel, Snapshot snapshot, TimestampTz now);

/* Of a row as it stands: what it says, and whose it is. */
extern void otp_budget_read(HeapTuple tuple, OtpBudgetRow *row);
extern const text *otp_budget_user(HeapTuple tuple);

#endif							/* OTP_STORE_BUDGET_H */
