/*
 * forgotten_quota.c
 *		How many codes were handed out to a user who has been forgotten.
 */
#include "compat.h"

#include "access/table.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "forgotten_quota.h"
#include "issue_window.h"
#include "pseudonym.h"
#include "store/permanent.h"
#include "store/relation.h"
#include "userlock.h"

/* Whoever goes on with a count has all that it says, and more: of several, the greatest is the last one. */
bool
otp_quota_fetch_forgotten(Relation rel, Snapshot snapshot, Relation keys, const OtpQuotaKey *key,
						  TimestampTz now, OtpQuota *quota)
{
	List	   *pseudonyms;
	ListCell   *cell;

	memset(quota, 0, sizeof(*quota));
	if (keys == NULL || !otp_pseudonyms_list(keys, key->subject, &pseudonyms))
		return false;
	foreach(cell, pseudonyms)
	{
		OtpQuotaKey forgotten = {key->scope, lfirst(cell), key->purpose};
		OtpQuotaRow row;

		otp_quota_fetch(rel, snapshot, &forgotten, &row);
		if (!row.exists)
			continue;
		otp_window_advance(&row.quota, now);
		if (otp_window_sum(&row.quota) > otp_window_sum(quota))
			*quota = row.quota;
	}
	return true;
}

/*
 * One try; false if a transaction is deleting the row, *busy, or has.  The lock of the pseudonym is for those who do not
 * know whose it is.
 */
static bool
try_to_keep(Relation rel, const OtpQuotaKey *key, const OtpQuota *quota, TransactionId *busy)
{
	Snapshot	snapshot;
	OtpQuotaRow row;
	LOCKTAG		lock;
	bool		kept;

	otp_user_lock(&lock, key->subject);
	snapshot = otp_snapshot_now();
	otp_quota_fetch(rel, snapshot, key, &row);
	UnregisterSnapshot(snapshot);
	row.quota = *quota;
	kept = otp_quota_put(rel, key, &row, busy);
	otp_lock_release(&lock);
	return kept;
}

/*
 * A row that is being deleted is not overwritten any more, so what it says is all that it will.  Until the deletion has
 * committed, whoever counts waits for that.
 */
static void
keep(Relation rel, HeapTuple tuple, void *arg)
{
	OtpQuotaKey key = otp_quota_key(rel, tuple);
	OtpQuota	quota;
	TransactionId busy = InvalidTransactionId;
	bool		kept = false;

	otp_quota_read(tuple, &quota);
	if (otp_window_is_over(&quota, GetCurrentTimestamp()))
		return;
	key.subject = arg;
	while (!kept)
	{
		CHECK_FOR_INTERRUPTS();
		otp_overwrite_wait(busy);
		kept = try_to_keep(rel, &key, &quota, &busy);
	}
}

int64
otp_quota_forget(const text *user, const text *pseudonym)
{
	Relation	rel = otp_table_open(OTP_TABLE_QUOTA, user, RowExclusiveLock);
	int64		removed = otp_quota_remove_each(rel, user, keep, (void *) pseudonym);

	table_close(rel, NoLock);
	return removed;
}
