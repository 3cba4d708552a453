/*
 * forgotten_budget.c
 *		The budget of a user who is new, or has been forgotten.
 */
#include "compat.h"

#include "access/table.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/snapmgr.h"

#include "forgotten_budget.h"
#include "pseudonym.h"
#include "store/baseline.h"
#include "store/permanent.h"
#include "userlock.h"

static void
fetch_now(Relation rel, const text *user, OtpBudgetRow *row)
{
	Snapshot	snapshot = otp_snapshot_now();

	otp_budget_fetch(rel, snapshot, user, row);
	UnregisterSnapshot(snapshot);
}

/*
 * Of all that is kept under the user's pseudonyms, the last guess decides.  false if a data key is not
 * at hand.
 */
static bool
fetch_forgotten(Relation rel, Relation keys, const text *user, OtpBudgetRow *last)
{
	List	   *pseudonyms;
	ListCell   *cell;

	memset(last, 0, sizeof(*last));
	if (!otp_pseudonyms_list(keys, user, &pseudonyms))
		return false;
	foreach(cell, pseudonyms)
	{
		OtpBudgetRow row;

		fetch_now(rel, lfirst(cell), &row);
		if (row.exists && (!last->exists || row.budget.last_at > last->budget.last_at))
			*last = row;
	}
	return true;
}

bool
otp_budget_make(Relation rel, Relation keys, const text *user, OtpBudgetRow *row)
{
	OtpBudgetRow forgotten;

	if (!fetch_forgotten(rel, keys, user, &forgotten))
		return false;
	otp_budget_create(rel, user, forgotten.exists ? &forgotten.budget : NULL, row);
	return true;
}

/* The row if there is one; false if a transaction is deleting it, *busy, or has. */
static bool
fetch_staying(Relation rel, const text *user, OtpBudgetRow *row, TransactionId *busy)
{
	Snapshot	snapshot = otp_snapshot_now();
	bool		stays;

	*busy = InvalidTransactionId;
	otp_budget_fetch(rel, snapshot, user, row);
	stays = !row->exists || otp_budget_stays(rel, row, busy);
	UnregisterSnapshot(snapshot);
	return stays;
}

void
otp_budget_ensure(const text *user, OtpBudgetRow *row)
{
	Relation	rel = otp_table_open(OTP_TABLE_BUDGET, user, RowExclusiveLock);
	Relation	keys = NULL;
	TransactionId busy;
	bool		stays = fetch_staying(rel, user, row, &busy);

	while (!stays || !row->exists)
	{
		LOCKTAG		lock;

		CHECK_FOR_INTERRUPTS();
		otp_overwrite_wait(busy);
		otp_pseudonyms_prepare(&keys);
		otp_user_lock(&lock, user);
		stays = fetch_staying(rel, user, row, &busy);
		if (stays && !row->exists)
			(void) otp_budget_make(rel, keys, user, row);
		otp_lock_release(&lock);
	}
	otp_pseudonyms_end(keys);
	table_close(rel, NoLock);
}

/*
 * Writes the counts into the pseudonym's row; false if a transaction is deleting it, *busy, or has.  The caller holds the
 * user's lock; that of the pseudonym is for those who do not know whose it is.
 */
static bool
keep_counts(Relation rel, const text *pseudonym, const OtpBudget *counts, TransactionId *busy)
{
	OtpBudgetRow row;
	OtpOverwrite overwrite;
	LOCKTAG		lock;
	bool		stays;

	otp_user_lock(&lock, pseudonym);
	stays = fetch_staying(rel, pseudonym, &row, busy);
	if (stays && !row.exists)
		otp_budget_create(rel, pseudonym, counts, &row);
	else if (stays)
	{
		otp_overwrite_begin(&overwrite, rel, &row.tid);
		otp_budget_replace(&overwrite, counts);
	}
	otp_lock_release(&lock);
	return stays;
}

/*
 * From where the consecutive wrong guesses count that are the most, of all purposes: that is what counts of all of them
 * from now on.
 */
static int64
least_baseline(const text *user, Snapshot snapshot, const OtpBudget *budget)
{
	Relation	rel = otp_table_open(OTP_TABLE_BASELINE, user, AccessShareLock);
	List	   *rows = otp_baseline_fetch_committed(rel, snapshot, user);
	int64		least = PG_INT64_MAX;
	const text *last = NULL;
	int64		greatest = 0;
	ListCell   *cell;

	/* in the order of purposes, of each of which the greatest total counts */
	foreach(cell, rows)
	{
		const text *purpose = otp_baseline_purpose(rel, lfirst(cell));

		if (last != NULL && !otp_same_text(last, purpose))
		{
			least = Min(least, greatest);
			greatest = 0;
		}
		greatest = Max(greatest, otp_baseline_total(lfirst(cell)));
		last = purpose;
	}
	table_close(rel, NoLock);
	return last == NULL ? budget->cleared_total : Max(Min(least, greatest), budget->cleared_total);
}

/* One try, under the user's lock; false if a transaction is deleting a row that this takes, *busy, or has. */
static bool
try_to_forget(Relation rel, const text *user, const text *pseudonym, bool *found,
			  TransactionId *busy)
{
	Snapshot	snapshot = otp_snapshot_now();
	OtpBudgetRow row;
	bool		done = true;

	otp_budget_fetch(rel, snapshot, user, &row);
	*found = row.exists;
	if (row.exists)
	{
		done = otp_budget_stays(rel, &row, busy);
		if (done)
			row.budget.cleared_total = least_baseline(user, snapshot, &row.budget);
		if (done && row.budget.total > 0)
			done = keep_counts(rel, pseudonym, &row.budget, busy);
		if (done && otp_budget_remove(rel, snapshot, user) != OTP_UPDATED)
			elog(ERROR, "a row of table \"otp_budget\" was changed by someone else");
	}
	UnregisterSnapshot(snapshot);
	return done;
}

bool
otp_budget_forget(const text *user, const text *pseudonym)
{
	Relation	rel = otp_table_open(OTP_TABLE_BUDGET, user, RowExclusiveLock);
	TransactionId busy = InvalidTransactionId;
	LOCKTAG		lock;
	bool		found;
	bool		done;

	do
	{
		CHECK_FOR_INTERRUPTS();
		otp_overwrite_wait(busy);
		otp_user_lock(&lock, user);
		done = try_to_forget(rel, user, pseudonym, &found, &busy);
		otp_lock_release(&lock);
	} while (!done);
	table_close(rel, NoLock);
	return found;
}
