/*
 * pseudonym.h
 *		The budget of a user who is new, or has been forgotten.
 *
 * What the limits still need of a forgotten user stays in otp_budget under a keyed pseudonym,
 * "forgotten:KEY:HEX", where KEY is the id of a data key.  If the same user comes again, he goes on with it.
 */
#ifndef OTP_PSEUDONYM_H
#define OTP_PSEUDONYM_H

#include "compat.h"

#include "store/budget.h"

/*
 * Reads the budget of a user, and makes the row if there is none: so a first guess at what the user
 * has just got finds it, and costs what every other one does.  Takes the user's lock.
 */
extern void otp_budget_ensure(const text *user, OtpBudgetRow *row);

/*
 * Makes the row of a user; the caller holds the user's lock and has seen that there is none.  false, and nothing is
 * made, if a data key is not at hand that he may be known under: otp_budget_ensure() then.
 */
extern bool otp_budget_make(Relation rel, const text *user, OtpBudgetRow *row);

/*
 * Deletes the budget of a user when the transaction commits, and keeps its counts under the pseudonym, permanently; false if there is
 * none.  Takes the user's lock.
 */
extern bool otp_budget_forget(const text *user);

/* The data key of a pseudonym; 0 if the user id is none. */
extern int32 otp_pseudonym_key_id(const text *user);

#endif							/* OTP_PSEUDONYM_H */
