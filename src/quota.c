/*
 * quota.c
 *		How many codes and messages may be handed out to a user, to a destination and by a channel, and how
 *		often a code may be sent again.
 */
#include "compat.h"

#include "access/table.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "cool_down.h"
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

/* One of the counts that a code or message is taken from. */
typedef struct Count
{
	OtpQuotaKey key;
	int			max;
	int			amount;			/* how many are taken */
	int64		window;
	const text *channel;		/* NULL: not of a channel */
	bool		taken;
	OtpQuotaRow row;
} Count;

/* of each step of a chain, two of its channel, and one of the policy */
#define COUNTS	(3 * OTP_STEPS_MAX)

/* What is to be handed out, and where it counts. */
typedef struct Taking
{
	const OtpPolicy *policy;
	const text *user;
	const text *purpose;
	Count		counts[COUNTS];
	int			n;
} Taking;

static bool
has_scope(const Count *count, const char *scope)
{
	return otp_same_text(count->key.scope, cstring_to_text(scope));
}

/* What is too many, and by which setting. */
static void
describe(const Taking *taking, const Count *count, const char **message, const char **hint)
{
	const char *scope = text_to_cstring(count->key.scope);
	const char *purpose = text_to_cstring(taking->purpose);

	if (has_scope(count, OTP_QUOTA_OF_PROMPT))
	{
		*message = psprintf("too many prompts have been sent to the user for purpose \"%s\"", purpose);
		*hint = "The limit is prompts_per_user in issue_window, in table \"otp_policy\".";
	}
	else if (count->channel != NULL)
	{
		*message = psprintf("too many messages have been sent to the %s by channel \"%s\"", scope,
							text_to_cstring(count->channel));
		*hint = psprintf("The limit is messages_per_%s in message_window, in table \"otp_channel\".",
						 has_scope(count, OTP_QUOTA_OF_PREFIX) ? "prefix" : "destination");
	}
	else
	{
		*message = psprintf("too many codes have been issued to the %s for purpose \"%s\"", scope, purpose);
		*hint = psprintf("The limit is issues_per_%s in issue_window, in table \"otp_policy\".", scope);
	}
}

static void
refuse(const Taking *taking, const Count *count, TimestampTz at)
{
	const char *message;
	const char *hint;

	if (has_scope(count, OTP_QUOTA_OF_AGAIN))
		otp_cool_down_refuse(taking->policy, taking->user, taking->purpose, at);
	describe(taking, count, &message, &hint);
	otp_event_refused(taking->policy, taking->user, taking->purpose, "too_many");
	ereport(ERROR,
			errcode(ERRCODE_OTP_TOO_MANY),
			errmsg("%s", message),
			errdetail("The next one can be issued at %s.", timestamptz_to_str(at)),
			errhint("%s", hint),
			otp_errprivate());
}

/* Reads a count as of now; false if it may be under a pseudonym, and a data key is not at hand. */
static bool
read_count(Relation rel, Snapshot snapshot, Relation keys, Count *count, int64 window,
		   TimestampTz now)
{
	otp_quota_fetch(rel, snapshot, &count->key, &count->row);
	if (!count->row.exists && otp_quota_is_of_user(count->key.scope) &&
		!otp_quota_fetch_forgotten(rel, snapshot, keys, &count->key, now, &count->row.quota))
		return false;
	otp_window_begin(&count->row.quota, window, now);
	return true;
}

/* Reads the counts that are not taken yet; *full: the first one that is used up.  false as above. */
static bool
read_counts(Relation rel, Relation keys, Taking *taking, const Count **full, TimestampTz *at)
{
	Snapshot	snapshot = otp_snapshot_now();
	TimestampTz now = GetCurrentTimestamp();
	bool		known = true;

	*full = NULL;
	for (int i = 0; i < taking->n && known && *full == NULL; i++)
	{
		Count	   *count = &taking->counts[i];

		if (count->taken)
			continue;
		known = read_count(rel, snapshot, keys, count, count->window, now);
		if (!known)
			break;
		*at = count->amount > count->max ? now + count->window :
			otp_window_next_at(&count->row.quota, count->max - count->amount + 1);
		if (*at != 0)
			*full = count;
	}
	UnregisterSnapshot(snapshot);
	return known;
}

/* Takes one; false if another transaction, *busy, is deleting the row, or has. */
static bool
take(Relation rel, Count *count, TransactionId *busy)
{
	for (int i = 0; i < count->amount; i++)
		otp_window_count(&count->row.quota);
	return count->taken = otp_quota_put(rel, &count->key, &count->row, busy);
}

/* The locks of all subjects, the user's first; returns how many. */
static int
lock_subjects(const Taking *taking, LOCKTAG *locks)
{
	int			n = 0;

	otp_user_lock(&locks[n++], taking->user);
	for (int i = 0; i < taking->n; i++)
		if (!otp_quota_is_of_user(taking->counts[i].key.scope))
			otp_destination_lock(&locks[n++], taking->counts[i].key.subject);
	return n;
}

