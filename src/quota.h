/*
 * quota.h
 *		How many codes may be handed out to a user and to a destination.
 */
#ifndef OTP_QUOTA_H
#define OTP_QUOTA_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "utils/rel.h"

#include "store/policy.h"

/* bytes of a destination, at most */
#define OTP_DESTINATION_MAX	512

/*
 * Counts a code that is about to be handed out, whatever becomes of the transaction: for the user and, unless
 * it is NULL, the destination.  Only where the policy limits them; waits for a transaction that is deleting the count.
 *
 * Errors: OT002 if it is one too many; 55006 if this transaction has deleted the count.
 */
extern void otp_quota_take(const OtpPolicy *policy, const text *user, const text *purpose,
						   const text *destination);

/*
 * Deletes a row of otp_quota, with the transaction, if all that it counts has left the window and nobody else is changing
 * it; false if it stays.
 */
extern bool otp_quota_remove_if_over(Relation rel, HeapTuple tuple, TimestampTz now);

#endif							/* OTP_QUOTA_H */
