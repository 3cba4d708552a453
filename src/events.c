/*
 * events.c
 *		What goes into the trail, by the policy.
 */
#include "compat.h"

#include "access/table.h"

#include "events.h"
#include "store/event.h"
#include "store/relation.h"

static bool
record(const OtpEvent *event, bool permanent)
{
	Relation	rel = otp_table_open(OTP_TABLE_EVENT, event->user, RowExclusiveLock);

	permanent = otp_event_insert(rel, event, permanent);
	table_close(rel, NoLock);
	return permanent;
}

void
otp_event_of_transaction(const OtpPolicy *policy, TimestampTz at, const text *user,
						 const text *purpose, const char *event, const char *method)
{
	OtpEvent	row = {at, user, purpose, event, NULL, method};

	if (policy->trail == OTP_TRAIL_ALL)
		(void) record(&row, false);
}

bool
otp_event_permanent(const OtpPolicy *policy, TimestampTz at, const text *user,
					const text *purpose, const char *event, const char *reason,
					const char *method)
{
	bool		rejected = event == NULL;
	OtpEvent	row = {
		at, user, purpose, rejected ? "rejected" : event, rejected ? reason : NULL, method
	};

	if (policy->trail == OTP_TRAIL_NONE || (!rejected && policy->trail != OTP_TRAIL_ALL))
		return true;
	return record(&row, true);
}

bool
otp_event_always(TimestampTz at, const text *user, const text *purpose, const char *event)
{
	OtpEvent	row = {at, user, purpose, event, NULL, NULL};

	return record(&row, true);
}
