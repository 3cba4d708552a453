/*
 * pseudonym.c
 *		The budget of a user who is new, or has been forgotten.
 */
#include "compat.h"

#include "access/table.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "args.h"
#include "core/derive.h"
#include "errors.h"
#include "keyring.h"
#include "pseudonym.h"
#include "store/baseline.h"
#include "store/key.h"
#include "store/permanent.h"
#include "userlock.h"

int32
otp_pseudonym_key_id(const text *user)
{
	const char *id = text_to_cstring(user);
	char	   *end;
	long		key_id;

	/* No user has such an id: see args.c. */
	if (strncmp(id, OTP_PSEUDONYM_PREFIX, strlen(OTP_PSEUDONYM_PREFIX)) != 0)
		return 0;
	errno = 0;
	key_id = strtol(id + strlen(OTP_PSEUDONYM_PREFIX), &end, 10);
	return errno == 0 && *end == ':' && key_id > 0 && key_id <= PG_INT32_MAX ? (int32) key_id : 0;
}

static text *
make_pseudonym(const OtpDataKey *key, const text *user)
{
	OtpBytes	bytes = {VARDATA_ANY(user), VARSIZE_ANY_EXHDR(user)};
	uint8		pseudonym[OTP_PSEUDONYM_SIZE];
	char		hex[2 * OTP_PSEUDONYM_SIZE + 1];

	if (!otp_derive_pseudonym(key->derive, bytes, pseudonym))
		otp_openssl_error("derive a pseudonym");
	hex_encode((const char *) pseudonym, sizeof(pseudonym), hex);
	hex[sizeof(hex) - 1] = '\0';
	return cstring_to_text(psprintf(OTP_PSEUDONYM_PREFIX "%d:%s", key->id, hex));
}

/* The data keys under which a user may be known; returns how many, and *ids. */
static int
fetch_key_ids(int32 **ids)
{
	Relation	rel = otp_table_open(OTP_TABLE_KEY, NULL, AccessShareLock);
	Snapshot	snapshot = otp_snapshot_now();
	OtpKeyRow  *rows;
	int			count = otp_key_fetch_all(rel, snapshot, &rows);

	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	*ids = palloc(count * sizeof(int32));
	for (int i = 0; i < count; i++)
		(*ids)[i] = rows[i].id;
	return count;
}

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
fetch_forgotten(Relation rel, const text *user, OtpBudgetRow *last)
{
	int32	   *ids;
	int			count = fetch_key_ids(&ids);

	memset(last, 0, sizeof(*last));
	for (int i = 0; i < count; i++)
	{
		const OtpDataKey *key = otp_data_key_at_hand(ids[i]);
		OtpBudgetRow row;

		if (key == NULL)
			return false;
		fetch_now(rel, make_pseudonym(key, user), &row);
		if (row.exists && (!last->exists || row.budget.last_at > last->budget.last_at))
			*last = row;
	}
	return true;
}

bool
otp_budget_make(Relation rel, const text *user, OtpBudgetRow *row)
{
	OtpBudgetRow forgotten;

	if (!fetch_forgotten(rel, user, &forgotten))
		return false;
	otp_budget_create(rel, user, forgotten.exists ? &forgotten.budget : NULL, row);
	return true;
}

void
otp_budget_ensure(const text *user, OtpBudgetRow *row)
{
	Relation	rel = otp_table_open(OTP_TABLE_BUDGET, user, RowExclusiveLock);

	fetch_now(rel, user, row);
	while (!row->exists)
	{
		int32	   *ids;
		int			count = fetch_key_ids(&ids);
		LOCKTAG		lock;

		CHECK_FOR_INTERRUPTS();
		/* Unwrapping a key may run a command and wait: not under the user's lock. */
		otp_data_keys_fetch(ids, count);
		otp_user_lock(&lock, user);
		fetch_now(rel, user, row);
		if (!row->exists)
			(void) otp_budget_make(rel, user, row);
		otp_lock_release(&lock);
	}
	table_close(rel, NoLock);
}

/* Writes the counts into the pseudonym's row; the caller holds the user's lock. */
static void
keep_counts(Relation rel, const text *pseudonym, const OtpBudget *counts)
{
	OtpBudgetRow row;
	OtpOverwrite overwrite;

	fetch_now(rel, pseudonym, &row);
	if (!row.exists)
	{
		otp_budget_create(rel, pseudonym, counts, &row);
		return;
	}
	otp_overwrite_begin(&overwrite, rel, &row.tid);
	otp_budget_replace(&overwrite, counts);
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

/*
 * One try, under the user's lock; *busy: the transaction that is deleting the row and has to end first.
 */
static bool
try_to_forget(Relation rel, const text *user, const text *pseudonym, TransactionId *busy)
{
	Snapshot	snapshot = otp_snapshot_now();
	OtpBudgetRow row;
	OtpOverwrite overwrite;
	OtpOverwriteState state;

	*busy = InvalidTransactionId;
	otp_budget_fetch(rel, snapshot, user, &row);
	if (row.exists)
	{
		state = otp_overwrite_try(&overwrite, rel, &row.tid, busy);
		if (state == OTP_OVERWRITE_READY)
		{
			otp_overwrite_abort(&overwrite);
			row.budget.cleared_total = least_baseline(user, snapshot, &row.budget);
			if (row.budget.total > 0)
				keep_counts(rel, pseudonym, &row.budget);
			if (otp_budget_remove(rel, snapshot, user) != OTP_UPDATED)
				elog(ERROR, "a row of table \"otp_budget\" was changed by someone else");
		}
	}
	UnregisterSnapshot(snapshot);
	return row.exists;
}

bool
otp_budget_forget(const text *user)
{
	Relation	rel = otp_table_open(OTP_TABLE_BUDGET, user, RowExclusiveLock);
	int32		key_id = otp_writing_key()->id;
	const text *pseudonym;
	TransactionId busy;
	LOCKTAG		lock;
	bool		found;

	otp_key_check_committed(key_id);
	pseudonym = make_pseudonym(otp_data_key(key_id), user);
	do
	{
		CHECK_FOR_INTERRUPTS();
		otp_user_lock(&lock, user);
		found = try_to_forget(rel, user, pseudonym, &busy);
		otp_lock_release(&lock);
		if (TransactionIdIsValid(busy))
			XactLockTableWait(busy, NULL, NULL, XLTW_None);
	} while (TransactionIdIsValid(busy));
	table_close(rel, NoLock);
	return found;
}