/* One try under the locks of all subjects; true if all are taken. */
static bool
try_to_take(Relation rel, Relation *keys, Taking *taking)
{
	LOCKTAG		locks[1 + COUNTS];
	int			locked = lock_subjects(taking, locks);
	TransactionId busy = InvalidTransactionId;
	TimestampTz at;
	const Count *full;
	bool		known = read_counts(rel, *keys, taking, &full, &at);
	bool		taken = known && full == NULL;

	for (int i = 0; i < taking->n && taken; i++)
		taken = taking->counts[i].taken || take(rel, &taking->counts[i], &busy);
	while (locked > 0)
		otp_lock_release(&locks[--locked]);
	if (full != NULL)
		refuse(taking, full, at);
	otp_overwrite_wait(busy);
	if (!known)
		otp_pseudonyms_prepare(keys);
	return taken;
}

static bool
is_same_key(const OtpQuotaKey *a, const OtpQuotaKey *b)
{
	return otp_same_text(a->scope, b->scope) && otp_same_text(a->subject, b->subject) &&
		otp_same_text(a->purpose, b->purpose);
}

static void
add_count(Taking *taking, const Count *count)
{
	if (count->max == 0)
		return;
	for (int i = 0; i < taking->n; i++)
		if (is_same_key(&taking->counts[i].key, &count->key))
		{
			taking->counts[i].amount++;
			return;
		}
	taking->counts[taking->n] = *count;
	taking->counts[taking->n++].amount = 1;
}

static void
add_policy_count(Taking *taking, const char *scope, const text *subject, int max, int64 window)
{
	add_count(taking, &(Count) {{cstring_to_text(scope), subject, taking->purpose}, max, 1, window});
}

static void
add_channel_count(Taking *taking, const char *scope, const text *subject, int max,
				  const OtpChannelCaps *caps)
{
	add_count(taking, &(Count) {{cstring_to_text(scope), subject, caps->channel}, max, 1, caps->window,
								caps->channel});
}

/* By subject: whoever takes the locks of several takes them in one order. */
static int
compare_counts(const void *a, const void *b)
{
	const text *x = ((const Count *) a)->key.subject;
	const text *y = ((const Count *) b)->key.subject;
	int			n = Min(VARSIZE_ANY_EXHDR(x), VARSIZE_ANY_EXHDR(y));
	int			order = memcmp(VARDATA_ANY(x), VARDATA_ANY(y), n);

	return order != 0 ? order : (int) VARSIZE_ANY_EXHDR(x) - (int) VARSIZE_ANY_EXHDR(y);
}

static void
take_all(Taking *taking)
{
	Relation	rel;
	Relation	keys = NULL;

	if (taking->n == 0)
		return;
	rel = otp_table_open(OTP_TABLE_QUOTA, taking->user, RowExclusiveLock);
	while (!try_to_take(rel, &keys, taking))
		CHECK_FOR_INTERRUPTS();
	otp_pseudonyms_end(keys);
	table_close(rel, NoLock);
}

void
otp_quota_take(const OtpPolicy *policy, const text *user, const text *purpose,
			   const text *destination)
{
	Taking		taking = {policy, user, purpose};

	add_policy_count(&taking, OTP_QUOTA_OF_USER, user, policy->issues_per_user, policy->issue_window);
	if (destination != NULL)
		add_policy_count(&taking, OTP_QUOTA_OF_DESTINATION, destination, policy->issues_per_destination,
						 policy->issue_window);
	take_all(&taking);
}

void
otp_quota_take_prompt(const OtpPolicy *policy, const text *user, const text *purpose)
{
	Taking		taking = {policy, user, purpose};

	add_policy_count(&taking, OTP_QUOTA_OF_PROMPT, user, policy->prompts_per_user, policy->issue_window);
	take_all(&taking);
}

void
otp_quota_take_again(const OtpPolicy *policy, const text *user, const text *purpose)
{
	Taking		taking = {policy, user, purpose};

	if (policy->cool_down > 0)
		add_policy_count(&taking, OTP_QUOTA_OF_AGAIN, user, 1, policy->cool_down);
	take_all(&taking);
}

/* The first characters, or all if there are fewer; a destination is ASCII. */
static const text *
prefix_of(const text *destination, int length)
{
	return cstring_to_text_with_len(VARDATA_ANY(destination), Min(length, (int) VARSIZE_ANY_EXHDR(destination)));
}

void
otp_quota_take_messages(const OtpPolicy *policy, const text *user, const text *purpose,
						const OtpChannelCaps *caps, int n)
{
	Taking		taking = {policy, user, purpose};

	for (int i = 0; i < n; i++)
	{
		const text *destination = caps[i].destination;

		add_channel_count(&taking, OTP_QUOTA_OF_RECIPIENT, destination, caps[i].per_destination, &caps[i]);
		add_channel_count(&taking, OTP_QUOTA_OF_PREFIX, prefix_of(destination, caps[i].prefix_length),
						  caps[i].per_prefix, &caps[i]);
		/* The first one's was counted with the code. */
		if (i > 0)
			add_policy_count(&taking, OTP_QUOTA_OF_DESTINATION, destination, policy->issues_per_destination,
							 policy->issue_window);
	}
	qsort(taking.counts, taking.n, sizeof(Count), compare_counts);
	take_all(&taking);
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
	if (otp_quota_is_of_user(key.scope))
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
