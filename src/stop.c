/*
 * stop.c
 *		The hard stop: after max_consecutive wrong guesses since the last acceptance for a purpose.
 */
#include "compat.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "stop.h"
#include "store/baseline.h"

void
otp_stop_load(OtpStop *stop, Relation rel, Snapshot snapshot, const text *user,
			  const text *purpose, const OtpPolicy *policy, const OtpBudget *budget)
{
	int64		any = OTP_NEVER_CLEARED;
	List	   *rows;
	ListCell   *cell;

	memset(stop, 0, sizeof(*stop));
	stop->max = policy->max_consecutive;
	if (stop->max == 0)
		return;
	rows = otp_baseline_fetch_committed(rel, snapshot, user);
	foreach(cell, rows)
	{
		HeapTuple	row = lfirst(cell);

		/* It is of a budget that is no more, or of a moment behind that of the budget in a dump. */
		if (otp_baseline_total(row) > budget->total)
			continue;
		any = Max(any, otp_baseline_total(row));
		if (!otp_same_text(otp_baseline_purpose(rel, row), purpose))
			continue;
		if (stop->last == NULL || otp_baseline_total(row) > otp_baseline_total(stop->last))
			stop->last = row;
		stop->rows = lappend(stop->rows, row);
	}
	/* Without the others, each further purpose would bring as many guesses again. */
	stop->base = Max(stop->last ? otp_baseline_total(stop->last) : any, budget->cleared_total);
	/* What was guessed before the policy had a stop does not count. */
	if (stop->base == OTP_NEVER_CLEARED)
		stop->base = budget->total;
}

int64
otp_stop_consecutive(const OtpStop *stop, const OtpBudget *budget)
{
	return Max(budget->total - stop->base, 0);
}

int
otp_stop_left(const OtpStop *stop, const OtpBudget *budget)
{
	if (stop->max == 0)
		return PG_INT32_MAX;
	return (int) Max(stop->max - otp_stop_consecutive(stop, budget), 0);
}

TimestampTz
otp_stop_until(const OtpStop *stop, const OtpPolicy *policy, const OtpBudget *budget,
			   TimestampTz now)
{
	if (otp_stop_left(stop, budget) > 0)
		return 0;
	if (policy->stop_for == 0)
		return DT_NOEND;
	return budget->last_at + policy->stop_for > now ? budget->last_at + policy->stop_for : 0;
}

/*
 * Does a row stay that says as much as the last one?  One that is being deleted (otp_purge()) may be gone once the guess has
 * counted, and what is accepted for another purpose would clear it.
 */
static bool
has_row(const OtpStop *stop, Relation rel)
{
	ListCell   *cell;

	foreach(cell, stop->rows)
		if (otp_baseline_total(lfirst(cell)) == otp_baseline_total(stop->last) &&
			otp_table_stays(rel, lfirst(cell)))
			return true;
	return false;
}

void
otp_stop_prepare(OtpStop *stop, Relation rel, const text *user, const text *purpose,
				 const OtpPolicy *policy, const OtpBudget *budget, TimestampTz now)
{
	bool		ended = otp_stop_left(stop, budget) == 0 &&
		otp_stop_until(stop, policy, budget, now) == 0;

	if (stop->max == 0 || (!ended && has_row(stop, rel)))
		return;
	if (ended)
		stop->base = budget->total;
	otp_baseline_insert(rel, user, purpose, stop->base, true);
}

bool
otp_stop_has_to_clear(const OtpStop *stop, const OtpBudget *budget)
{
	return stop->max > 0 && otp_stop_consecutive(stop, budget) > 0;
}

/*
 * Rows that were outdone before go with it; if another transaction is at one, that stays, and means nothing.  The
 * last one is what counts until this transaction has committed.
 */
void
otp_stop_clear(const OtpStop *stop, Relation rel, const text *user, const text *purpose,
			   const OtpBudget *budget, bool at_once)
{
	ListCell   *cell;

	if (!otp_stop_has_to_clear(stop, budget))
		return;
	otp_baseline_insert(rel, user, purpose, budget->total, at_once);
	foreach(cell, stop->rows)
		if (lfirst(cell) != stop->last)
			(void) otp_table_remove_if_idle(rel, lfirst(cell));
}

/*
 * Which page of the index a row enters is known to nobody but who inserts it, so one is inserted, and taken back at
 * once.
 */
void
otp_stop_check_conflicts(const OtpStop *stop, Relation rel, const text *user,
						 const text *purpose)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	XLogRecPtr	end = XactLastRecEnd;
	ListCell   *cell;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	otp_baseline_insert(rel, user, purpose, stop->base, false);
	foreach(cell, stop->rows)
		if (lfirst(cell) != stop->last)
			otp_table_check_conflict(rel, lfirst(cell));
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	/* Nobody has to have that on disk. */
	XactLastRecEnd = end;
}

const char *
otp_stop_event(const OtpStop *stop, const OtpPolicy *policy, const OtpBudget *budget)
{
	int64		consecutive = otp_stop_consecutive(stop, budget);

	if (stop->max == 0)
		return NULL;
	if (consecutive == stop->max)
		return "stopped";
	if (policy->warn_before > 0 && consecutive < stop->max &&
		consecutive == Max(stop->max - policy->warn_before, 1))
		return "warned";
	return NULL;
}

List *
otp_stop_policies(void)
{
	List	   *purposes = lappend(otp_policy_purposes(), cstring_to_text(OTP_PURPOSE_DEFAULT));
	List	   *policies = NIL;
	ListCell   *cell;

	foreach(cell, purposes)
	{
		OtpStopPolicy *policy = palloc(sizeof(OtpStopPolicy));

		policy->purpose = lfirst(cell);
		otp_policy_get(policy->purpose, &policy->policy, NULL);
		policies = lappend(policies, policy);
	}
	return policies;
}

/* What holds for a purpose; the last one is the default's. */
static const OtpPolicy *
policy_of(const List *policies, const text *purpose)
{
	ListCell   *cell;

	foreach(cell, policies)
	{
		const OtpStopPolicy *policy = lfirst(cell);

		if (otp_same_text(policy->purpose, purpose))
			return &policy->policy;
	}
	return &((OtpStopPolicy *) llast(policies))->policy;
}

/* Do consecutive wrong guesses for a purpose count?  They do not once time has ended the stop. */
static bool
counts(Relation rel, Snapshot snapshot, const text *user, const text *purpose,
	   const OtpPolicy *policy, const OtpBudget *budget, TimestampTz now)
{
	OtpStop		stop;

	if (policy->max_consecutive == 0)
		return false;
	otp_stop_load(&stop, rel, snapshot, user, purpose, policy, budget);
	return otp_stop_consecutive(&stop, budget) > 0 &&
		(otp_stop_left(&stop, budget) > 0 || otp_stop_until(&stop, policy, budget, now) != 0);
}

bool
otp_stop_counts(const List *policies, Relation rel, Snapshot snapshot, const text *user,
				const List *rows, const OtpBudget *budget, TimestampTz now)
{
	ListCell   *cell;

	/* of those without a row of otp_baseline, the default is one */
	foreach(cell, policies)
	{
		const OtpStopPolicy *policy = lfirst(cell);

		if (counts(rel, snapshot, user, policy->purpose, &policy->policy, budget, now))
			return true;
	}
	foreach(cell, rows)
	{
		const text *purpose = otp_baseline_purpose(rel, lfirst(cell));

		if (counts(rel, snapshot, user, purpose, policy_of(policies, purpose), budget, now))
			return true;
	}
	return false;
}
