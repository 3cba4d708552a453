/*
 * quota.c
 *		How many codes may be handed out to a user and to a destination.
 */
#include "compat.h"

#include "access/table.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "events.h"
#include "forgotten_quota.h"
#include "issue_window.h"
#include "pseudonym.h"
#include "quota.h"
#include "store/permanent.h"
#include "store/quota.h"
#include "store/relation.h"
#include "store/write.h"
#include "userlock.h"

/* One of the counts that a code is taken from. */
typedef struct Count
{
	OtpQuotaKey key;
	int			max;
	bool		taken;
	OtpQuotaRow row;
} Count;

#define COUNTS	2

static bool
is_of_user(const OtpQuotaKey *key)
{
	return otp_same_text(key->scope, cstring_to_text(OTP_QUOTA_OF_USER));
}

static void
refuse(const OtpPolicy *policy, const Count *count, const text *user, const text *purpose,
	   TimestampTz at)
{
	otp_event_refused(policy, user, purpose, "too_many");
	ereport(ERROR,
			errcode(ERRCODE_OTP_TOO_MANY),
			errmsg("too many codes have been issued to the %s for purpose \"%s\"",
				   text_to_cstring(count->key.scope), text_to_cstring(purpose)),
			errdetail("The next one can be issued at %s.", timestamptz_to_str(at)),
			errhint("The limit is issues_per_%s in issue_window, in table \"otp_policy\".",
					text_to_cstring(count->key.scope)),
			otp_errprivate());
}

/* Reads a count as of now; false if it may be under a pseudonym, and a data key is not at hand. */
static bool
read_count(Relation rel, Snapshot snapshot, Relation keys, Count *count, int64 window,
		   TimestampTz now)
{
	otp_quota_fetch(rel, snapshot, &count->key, &count->row);
	if (!count->row.exists && is_of_user(&count->key) &&
		!otp_quota_fetch_forgotten(rel, snapshot, keys, &count->key, now, &count->row.quota))
		return false;
	otp_window_begin(&count->row.quota, window, now);
	return true;
}

/* Reads the counts that are not taken yet; *full: the first one that is used up.  false as above. */
static bool
read_counts(Relation rel, Relation keys, Count *counts, int n, int64 window, const Count **full,
			TimestampTz *at)
{
	Snapshot	snapshot = otp_snapshot_now();
	TimestampTz now = GetCurrentTimestamp();
	bool		known = true;

	*full = NULL;
	for (int i = 0; i < n && known && *full == NULL; i++)
	{
		if (counts[i].taken)
			continue;
		known = read_count(rel, snapshot, keys, &counts[i], window, now);
		if (!known)
			break;
		*at = otp_window_next_at(&counts[i].row.quota, counts[i].max);
		if (*at != 0)
			*full = &counts[i];
	}
	UnregisterSnapshot(snapshot);
	return known;
}

/* Takes one; false if another transaction, *busy, is deleting the row, or has. */
static bool
take(Relation rel, Count *count, TransactionId *busy)
{
	otp_window_count(&count->row.quota);
	return count->taken = otp_quota_put(rel, &count->key, &count->row, busy);
}

/* One try under the locks of all subjects, the user's first; true if all are taken. */
static bool
try_to_take(Relation rel, Relation *keys, const OtpPolicy *policy, const text *user,
			const text *purpose, Count *counts, int n)
{
	LOCKTAG		locks[COUNTS];
	TransactionId busy = InvalidTransactionId;
	TimestampTz at;
	const Count *full;
	bool		known;
	bool		taken;

	otp_user_lock(&locks[0], user);
	otp_destination_lock(&locks[1], counts[n - 1].key.subject);
	known = read_counts(rel, *keys, counts, n, policy->issue_window, &full, &at);
	taken = known && full == NULL;
	for (int i = 0; i < n && taken; i++)
		taken = counts[i].taken || take(rel, &counts[i], &busy);
	otp_lock_release(&locks[1]);
	otp_lock_release(&locks[0]);
	if (full != NULL)
		refuse(policy, full, user, purpose, at);
	otp_overwrite_wait(busy);
	if (!known)
		otp_pseudonyms_prepare(keys);
	return taken;
}

void
otp_quota_take(const OtpPolicy *policy, const text *user, const text *purpose,
			   const text *destination)
{
	Count		counts[COUNTS] = {0};
	int			n = 0;
	Relation	rel;
	Relation	keys = NULL;

	if (policy->issues_per_user > 0)
		counts[n++] = (Count) {
			{cstring_to_text(OTP_QUOTA_OF_USER), user, purpose}, policy->issues_per_user
		};
	if (policy->issues_per_destination > 0 && destination != NULL)
		counts[n++] = (Count) {
			{cstring_to_text(OTP_QUOTA_OF_DESTINATION), destination, purpose},
			policy->issues_per_destination
		};
	if (n == 0)
		return;
	rel = otp_table_open(OTP_TABLE_QUOTA, user, RowExclusiveLock);
	while (!try_to_take(rel, &keys, policy, user, purpose, counts, n))
		CHECK_FOR_INTERRUPTS();
	otp_pseudonyms_end(keys);
	table_close(rel, NoLock);
}

bool
otp_quota_remove_if_over(Relation rel, HeapTuple tuple, TimestampTz now)
{
	OtpQuotaKey key = otp_quota_key(rel, tuple);
	OtpQuotaRow row;
	Snapshot	snapshot;
	LOCKTAG		lock;
	bool		removed;

	otp_quota_read(tuple, &row.quota);
	if (!otp_window_is_over(&row.quota, now))
		return false;
	/* Whoever counts holds the subject's lock. */
	if (is_of_user(&key))
		otp_user_lock(&lock, key.subject);
	else
		otp_destination_lock(&lock, key.subject);
	snapshot = otp_snapshot_now();
	otp_quota_fetch(rel, snapshot, &key, &row);
	UnregisterSnapshot(snapshot);
	removed = row.exists && ItemPointerEquals(&row.tid, &tuple->t_self) &&
		otp_window_is_over(&row.quota, now) && otp_table_remove_if_idle(rel, tuple);
	otp_lock_release(&lock);
	return removed;
}
