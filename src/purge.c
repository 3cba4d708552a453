/*
 * purge.c
 *		otp_purge: removes what has become old and nothing needs.
 *
 * Rows are deleted in the ordinary way, with the transaction, and none that another transaction is changing or has locked.
 * A call that takes a user's last code leaves his budget to the next one: so whoever still sees a code, spent or
 * expired, finds a budget that nobody is deleting, and has to wait for nobody.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "args.h"
#include "cool_down.h"
#include "events.h"
#include "leftover.h"
#include "purge.h"
#include "quota.h"
#include "store/challenge.h"
#include "store/credential.h"
#include "store/event.h"
#include "store/message.h"
#include "store/write.h"

typedef struct Purge
{
	OtpLeftovers leftovers;		/* now and before are of all that is purged */
	int64		left;			/* rows that may still be removed */
	TimestampTz trail_before;	/* when an event has to have been recorded; not later than `before` */
	int64		events;			/* that have been removed */
} Purge;

int			otp_trail_keep = OTP_TRAIL_KEEP_DEFAULT;

/* Counts a row if it was removed; false if it was the last of the batch. */
static bool
count(Purge *purge, int64 removed)
{
	purge->left -= removed;
	return purge->left > 0;
}

static bool
visit_budget(Relation rel, HeapTuple tuple, void *arg)
{
	Purge	   *purge = arg;

	return count(purge, otp_leftovers_remove_budget(&purge->leftovers, tuple, purge->left));
}

static bool
visit_baseline(Relation rel, HeapTuple tuple, void *arg)
{
	Purge	   *purge = arg;

	return count(purge, otp_leftovers_remove_baseline(&purge->leftovers, tuple));
}

static bool
visit_challenge(Relation rel, HeapTuple tuple, void *arg)
{
	Purge	   *purge = arg;

	return count(purge, otp_challenge_expires_at(tuple) <= purge->leftovers.before &&
				 otp_cool_down_is_over(rel, tuple, purge->leftovers.now) &&
				 otp_table_remove_if_idle(rel, tuple));
}

static bool
visit_credential(Relation rel, HeapTuple tuple, void *arg)
{
	Purge	   *purge = arg;

	return count(purge, otp_credential_waits_until(tuple) <= purge->leftovers.before &&
				 otp_table_remove_if_idle(rel, tuple));
}

static bool
visit_quota(Relation rel, HeapTuple tuple, void *arg)
{
	Purge	   *purge = arg;

	return count(purge, otp_quota_remove_if_over(rel, tuple, purge->leftovers.now));
}

static bool
visit_message(Relation rel, HeapTuple tuple, void *arg)
{
	Purge	   *purge = arg;

	return count(purge, otp_message_is_old(rel, tuple, purge->leftovers.before) &&
				 otp_table_remove_if_idle(rel, tuple));
}

static bool
visit_event(Relation rel, HeapTuple tuple, void *arg)
{
	Purge	   *purge = arg;
	bool		removed = otp_event_at(rel, tuple) < purge->trail_before &&
		otp_table_remove_if_idle(rel, tuple);

	purge->events += removed;
	return count(purge, removed);
}

/* Budgets before codes; what may be by far the most comes last. */
static const struct
{
	OtpTable	table;
	OtpTableVisit visit;
}			tables[] = {
	{OTP_TABLE_BUDGET, visit_budget},
	{OTP_TABLE_BASELINE, visit_baseline},
	{OTP_TABLE_CHALLENGE, visit_challenge},
	{OTP_TABLE_CREDENTIAL, visit_credential},
	{OTP_TABLE_QUOTA, visit_quota},
	{OTP_TABLE_MESSAGE, visit_message},
	{OTP_TABLE_EVENT, visit_event},
};

/* The moment before which something is old: never later than now. */
static TimestampTz
arg_before(FunctionCallInfo fcinfo, int n, TimestampTz now)
{
	Interval   *older_than = PG_ARGISNULL(n) ? NULL : PG_GETARG_INTERVAL_P(n);
	Interval	none = {0};

	if (older_than == NULL ||
		DatumGetBool(DirectFunctionCall2(interval_lt, PointerGetDatum(older_than),
										 PointerGetDatum(&none))))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("older_than must not be %s", older_than == NULL ? "null" : "negative"),
				errhint("Give the age from which on rows are removed, such as '90 days'."));
	return Min(now, DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval,
															TimestampTzGetDatum(now),
															PointerGetDatum(older_than))));
}

static int64
arg_batch(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n) || PG_GETARG_INT32(n) < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				PG_ARGISNULL(n) ? errmsg("batch must not be null") :
				errmsg("batch must be 1 or more, not %d", PG_GETARG_INT32(n)),
				errhint("Give the number of rows that one call removes at most, such as 10000."));
	return PG_GETARG_INT32(n);
}

/* otp_purge(older_than interval, batch integer) → bigint */
PG_FUNCTION_INFO_V1(otp_purge);
Datum
otp_purge(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	Purge		purge = {{.now = now,.before = arg_before(fcinfo, 0, now)}};
	int64		batch = arg_batch(fcinfo, 1);

	otp_require_writable("otp_purge()");
	purge.left = batch;
	/* Whoever may purge is not to take away the record of what he has done himself. */
	purge.trail_before = Min(purge.leftovers.before, now - otp_trail_keep * USECS_PER_MINUTE);
	otp_leftovers_open(&purge.leftovers);
	for (int i = 0; i < lengthof(tables) && purge.left > 0; i++)
	{
		Relation	rel;

		if (!otp_table_exists(tables[i].table))
			continue;
		rel = otp_table_open(tables[i].table, NULL, RowExclusiveLock);
		otp_table_scan(rel, tables[i].visit, &purge);
		table_close(rel, NoLock);
	}
	otp_leftovers_close(&purge.leftovers);
	if (purge.events > 0)
		otp_event_purged(purge.events, purge.trail_before);
	PG_RETURN_INT64(batch - purge.left);
}
