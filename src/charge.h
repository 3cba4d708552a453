/*
 * charge.h
 *		What a guess does to the budget of its user.
 */
#ifndef OTP_CHARGE_H
#define OTP_CHARGE_H

#include "compat.h"

#include "attempt.h"
#include "candidates.h"

/*
 * Makes sure, under the user's lock, that there is a budget which can be charged.  false if it took the end of the
 * round: another transaction is deleting the budget and had to be waited for, or what is known of a user who was
 * forgotten had to be fetched.
 */
extern bool otp_charge_prepare(OtpAttempt *attempt);

/*
 * Compares with the issued code as well, and charges a guess that is not right in the same breath:
 * between otp_overwrite_begin and otp_budget_overwrite nothing can fail, and interrupts are held off.
 *
 * *charged: has the budget been overwritten?
 */
extern OtpMatch otp_charge_unless_right(OtpAttempt *attempt, bool live, OtpMethod *method,
										bool *charged);

/*
 * Costs as much as a charge and changes no count: the user's row is written as it stands, but that
 * a guess of the future was made now, from when its delay runs; without one, a decoy is.
 */
extern void otp_charge_nothing(OtpAttempt *attempt);

#endif							/* OTP_CHARGE_H */
