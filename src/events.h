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
 * Records what commits with the transaction: "issued", "resent", "cancelled", and "accepted"
 * with its method.  Only where the trail is `all`.
 */
extern void otp_event_of_transaction(const OtpPolicy *policy, TimestampTz at, const text *user,
									 const text *purpose, const char *event,
									 const char *method);

/*
 * Records a rejection with its reason, permanently, unless the trail is `none`.  Returns false if the row lasts only
 * if the transaction commits, because an index of the trail is being built concurrently.
 */
extern bool otp_event_rejected(const OtpPolicy *policy, TimestampTz at, const text *user,
							   const text *purpose, const char *reason, const char *method);

#endif							/* OTP_EVENTS_H */
