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

/*
 * Counts a code that is about to be handed out, whatever becomes of the transaction: for the user and, unless
 * it is NULL, the destination.  Only where the policy limits them; waits for a transaction that is deleting the count.
 *
 * Errors: OT002 if it is one too many; 55006 if this transaction has deleted the count.
 */
extern void otp_quota_take(const OtpPolicy *policy, const text *user, const text *purpose,
						   const text *destination);

/* channels that stand in for each other, at most */
#define OTP_STEPS_MAX	8

/* How many messages a channel may take within a window, in microseconds, to a destination, and to those that begin alike. */
typedef struct OtpChannelCaps
{
	const text *channel;
	const text *destination;	/* as it is counted */
	int64		window;
	int			per_destination;	/* 0: any number */
	int			per_prefix;
	int			prefix_length;	/* characters */
} OtpChannelCaps;

/*
 * The same for messages that are about to be queued, all of them or none; each of a channel's counts is apart from those of
 * codes.  The destinations of all but the first count as those of codes as well.
 */
extern void otp_quota_take_messages(const OtpPolicy *policy, const text *user, const text *purpose,
									const OtpChannelCaps *caps, int n);

/* The same for a push with a number, of which a user gets prompts_per_user within the issue window. */
extern void otp_quota_take_prompt(const OtpPolicy *policy, const text *user, const text *purpose);

/*
 * The same for a code that is sent again, of which one goes within a cool-down: so no two go at once.  Error: OT001.
 */
extern void otp_quota_take_again(const OtpPolicy *policy, const text *user, const text *purpose);

/*
 * Deletes a row of otp_quota, with the transaction, if all that it counts has left the window and nobody else is changing
 * it; false if it stays.
 */
extern bool otp_quota_remove_if_over(Relation rel, HeapTuple tuple, TimestampTz now);

#endif							/* OTP_QUOTA_H */
