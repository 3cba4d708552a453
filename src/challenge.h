/*
 * challenge.h
 *		The issued code of a user and purpose.
 */
#ifndef OTP_CHALLENGE_H
#define OTP_CHALLENGE_H

#include "compat.h"

#include "core/derive.h"
#include "store/budget.h"
#include "store/challenge.h"
#include "store/policy.h"

/* The binding of a code of this user, purpose and context; points into its arguments. */
extern void otp_challenge_bind(OtpBinding *binding, const text *user, const text *purpose,
							   const text *context, const uint8 *nonce);

/*
 * Reads the row of a user and purpose and, unless it is NULL, the user's budget, as they are now; false if there is
 * no row.
 */
extern bool otp_challenge_now(Relation challenges, const text *user, const text *purpose,
							  OtpChallengeRow *row, OtpBudgetRow *budget);

/* bytes of a number that goes with a code, with its zero byte */
#define OTP_NUMBER_SIZE	3

/* What a code is bound to that goes with a number: the number, a line feed, and the context. */
extern const text *otp_numbered_context(const char *number, const text *context);

/*
 * Makes a fresh code, which takes the place of whatever there is, counts it (destination: NULL if none is known) and
 * records it.  number: unless it is NULL, gets two digits, 10 to 99, that are derived as the code is, and the code is
 * bound to them as well.  code: OTP_CODE_MAX + 1 bytes; the caller wipes them.
 *
 * Errors: OT001, OT002 limits; OT003, OT004, OT005 keys; 55000, 55006.
 */
extern void otp_challenge_issue(const text *user, const text *purpose, const text *context,
								const text *destination, char *number, OtpChallenge *challenge,
								char *code);

/*
 * The live code of the user, purpose and context, which the caller wipes.  Returns NULL, or why there is none:
 * no_code, replaced (it has another nonce than this one, unless that is NULL), spent, cancelled, expired, used_up,
 * other_context.  numbered: is it bound to a number as well?
 *
 * Errors: OT003, OT004, OT005 keys.
 */
extern const char *otp_challenge_live(const text *user, const text *purpose, const text *context,
									  bool numbered, const OtpPolicy *policy, const uint8 *nonce,
									  OtpChallenge *challenge, char *code);

/* Withdraws the live code; false if there is none.  Waits for a transaction that is changing it. */
extern bool otp_challenge_cancel(const text *user, const text *purpose);

/*
 * Counts a code that is handed out and records it: issued or resent.  Error: OT002 if it is one too many.
 */
extern void otp_challenge_count(const OtpPolicy *policy, const text *user, const text *purpose,
								const text *destination, const char *event);

#endif							/* OTP_CHALLENGE_H */
