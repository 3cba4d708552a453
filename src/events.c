/*
 * events.c
 *		What goes into the trail, by the policy.
 */
#include "compat.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "events.h"
#include "store/event.h"
#include "store/relation.h"

#define NOTIFY_CHANNEL	"otp_event"

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

void
otp_event_refused(const OtpPolicy *policy, const text *user, const text *purpose,
				  const char *reason)
{
	OtpEvent	row = {GetCurrentTimestamp(), user, purpose, "refused", reason, NULL};

	if (policy->trail != OTP_TRAIL_NONE)
		(void) record(&row, true);
}

void
otp_event_of_message(const OtpPolicy *policy, const text *user, const text *purpose,
					 const char *event, const char *reason, const char *channel)
{
	OtpEvent	row = {GetCurrentTimestamp(), user, purpose, event, reason, channel};
	bool		failed = strcmp(event, "failed") == 0;

	if (policy->trail == OTP_TRAIL_ALL || (failed && policy->trail != OTP_TRAIL_NONE))
		(void) record(&row, false);
}

bool
otp_event_of_limit(const OtpPolicy *policy, TimestampTz at, const text *user,
				   const text *purpose, const char *event)
{
	OtpEvent	row = {at, user, purpose, event, NULL, NULL};

	return policy->trail == OTP_TRAIL_NONE || record(&row, true);
}

static void
append_member(StringInfo json, const char *name, const char *value)
{
	appendStringInfo(json, "%s\"%s\": ", json->len == 0 ? "{" : ", ", name);
	escape_json(json, value);
}

void
otp_event_notify(const OtpPolicy *policy, const text *user, const text *purpose,
				 const char *event, TimestampTz until)
{
	StringInfoData json;
	char		iso[MAXDATELEN + 1];

	if (!policy->notify)
		return;
	initStringInfo(&json);
	append_member(&json, "event", event);
	append_member(&json, "user_id", text_to_cstring(user));
	append_member(&json, "purpose", text_to_cstring(purpose));
	if (until != 0)
		append_member(&json, "until",
					  JsonEncodeDateTime(iso, TimestampTzGetDatum(until), TIMESTAMPTZOID, NULL));
	appendStringInfoChar(&json, '}');
	Async_Notify(NOTIFY_CHANNEL, json.data);
	pfree(json.data);
}

bool
otp_event_always(TimestampTz at, const text *user, const text *purpose, const char *event)
{
	OtpEvent	row = {at, user, purpose, event, NULL, NULL};

	return record(&row, true);
}

/* Of nobody, with the transaction. */
static void
record_removal(const char *purpose, const char *event, const char *reason)
{
	OtpEvent	row = {
		GetCurrentTimestamp(), cstring_to_text(""), cstring_to_text(purpose), event, reason, NULL
	};

	(void) record(&row, false);
}

void
otp_event_purged(int64 removed, TimestampTz before)
{
	const int	utc = 0;
	char		iso[MAXDATELEN + 1];

	record_removal("purge", "purged",
				   psprintf(INT64_FORMAT " before %s", removed,
							JsonEncodeDateTime(iso, TimestampTzGetDatum(before), TIMESTAMPTZOID, &utc)));
}

void
otp_event_forgotten(int64 removed)
{
	record_removal("forget", "forgotten", psprintf(INT64_FORMAT " rows", removed));
}
