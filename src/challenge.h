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

/*
 * Makes a fresh code, which takes the place of whatever there is, counts it (destination: NULL if none is known) and
 * records it.  code: OTP_CODE_MAX + 1 bytes; the caller wipes them.
 *
 * Errors: OT001, OT002 limits; OT003, OT004, OT005 keys; 55000, 55006.
 */
extern void otp_challenge_issue(const text *user, const text *purpose, const text *context,
								const text *destination, OtpChallenge *challenge, char *code);

/*
 * The live code of the user, purpose and context, which the caller wipes; false if there is none that could still be
 * accepted, or if it is of another context.
 *
 * Errors: OT003, OT004, OT005 keys.
 */
extern bool otp_challenge_live(const text *user, const text *purpose, const text *context,
							   const OtpPolicy *policy, OtpChallenge *challenge, char *code);

/*
 * Counts a code that is handed out and records it: issued or resent.  Error: OT002 if it is one too many.
 */
extern void otp_challenge_count(const OtpPolicy *policy, const text *user, const text *purpose,
								const text *destination, const char *event);

#endif							/* OTP_CHALLENGE_H */
