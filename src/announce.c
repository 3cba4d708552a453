/*
 * announce.c
 *		What is announced of a user's stops: a warning before one, and the stop.
 */
#include "compat.h"

#include "access/table.h"
#include "utils/builtins.h"

#include "announce.h"
#include "events.h"
#include "store/challenge.h"

/* What is to be announced of a purpose. */
typedef struct Due
{
	const text *purpose;
	const OtpPolicy *policy;
	OtpStop		stop;
	OtpNotice	notice;
} Due;

static const OtpPolicy *
default_policy(const OtpAttempt *attempt)
{
	return &((OtpStopPolicy *) llast(attempt->stop_policies))->policy;
}

void
otp_announce_open(OtpAttempt *attempt)
{
	if (attempt->policy.max_consecutive == 0 && !otp_policy_any_stop())
		return;
	attempt->stop_policies = otp_stop_policies();
	attempt->baselines = otp_table_open(OTP_TABLE_BASELINE, attempt->user, RowExclusiveLock);
	if (default_policy(attempt)->max_consecutive > 0)
		table_close(otp_table_open(OTP_TABLE_CHALLENGE, attempt->user, AccessShareLock), NoLock);
}

static List *
add_purpose(List *purposes, const text *purpose)
{
	ListCell   *cell;

	foreach(cell, purposes)
		if (otp_same_text(lfirst(cell), purpose))
			return purposes;
	return lappend(purposes, (void *) purpose);
}

/* That which is guessed at, those with a policy, and those that have been judged for. */
static List *
purposes_on_record(const OtpAttempt *attempt)
{
	List	   *purposes = list_make1((void *) attempt->purpose);
	ListCell   *cell;

	foreach(cell, attempt->stop_policies)
		if (lnext(attempt->stop_policies, cell) != NULL)
			purposes = add_purpose(purposes, ((OtpStopPolicy *) lfirst(cell))->purpose);
	foreach(cell, attempt->baseline_rows)
	{
		int64		base;

		if (!otp_table_is_own(lfirst(cell)) &&
			otp_baseline_notice(lfirst(cell), &base) == OTP_NOTICE_NONE)
			purposes = add_purpose(purposes, otp_baseline_purpose(attempt->baselines, lfirst(cell)));
	}
	return purposes;
}

static List *
purposes_of_codes(const OtpAttempt *attempt, List *purposes)
{
	Relation	rel = otp_table_open(OTP_TABLE_CHALLENGE, attempt->user, AccessShareLock);
	List	   *of_codes = otp_challenge_purposes(rel, attempt->snapshot, attempt->user);
	ListCell   *cell;

	foreach(cell, of_codes)
		purposes = add_purpose(purposes, lfirst(cell));
	table_close(rel, NoLock);
	return purposes;
}

/* The budget that a wrong guess would leave. */
static OtpBudget
after_charge(const OtpAttempt *attempt)
{
	OtpBudget	budget = attempt->budget.budget;

	budget.total++;
	budget.last_at = attempt->now;
	return budget;
}

/*
 * Is there anything to be done of a purpose that is on no record but that of codes, or on none?  All such have the default's
 * policy and count from the same total, so one that nobody can have stands for them, and their names are mostly not looked up.
 */
static bool
concerns_others(const OtpAttempt *attempt)
{
	const OtpPolicy *policy = default_policy(attempt);
	const OtpBudget *budget = &attempt->budget.budget;
	OtpBudget	charged = after_charge(attempt);
	OtpStop		stop;

	if (policy->max_consecutive == 0)
		return false;
	otp_stop_read(&stop, attempt->baselines, attempt->baseline_rows, cstring_to_text(""), policy,
				  budget);
	return otp_stop_is_over(&stop, policy, budget, attempt->now) ||
		otp_stop_notice(&stop, policy, &charged, true) != OTP_NOTICE_NONE;
}

static const OtpPolicy *
policy_of(const OtpAttempt *attempt, const text *purpose)
{
	return otp_same_text(purpose, attempt->purpose) ? &attempt->policy :
		otp_stop_policy(attempt->stop_policies, purpose);
}

/* Permanent rows are seen by the round's snapshot, too. */
static void
fetch_rows(OtpAttempt *attempt)
{
	attempt->baseline_rows = otp_baseline_fetch_all(attempt->baselines, attempt->snapshot,
													attempt->user);
}

/* Those with a stop. */
static List *
purposes_with_stop(const OtpAttempt *attempt)
{
	List	   *purposes = purposes_on_record(attempt);
	ListCell   *cell;

	if (concerns_others(attempt))
		purposes = purposes_of_codes(attempt, purposes);
	foreach(cell, purposes)
		if (policy_of(attempt, lfirst(cell))->max_consecutive == 0)
			purposes = foreach_delete_current(purposes, cell);
	return purposes;
}

