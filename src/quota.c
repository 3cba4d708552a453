/*
 * quota.c
 *		How many codes may be handed out to a user and to a destination.
 *
 * The window is cut into seven slots, and an eighth has begun: what all eight have counted is at least
 * what was handed out in the window that ends now, so no window of that length sees more than is allowed.
 */
#include "compat.h"

#include "access/table.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "events.h"
#include "quota.h"
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

#define SCOPE_USER			"user"
#define SCOPE_DESTINATION	"destination"

/* the slots of a window but the one that has begun */
#define WHOLE_SLOTS	(OTP_QUOTA_SLOTS - 1)

static int64
sum(const OtpQuota *quota)
{
	int64		issues = 0;

	for (int i = 0; i < OTP_QUOTA_SLOTS; i++)
		issues += quota->issues[i];
	return issues;
}

/* Drops what is older than the window.  A clock that went back drops nothing. */
static void
advance(OtpQuota *quota, TimestampTz now)
{
	int64		slot = now / quota->width;

	for (int i = 0; i < OTP_QUOTA_SLOTS && quota->slot < slot; i++)
		quota->issues[++quota->slot % OTP_QUOTA_SLOTS] = 0;
	quota->slot = Max(quota->slot, slot);
}

/* With a window of another length, all that counted still counts, as of now. */
static void
bring_up_to_date(OtpQuotaRow *row, int64 width, TimestampTz now)
{
	OtpQuota	fresh = {now / width, width};

	if (row->exists)
	{
		advance(&row->quota, now);
		if (row->quota.width == width)
			return;
		fresh.issues[fresh.slot % OTP_QUOTA_SLOTS] = (int32) sum(&row->quota);
	}
	row->quota = fresh;
}

/* When one more could be handed out; 0: now. */
static TimestampTz
next_at(const OtpQuota *quota, int max)
{
	int64		issues = sum(quota);
	int64		slot = quota->slot - WHOLE_SLOTS;

	if (issues < max)
		return 0;
	while ((issues -= quota->issues[slot % OTP_QUOTA_SLOTS]) >= max)
		slot++;
	return (slot + OTP_QUOTA_SLOTS) * quota->width;
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

/* Reads the counts that are not taken yet; the first one that is used up, or NULL. */
static const Count *
read_counts(Relation rel, Count *counts, int n, int64 width, TimestampTz *at)
{
	Snapshot	snapshot = otp_snapshot_now();
	TimestampTz now = GetCurrentTimestamp();
	const Count *full = NULL;

	for (int i = 0; i < n && full == NULL; i++)
	{
		if (counts[i].taken)
			continue;
		otp_quota_fetch(rel, snapshot, &counts[i].key, &counts[i].row);
		bring_up_to_date(&counts[i].row, width, now);
		*at = next_at(&counts[i].row.quota, counts[i].max);
		if (*at != 0)
			full = &counts[i];
	}
	UnregisterSnapshot(snapshot);
	return full;
}

/* Takes one; false if another transaction, *busy, is deleting the row, or has. */
static bool
take(Relation rel, Count *count, TransactionId *busy)
{
	OtpQuota   *quota = &count->row.quota;
	OtpOverwrite overwrite;
	OtpOverwriteState state;

	*busy = InvalidTransactionId;
	quota->issues[quota->slot % OTP_QUOTA_SLOTS]++;
	if (!count->row.exists)
	{
		otp_quota_create(rel, &count->key, quota);
		return count->taken = true;
	}
	state = otp_overwrite_try(&overwrite, rel, &count->row.tid, busy);
	/* What this transaction has changed by hand stays so however often one tries. */
	if (state == OTP_OVERWRITE_OWN)
		otp_overwrite_begin(&overwrite, rel, &count->row.tid);
	if (state != OTP_OVERWRITE_READY)
		return false;
	otp_quota_overwrite(&overwrite, quota);
	return count->taken = true;
}

/* One try under the locks of all subjects, the user's first; true if all are taken. */
static bool
try_to_take(Relation rel, const OtpPolicy *policy, const text *user, const text *purpose,
			Count *counts, int n)
{
	LOCKTAG		locks[COUNTS];
	TransactionId busy = InvalidTransactionId;
	TimestampTz at;
	const Count *full;
	bool		taken = true;

	otp_user_lock(&locks[0], user);
	otp_destination_lock(&locks[1], counts[n - 1].key.subject);
	full = read_counts(rel, counts, n, (policy->issue_window + WHOLE_SLOTS - 1) / WHOLE_SLOTS, &at);
	for (int i = 0; i < n && full == NULL && taken; i++)
		taken = counts[i].taken || take(rel, &counts[i], &busy);
	otp_lock_release(&locks[1]);
	otp_lock_release(&locks[0]);
	if (full != NULL)
		refuse(policy, full, user, purpose, at);
	otp_overwrite_wait(busy);
	return taken;
}

void
otp_quota_take(const OtpPolicy *policy, const text *user, const text *purpose,
			   const text *destination)
{
	Count		counts[COUNTS] = {0};
	int			n = 0;
	Relation	rel;

	if (policy->issues_per_user > 0)
		counts[n++] = (Count) {
			{cstring_to_text(SCOPE_USER), user, purpose}, policy->issues_per_user
		};
	if (policy->issues_per_destination > 0 && destination != NULL)
		counts[n++] = (Count) {
			{cstring_to_text(SCOPE_DESTINATION), destination, purpose}, policy->issues_per_destination
		};
	if (n == 0)
		return;
	rel = otp_table_open(OTP_TABLE_QUOTA, user, RowExclusiveLock);
	while (!try_to_take(rel, policy, user, purpose, counts, n))
		CHECK_FOR_INTERRUPTS();
	table_close(rel, NoLock);
}

/* Has the last slot that has a count left the window? */
static bool
is_over(const OtpQuota *quota, TimestampTz now)
{
	return now / quota->width >= quota->slot + OTP_QUOTA_SLOTS;
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
	if (!is_over(&row.quota, now))
		return false;
	/* Whoever counts holds the subject's lock. */
	if (otp_same_text(key.scope, cstring_to_text(SCOPE_USER)))
		otp_user_lock(&lock, key.subject);
	else
		otp_destination_lock(&lock, key.subject);
	snapshot = otp_snapshot_now();
	otp_quota_fetch(rel, snapshot, &key, &row);
	UnregisterSnapshot(snapshot);
	removed = row.exists && ItemPointerEquals(&row.tid, &tuple->t_self) &&
		is_over(&row.quota, now) && otp_table_remove_if_idle(rel, tuple);
	otp_lock_release(&lock);
	return removed;
}
