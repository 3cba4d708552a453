/*
 * cool_down.h
 *		How long after a code the next one may be issued.
 */
#ifndef OTP_COOL_DOWN_H
#define OTP_COOL_DOWN_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "utils/rel.h"

#include "store/policy.h"

/* Refuses a code (OT001) before that moment, and records it. */
extern void otp_cool_down_refuse(const OtpPolicy *policy, const text *user, const text *purpose,
								 TimestampTz at) pg_attribute_noreturn();

/*
 * Refuses a code (OT001) that comes too soon after the last one of the user and purpose, which was issued at that time,
 * and records it.
 */
extern void otp_cool_down_check(TimestampTz issued_at, const OtpPolicy *policy, const text *user,
								const text *purpose);

/* Is it over at that time after a row of otp_challenge, as it stands? */
extern bool otp_cool_down_is_over(Relation rel, HeapTuple challenge, TimestampTz at);

/*
 * When the last code of a user was issued before he was forgotten, in *issued_at; OTP_NEVER_ISSUED if nothing is kept of
 * that.  `keys`: as of otp_pseudonyms_prepare().  Waits for nothing; false if a data key is not at hand.
 */
#define OTP_NEVER_ISSUED	DT_NOBEGIN
extern bool otp_cool_down_fetch_forgotten(Relation challenges, Relation keys, const text *user,
										  const text *purpose, TimestampTz *issued_at);

/* The same moment, for the policy's cool-down: may a code be issued now? */
extern bool otp_cool_down_lets(TimestampTz issued_at, const OtpPolicy *policy);

/*
 * Deletes the codes of a user when the transaction commits, and keeps under the pseudonym, until then, when those were
 * issued whose cool-down is not over; returns how many rows.  Waits for whoever changes one: the caller holds no lock of ours.
 */
extern int64 otp_cool_down_forget(const text *user, const text *pseudonym);

#endif							/* OTP_COOL_DOWN_H */
