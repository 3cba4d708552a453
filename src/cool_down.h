/*
 * cool_down.h
 *		How long after a code the next one may be issued.
 */
#ifndef OTP_COOL_DOWN_H
#define OTP_COOL_DOWN_H

#include "compat.h"

#include "store/challenge.h"
#include "store/policy.h"

/* Refuses a code (OT001) that comes too soon after the last one of the user and purpose, and records it. */
extern void otp_cool_down_check(const OtpChallenge *last, const OtpPolicy *policy,
								const text *user, const text *purpose);

/* Is it over at that time after a row of otp_challenge, as it stands? */
extern bool otp_cool_down_is_over(Relation rel, HeapTuple challenge, TimestampTz at);

#endif							/* OTP_COOL_DOWN_H */
