/*
 * stop.c
 *		The hard stop: after max_consecutive wrong guesses since the last acceptance for a purpose.
 */
#include "compat.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "stop.h"
#include "store/baseline.h"
#include "subtransaction.h"

/* What the rows say that count. */
static void
read_base(OtpStop *stop, Relation rel, const List *rows, const text *purpose,
		  const OtpBudget *budget)
{
	int64		any = OTP_NEVER_CLEARED;
	ListCell   *cell;

	foreach(cell, rows)
	{
		HeapTuple	row = lfirst(cell);

		/*
		 * It may be rolled back, or is a notice, or of a budget that is no more, or of a moment behind that of the budget in a
		 * dump.
		 */
		if (otp_table_is_own(row) || otp_baseline_total(row) < 0 ||
			otp_baseline_total(row) > budget->total)
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

/* What has been announced. */
static void
read_notices(OtpStop *stop, Relation rel, const List *rows, const text *purpose)
{
	ListCell   *cell;

	foreach(cell, rows)
	{
		int64		base;
		OtpNotice	notice = otp_baseline_notice(lfirst(cell), &base);

		if (notice == OTP_NOTICE_NONE ||
			!otp_same_text(otp_baseline_purpose(rel, lfirst(cell)), purpose))
			continue;
		stop->warned |= notice == OTP_NOTICE_WARNED && base == stop->base;
		stop->stopped |= notice == OTP_NOTICE_STOPPED && base == stop->base;
		stop->rows = lappend(stop->rows, lfirst(cell));
	}
}

void
otp_stop_read(OtpStop *stop, Relation rel, const List *rows, const text *purpose,
			  const OtpPolicy *policy, const OtpBudget *budget)
{
	memset(stop, 0, sizeof(*stop));
	stop->max = policy->max_consecutive;
	if (stop->max == 0)
		return;
	read_base(stop, rel, rows, purpose, budget);
	read_notices(stop, rel, rows, purpose);
}

void
otp_stop_load(OtpStop *stop, Relation rel, Snapshot snapshot, const text *user,
			  const text *purpose, const OtpPolicy *policy, const OtpBudget *budget)
{
	List	   *rows = policy->max_consecutive == 0 ? NIL :
		otp_baseline_fetch_all(rel, snapshot, user);

	otp_stop_read(stop, rel, rows, purpose, policy, budget);
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
		if (stop->last != NULL &&
			otp_baseline_total(lfirst(cell)) == otp_baseline_total(stop->last) &&
			otp_table_stays(rel, lfirst(cell)))
			return true;
	return false;
}

bool
otp_stop_is_over(const OtpStop *stop, const OtpPolicy *policy, const OtpBudget *budget,
				 TimestampTz now)
{
	return otp_stop_left(stop, budget) == 0 && otp_stop_until(stop, policy, budget, now) == 0;
}

bool
otp_stop_prepare(OtpStop *stop, Relation rel, const text *user, const text *purpose,
				 const OtpPolicy *policy, const OtpBudget *budget, TimestampTz now)
{
	bool		over = otp_stop_is_over(stop, policy, budget, now);

	if (stop->max == 0 || (!over && has_row(stop, rel)))
		return false;
	if (over)
		stop->base = budget->total;
	otp_baseline_insert(rel, user, purpose, stop->base, true);
	return true;
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
	PG_TRY();
	{
		otp_baseline_insert(rel, user, purpose, stop->base, false);
		foreach(cell, stop->rows)
			if (lfirst(cell) != stop->last)
				otp_table_check_conflict(rel, lfirst(cell));
	}
	PG_CATCH();
	{
		ReThrowError(otp_subtransaction_abort(context, owner));
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	/* Nobody has to have that on disk. */
	XactLastRecEnd = end;
}

OtpNotice
otp_stop_notice(const OtpStop *stop, const OtpPolicy *policy, const OtpBudget *budget,
				bool counted)
{
	int64		consecutive = otp_stop_consecutive(stop, budget);
	int64		warn_at = Max(stop->max - policy->warn_before, 1);

	if (stop->max == 0)
		return OTP_NOTICE_NONE;
	if (consecutive >= stop->max)
		return (counted && consecutive == stop->max) || !stop->stopped ?
			OTP_NOTICE_STOPPED : OTP_NOTICE_NONE;
	if (!counted || policy->warn_before == 0 || consecutive < warn_at)
		return OTP_NOTICE_NONE;
	return consecutive == warn_at || !stop->warned ? OTP_NOTICE_WARNED : OTP_NOTICE_NONE;
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

/* The last one is the default's. */
const OtpPolicy *
otp_stop_policy(const List *policies, const text *purpose)
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

bool
otp_stop_needs_notice(const List *policies, Relation rel, const List *rows, HeapTuple notice,
					  const OtpBudget *budget)
{
	const text *purpose = otp_baseline_purpose(rel, notice);
	OtpStop		stop;
	int64		base;

	otp_stop_read(&stop, rel, rows, purpose, otp_stop_policy(policies, purpose), budget);
	return otp_baseline_notice(notice, &base) != OTP_NOTICE_NONE && stop.max > 0 &&
		base == stop.base;
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
	return otp_stop_consecutive(&stop, budget) > 0 && !otp_stop_is_over(&stop, policy, budget, now);
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

		if (counts(rel, snapshot, user, purpose, otp_stop_policy(policies, purpose), budget, now))
			return true;
	}
	return false;
}
