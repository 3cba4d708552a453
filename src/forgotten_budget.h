/*
 * forgotten_budget.h
 *		The budget of a user who is new, or has been forgotten.
 */
#ifndef OTP_FORGOTTEN_BUDGET_H
#define OTP_FORGOTTEN_BUDGET_H

#include "compat.h"

#include "utils/rel.h"

#include "store/budget.h"

/*
 * Reads the budget of a user, and makes the row if there is none: so a first guess at what the user
 * has just got finds it, and costs what every other one does.  Takes the user's lock.
 */
extern void otp_budget_ensure(const text *user, OtpBudgetRow *row);

/*
 * Makes the row of a user; the caller holds the user's lock and has seen that there is none.  `keys`: as of
 * otp_pseudonyms_prepare().  false, and nothing is made, if a data key is not at hand that he may be known under.
 */
extern bool otp_budget_make(Relation rel, Relation keys, const text *user, OtpBudgetRow *row);

/*
 * Deletes the budget of a user when the transaction commits, and keeps its counts under the pseudonym, permanently; false if there is
 * none.  Takes the user's lock.  The caller has opened otp_baseline.
 */
extern bool otp_budget_forget(const text *user, const text *pseudonym);

#endif							/* OTP_FORGOTTEN_BUDGET_H */
