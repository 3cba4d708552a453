/*
 * leftover.c
 *		Budgets and baselines that no limit needs any more.
 *
 * What is deleted here is looked at twice: once as it stands, so that those who need it are spared the lock, and once more
 * under the user's lock, which all hold who count a guess, give the user the first thing that a guess could be aimed
 * at, or delete his budget themselves.
 */
#include "compat.h"

#include "access/table.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "errors.h"
#include "leftover.h"
#include "otp_limits.h"
#include "stop.h"
#include "store/baseline.h"
#include "store/challenge.h"
#include "store/credential.h"
#include "store/recovery.h"
#include "userlock.h"

void
otp_leftovers_open(OtpLeftovers *leftovers)
{
	OtpPolicy	policy;

	otp_policy_get(cstring_to_text(OTP_PURPOSE_DEFAULT), &policy, &leftovers->limits);
	leftovers->policies = otp_stop_policies();
	leftovers->challenges = otp_table_open(OTP_TABLE_CHALLENGE, NULL, AccessShareLock);
	leftovers->credentials = otp_table_open(OTP_TABLE_CREDENTIAL, NULL, AccessShareLock);
	leftovers->recoveries = otp_table_open(OTP_TABLE_RECOVERY, NULL, AccessShareLock);
	leftovers->baselines = otp_table_open(OTP_TABLE_BASELINE, NULL, RowExclusiveLock);
	leftovers->budgets = otp_table_open(OTP_TABLE_BUDGET, NULL, RowExclusiveLock);
}

void
otp_leftovers_close(OtpLeftovers *leftovers)
{
	table_close(leftovers->budgets, NoLock);
	table_close(leftovers->baselines, NoLock);
	table_close(leftovers->recoveries, NoLock);
	table_close(leftovers->credentials, NoLock);
	table_close(leftovers->challenges, NoLock);
}

/* Has the user anything that a guess could be aimed at, or could be once it is brought up again? */
static bool
has_aim(const OtpLeftovers *leftovers, Snapshot snapshot, const text *user)
{
	return otp_challenge_any(leftovers->challenges, snapshot, user) ||
		otp_credential_any(leftovers->credentials, snapshot, user) ||
		otp_recovery_any(leftovers->recoveries, snapshot, user);
}

/* Does a wrong guess of the user count, for a delay, toward one, or toward a stop? */
static bool
counts(const OtpLeftovers *leftovers, Snapshot snapshot, const text *user, const List *baselines,
	   const OtpBudget *budget)
{
	return budget->last_at > leftovers->before ||
		otp_limits_level(budget, &leftovers->limits, leftovers->now) > 0 ||
		otp_limits_retry_at(budget, &leftovers->limits, leftovers->now) != 0 ||
		otp_stop_counts(leftovers->policies, leftovers->baselines, snapshot, user, baselines,
						budget, leftovers->now);
}

/* Would each be deleted?  And are they all there are, also of what others have not committed yet? */
static bool
are_idle(const OtpLeftovers *leftovers, const text *user, List *baselines)
{
	SnapshotData dirty;
	ListCell   *cell;

	InitDirtySnapshot(dirty);
	foreach(cell, baselines)
		if (!otp_table_is_idle(leftovers->baselines, lfirst(cell)))
			return false;
	return list_length(otp_baseline_fetch_all(leftovers->baselines, &dirty, user)) ==
		list_length(baselines);
}

/*
 * Does nothing need the budget of the user?  Then *baselines are those that go with it.
 *
 * Uncommitted rows are looked for first: what is committed and replaced while that goes on is in the snapshot that is taken
 * after it.
 */
static bool
is_unneeded(const OtpLeftovers *leftovers, const text *user, List **baselines)
{
	SnapshotData dirty;
	Snapshot	snapshot;
	OtpBudgetRow row;
	bool		unneeded;

	InitDirtySnapshot(dirty);
	if (has_aim(leftovers, &dirty, user))
		return false;
	snapshot = otp_snapshot_now();
	otp_budget_fetch(leftovers->budgets, snapshot, user, &row);
	*baselines = otp_baseline_fetch_all(leftovers->baselines, snapshot, user);
	unneeded = row.exists && !has_aim(leftovers, snapshot, user) &&
		!counts(leftovers, snapshot, user, *baselines, &row.budget) &&
		are_idle(leftovers, user, *baselines);
	UnregisterSnapshot(snapshot);
	return unneeded;
}

/* Deletes them all or none; the caller holds the user's lock and has seen that they are idle. */
static int64
remove_together(const OtpLeftovers *leftovers, HeapTuple budget, List *baselines)
{
	ListCell   *cell;

	if (!otp_table_remove_if_idle(leftovers->budgets, budget))
		return 0;
	foreach(cell, baselines)
		if (!otp_table_remove_if_idle(leftovers->baselines, lfirst(cell)))
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_IN_USE),
					errmsg("a row of table \"%s\" has just been locked by a transaction",
						   RelationGetRelationName(leftovers->baselines)),
					errhint("Try again."),
					otp_errprivate());
	return 1 + list_length(baselines);
}

