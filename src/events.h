/*
 * events.h
 *		What goes into the trail, by the policy.
 */
#ifndef OTP_EVENTS_H
#define OTP_EVENTS_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "store/policy.h"

/*
 * Records what commits with the transaction, such as "issued" or "accepted", with its method if it
 * has one.  Only where the trail is `all`.
 */
extern void otp_event_of_transaction(const OtpPolicy *policy, TimestampTz at, const text *user,
									 const text *purpose, const char *event,
									 const char *method);

/*
 * Records what stays whatever becomes of the transaction: a rejection with its reason, unless the trail is
 * `none`, or, if `event` is not NULL, an acceptance that is spent at once, where the trail is `all`.  Returns false if
 * the row lasts only if the transaction commits, because an index of the trail is being built concurrently.
 */
extern bool otp_event_permanent(const OtpPolicy *policy, TimestampTz at, const text *user,
								const text *purpose, const char *event, const char *reason,
								const char *method);

/* Records, permanently, that a code was refused, and why: cooling_down or too_many.  Unless the trail is `none`. */
extern void otp_event_refused(const OtpPolicy *policy, const text *user, const text *purpose,
							  const char *reason);

/*
 * Records, with the transaction, what became of a message: sent, delivered or dropped, where the trail is `all`, or
 * failed, unless it is `none`.  reason: why, or NULL.
 */
extern void otp_event_of_message(const OtpPolicy *policy, const text *user, const text *purpose,
								 const char *event, const char *reason, const char *channel);

/*
 * Records, permanently, that a limit is near or reached: warned or stopped.  Unless the trail is `none`.  Returns
 * false as otp_event_permanent() does.
 */
extern bool otp_event_of_limit(const OtpPolicy *policy, TimestampTz at, const text *user,
							   const text *purpose, const char *event);

/*
 * Tells channel otp_event, when the transaction commits, if the policy asks.  event: warned, stopped or
 * delayed; until: when that ends; 0: not by itself, or nothing has begun.
 */
extern void otp_event_notify(const OtpPolicy *policy, const text *user, const text *purpose,
							 const char *event, TimestampTz until);

/*
 * Records what stays whatever becomes of the transaction, and whatever the policies say.  Returns false as
 * otp_event_permanent() does.
 */
extern bool otp_event_always(TimestampTz at, const text *user, const text *purpose,
							 const char *event);

/*
 * Records, whatever the policies say, that events older than a moment have been removed from the trail.  With the
 * transaction, as the removal itself is.
 */
extern void otp_event_purged(int64 removed, TimestampTz before);

/* Records, with the transaction and whatever the policies say, that somebody was forgotten: not who, but how many rows. */
extern void otp_event_forgotten(int64 removed);

#endif							/* OTP_EVENTS_H */
