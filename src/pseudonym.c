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

#include "core/derive.h"
#include "errors.h"
#include "keyring.h"
#include "pseudonym.h"
#include "store/key.h"
#include "store/permanent.h"
#include "userlock.h"

#define PREFIX		"forgotten:"

int32
otp_pseudonym_key_id(const text *user)
{
	const char *id = text_to_cstring(user);
	int			key_id;
	int			hex;

	if (sscanf(id, PREFIX "%d:%n", &key_id, &hex) != 1 ||
		strspn(id + hex, "0123456789abcdef") != 2 * OTP_PSEUDONYM_SIZE ||
		strlen(id + hex) != 2 * OTP_PSEUDONYM_SIZE)
		return 0;
	return key_id;
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
	return cstring_to_text(psprintf(PREFIX "%d:%s", key->id, hex));
}

/* What a user may be known by, under each data key. */
static List *
pseudonyms_of(const text *user)
{
	Relation	rel = otp_table_open(OTP_TABLE_KEY, NULL, AccessShareLock);
	Snapshot	snapshot = otp_snapshot_now();
	OtpKeyRow  *rows;
	int			count = otp_key_fetch_all(rel, snapshot, &rows);
	List	   *result = NIL;

	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	for (int i = 0; i < count; i++)
		result = lappend(result, make_pseudonym(otp_data_key(rows[i].id), user));
	return result;
}

static void
fetch_now(Relation rel, const text *user, OtpBudgetRow *row)
{
	Snapshot	snapshot = otp_snapshot_now();

	otp_budget_fetch(rel, snapshot, user, row);
	UnregisterSnapshot(snapshot);
}

/* Of all that is kept under the pseudonyms, the last guess decides. */
static void
fetch_forgotten(Relation rel, List *pseudonyms, OtpBudgetRow *last)
{
	ListCell   *cell;

	memset(last, 0, sizeof(*last));
	foreach(cell, pseudonyms)
	{
		OtpBudgetRow row;

		fetch_now(rel, lfirst(cell), &row);
		if (row.exists && (!last->exists || row.budget.last_at > last->budget.last_at))
			*last = row;
	}
}

void
otp_budget_ensure(const text *user, OtpBudgetRow *row)
{
	Relation	rel = otp_table_open(OTP_TABLE_BUDGET, user, RowExclusiveLock);

	fetch_now(rel, user, row);
	if (!row->exists)
	{
		/* Unwrapping a key may run a command and wait: not under the user's lock. */
		List	   *pseudonyms = pseudonyms_of(user);
		OtpBudgetRow forgotten;
		LOCKTAG		lock;

		otp_user_lock(&lock, user);
		fetch_now(rel, user, row);
		fetch_forgotten(rel, pseudonyms, &forgotten);
		if (!row->exists)
			otp_budget_create(rel, user, forgotten.exists ? &forgotten.budget : NULL, row);
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
	const text *pseudonym = make_pseudonym(otp_writing_key(), user);
	TransactionId busy;
	LOCKTAG		lock;
	bool		found;

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
