/*
 * candidates.h
 *		What a guess is compared with: the issued code, authenticators, recovery codes.
 *
 * By the attempt's aim and policy.  All of it is read in one round, under the user's lock.
 */
#ifndef OTP_CANDIDATES_H
#define OTP_CANDIDATES_H

#include "compat.h"

#include "attempt.h"

/* data keys that a guess is judged with, at most */
#define OTP_CANDIDATE_KEYS	(OTP_AUTHENTICATORS_MAX + 2)

/* Opens the tables that have some, and closes them, keeping their locks. */
extern void otp_candidates_open(OtpAttempt *attempt);
extern void otp_candidates_close(OtpAttempt *attempt);

/* Reads them, as they are now. */
extern void otp_candidates_load(OtpAttempt *attempt);

/* The data keys that are needed; the first is the one that attempt->key has to be. */
extern int	otp_candidates_keys(const OtpAttempt *attempt, int32 ids[OTP_CANDIDATE_KEYS]);

/* The issued code, and the digest of the guess at all candidates.  XX000 if OpenSSL fails. */
extern void otp_candidates_derive(OtpAttempt *attempt);

/* How many more wrong guesses the issued code bears. */
extern int	otp_candidates_issued_left(const OtpAttempt *attempt);

/* Can the issued code be accepted? */
extern bool otp_candidates_issued_live(const OtpAttempt *attempt);

/* Can a code of the user's authenticators or recovery codes be accepted? */
extern bool otp_candidates_kept_live(const OtpAttempt *attempt);

/*
 * Compares the guess with what the user keeps: authenticators and recovery codes.  Fails, if it does, whatever the
 * guess is; nobody may learn the outcome before the guess is charged.
 */
extern void otp_candidates_search(OtpAttempt *attempt);

/* What the guess is of all candidates, and of what method; cannot fail. */
extern OtpMatch otp_candidates_match(const OtpAttempt *attempt, OtpMethod *method);

#endif							/* OTP_CANDIDATES_H */