static void
restart_if_over(OtpAttempt *attempt, const text *purpose)
{
	const OtpPolicy *policy = policy_of(attempt, purpose);
	const OtpBudget *budget = &attempt->budget.budget;
	OtpStop		stop;

	otp_stop_read(&stop, attempt->baselines, attempt->baseline_rows, purpose, policy, budget);
	if (!otp_stop_is_over(&stop, policy, budget, attempt->now))
		return;
	otp_baseline_insert(attempt->baselines, attempt->user, purpose, budget->total, true);
	fetch_rows(attempt);
}

/* NULL if nothing is to be announced. */
static Due *
make_due(const OtpAttempt *attempt, const text *purpose, const OtpBudget *budget, bool counted)
{
	Due		   *due = palloc(sizeof(Due));

	due->purpose = purpose;
	due->policy = policy_of(attempt, purpose);
	otp_stop_read(&due->stop, attempt->baselines, attempt->baseline_rows, purpose, due->policy,
				  budget);
	due->notice = otp_stop_notice(&due->stop, due->policy, budget, counted);
	/* What nobody would be told is not noted either. */
	return due->notice != OTP_NOTICE_NONE &&
		(due->policy->trail != OTP_TRAIL_NONE || due->policy->notify) ? due : NULL;
}

static void
add_due(OtpAttempt *attempt, Due *due)
{
	if (due != NULL)
		attempt->due = lappend(attempt->due, due);
}

static bool
has_default_policy(const OtpAttempt *attempt, const text *purpose)
{
	return otp_stop_policy(attempt->stop_policies, purpose) == default_policy(attempt);
}

/* Is or has the same been announced of a purpose that has the default's policy as well? */
static bool
is_spoken_for(const OtpAttempt *attempt, const Due *due)
{
	int64		base;
	ListCell   *cell;

	foreach(cell, attempt->due)
	{
		const Due  *other = lfirst(cell);

		if (other->notice == due->notice && has_default_policy(attempt, other->purpose))
			return true;
	}
	foreach(cell, attempt->baseline_rows)
		if (otp_baseline_notice(lfirst(cell), &base) == due->notice && base == due->stop.base &&
			has_default_policy(attempt, otp_baseline_purpose(attempt->baselines, lfirst(cell))))
			return true;
	return false;
}

/* Purposes that nothing is known of are stopped as well. */
static void
speak_for_unknown(OtpAttempt *attempt, const OtpBudget *budget)
{
	Due		   *due = make_due(attempt, cstring_to_text(OTP_PURPOSE_DEFAULT), budget, true);

	if (due != NULL && !is_spoken_for(attempt, due))
		add_due(attempt, due);
}

void
otp_announce_prepare(OtpAttempt *attempt)
{
	OtpBudget	charged = after_charge(attempt);
	List	   *purposes;
	ListCell   *cell;

	if (attempt->baselines == NULL)
		return;
	if (otp_stop_prepare(&attempt->stop, attempt->baselines, attempt->user, attempt->purpose,
						 &attempt->policy, &attempt->budget.budget, attempt->now))
		fetch_rows(attempt);
	purposes = purposes_with_stop(attempt);
	foreach(cell, purposes)
		restart_if_over(attempt, lfirst(cell));
	foreach(cell, purposes)
		add_due(attempt, make_due(attempt, lfirst(cell), &charged, true));
	speak_for_unknown(attempt, &charged);
}

void
otp_announce_refused(OtpAttempt *attempt)
{
	const OtpBudget *budget = &attempt->budget.budget;

	if (attempt->aim != OTP_AIM_UNLOCK &&
		otp_stop_until(&attempt->stop, &attempt->policy, budget, attempt->now) != 0)
		add_due(attempt, make_due(attempt, attempt->purpose, budget, false));
}

void
otp_announce_note(OtpAttempt *attempt)
{
	ListCell   *cell;

	foreach(cell, attempt->due)
	{
		const Due  *due = lfirst(cell);

		otp_baseline_insert_notice(attempt->baselines, attempt->user, due->purpose, due->notice,
								   due->stop.base);
	}
}

bool
otp_announce(const OtpAttempt *attempt)
{
	bool		permanent = true;
	ListCell   *cell;

	foreach(cell, attempt->due)
	{
		const Due  *due = lfirst(cell);
		const char *event = due->notice == OTP_NOTICE_STOPPED ? "stopped" : "warned";
		TimestampTz until = otp_stop_until(&due->stop, due->policy, &attempt->budget.budget,
										   attempt->now);

		permanent &= otp_event_of_limit(due->policy, attempt->now, attempt->user, due->purpose,
										event);
		otp_event_notify(due->policy, attempt->user, due->purpose, event, until);
	}
	return permanent;
}
