/*
 * spend.h
 *		Spending what a right guess is a code of.
 */
#ifndef OTP_SPEND_H
#define OTP_SPEND_H

#include "compat.h"

#include "attempt.h"

typedef enum OtpSpent
{
	OTP_SPENT_IN_TRANSACTION,	/* if and only if the transaction commits */
	OTP_SPENT_AT_ONCE,			/* whatever becomes of it */
	OTP_SPENT_TOO_LATE,			/* it had to wait, and the code has expired meanwhile */
	OTP_SPENT_LOST				/* not: the state has changed, and the guess has to be judged again */
} OtpSpent;

/*
 * Spends the row that the guess matched, and ends the round.  What is spent at once ends the count of consecutive
 * wrong guesses as well; that of a transaction is for the caller to end.  May wait for another transaction, but not under
 * the user's lock.  Interrupts are held off when this is called, and still are if something has been spent at once;
 * else they no longer are.
 */
extern OtpSpent otp_spend(OtpAttempt *attempt, OtpMethod method);

/* What the trail calls an acceptance. */
extern const char *otp_spend_event(const OtpAttempt *attempt);

/*
 * Fails with 40001 wherever spending one of the rows that the guess was aimed at could.
 * issued: was the issued code one of them?  cleared: would consecutive wrong guesses have been cleared?
 */
extern void otp_spend_check_conflicts(const OtpAttempt *attempt, bool issued, bool cleared);

#endif							/* OTP_SPEND_H */