int64
otp_leftovers_remove_budget(const OtpLeftovers *leftovers, HeapTuple budget, int64 max)
{
	HeapTuple	copy = heap_copytuple(budget);
	const text *user = otp_budget_user(copy);
	List	   *baselines;
	int64		removed = 0;
	LOCKTAG		lock;

	if (!is_unneeded(leftovers, user, &baselines))
		return 0;
	otp_user_lock(&lock, user);
	if (is_unneeded(leftovers, user, &baselines) && list_length(baselines) < max)
		removed = remove_together(leftovers, copy, baselines);
	otp_lock_release(&lock);
	return removed;
}

/*
 * Is there another row of the same purpose, among the user's, that says at least as much?  Those beyond the budget's
 * total count for nothing.
 */
static bool
is_outdone(Relation rel, const List *rows, HeapTuple baseline, int64 total)
{
	const text *purpose = otp_baseline_purpose(rel, baseline);
	ListCell   *cell;

	foreach(cell, rows)
	{
		HeapTuple	other = lfirst(cell);
		int64		more = otp_baseline_total(other) - otp_baseline_total(baseline);

		/* Of equal ones the last in the table stays. */
		if (otp_baseline_total(other) <= total &&
			(more > 0 ||
			 (more == 0 && ItemPointerCompare(&other->t_self, &baseline->t_self) > 0)) &&
			otp_same_text(otp_baseline_purpose(rel, other), purpose))
			return true;
	}
	return false;
}

/* By this row, which is no notice, or by the budget, does no wrong guess count for its purpose? */
static bool
clears_all(HeapTuple baseline, const OtpBudget *budget)
{
	return otp_baseline_total(baseline) >= 0 && otp_baseline_total(baseline) <= budget->total &&
		Max(otp_baseline_total(baseline), budget->cleared_total) == budget->total;
}

static bool
is_only_one(Relation rel, const List *rows, HeapTuple baseline)
{
	const text *purpose = otp_baseline_purpose(rel, baseline);
	ListCell   *cell;

	foreach(cell, rows)
	{
		HeapTuple	other = lfirst(cell);

		if (!ItemPointerEquals(&other->t_self, &baseline->t_self) &&
			otp_same_text(otp_baseline_purpose(rel, other), purpose))
			return false;
	}
	return true;
}

/*
 * Is the purpose as one that was never guessed at, and would be so without its only row, because another row says the
 * same of all purposes that have none?  The next guess at it makes a row before it counts, so what is accepted for another
 * purpose does not clear it.  While a wrong guess counts, it might have been at this purpose, and the row stays.
 *
 * `all`: with those that are not committed; `rows`: without.
 */
static bool
is_as_none(Relation rel, const List *all, const List *rows, HeapTuple baseline,
		   const OtpBudget *budget)
{
	bool		committed = false;
	bool		followed = false;
	ListCell   *cell;

	if (!clears_all(baseline, budget) || !is_only_one(rel, all, baseline))
		return false;
	foreach(cell, rows)
	{
		HeapTuple	other = lfirst(cell);
		int32		order = ItemPointerCompare(&other->t_self, &baseline->t_self);

		committed |= order == 0;
		/* Of all these the last in the table stays. */
		followed |= order > 0 && clears_all(other, budget);
	}
	return committed && followed;
}

/*
 * As it is now; what is not committed is looked for first, as in is_unneeded().  The last row of a purpose has an effect even if
 * the budget's cleared_total is greater, once a guess has been wrong since: without any, the purpose would follow what is
 * accepted for others.
 */
static bool
is_without_effect(const OtpLeftovers *leftovers, const text *user, HeapTuple baseline)
{
	Relation	rel = leftovers->baselines;
	SnapshotData dirty;
	Snapshot	snapshot;
	OtpBudgetRow row;
	List	   *all;
	List	   *rows;
	int64		base;

	InitDirtySnapshot(dirty);
	all = otp_baseline_fetch_all(rel, &dirty, user);
	snapshot = otp_snapshot_now();
	rows = otp_baseline_fetch_committed(rel, snapshot, user);
	otp_budget_fetch(leftovers->budgets, snapshot, user, &row);
	UnregisterSnapshot(snapshot);
	if (!row.exists)
		return true;
	if (otp_baseline_notice(baseline, &base) != OTP_NOTICE_NONE)
		return !otp_stop_needs_notice(leftovers->policies, rel, all, baseline, &row.budget);
	return is_outdone(rel, rows, baseline, row.budget.total) ||
		is_as_none(rel, all, rows, baseline, &row.budget);
}

bool
otp_leftovers_remove_baseline(const OtpLeftovers *leftovers, HeapTuple baseline)
{
	HeapTuple	copy = heap_copytuple(baseline);
	const text *user = otp_baseline_user(leftovers->baselines, copy);
	LOCKTAG		lock;
	bool		removed;

	if (!is_without_effect(leftovers, user, copy))
		return false;
	otp_user_lock(&lock, user);
	removed = is_without_effect(leftovers, user, copy) &&
		otp_table_remove_if_idle(leftovers->baselines, copy);
	otp_lock_release(&lock);
	return removed;
}
