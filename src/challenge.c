/*
 * challenge.c
 *		The issued code of a user and purpose: how one is made, and which is live.
 */
#include "compat.h"

#include "access/table.h"
#include "access/transam.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "challenge.h"
#include "cool_down.h"
#include "core/secure.h"
#include "errors.h"
#include "events.h"
#include "forgotten_budget.h"
#include "keyring.h"
#include "otp_limits.h"
#include "pseudonym.h"
#include "quota.h"
#include "store/budget.h"
#include "store/permanent.h"
#include "userlock.h"

/* nonces that are made at once */
#define NONCE_STOCK	64

static OtpBytes
bytes_of(const text *value)
{
	OtpBytes	bytes = {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};

	return bytes;
}

void
otp_challenge_bind(OtpBinding *binding, const text *user, const text *purpose,
				   const text *context, const uint8 *nonce)
{
	binding->user = bytes_of(user);
	binding->purpose = bytes_of(purpose);
	binding->context = bytes_of(context);
	memcpy(binding->nonce, nonce, OTP_NONCE_SIZE);
}

bool
otp_challenge_now(Relation challenges, const text *user, const text *purpose,
				  OtpChallengeRow *row, OtpBudgetRow *budget)
{
	Snapshot	snapshot = otp_snapshot_now();
	bool		found = otp_challenge_fetch(challenges, snapshot, user, purpose, row);

	if (budget != NULL)
	{
		Relation	budgets = otp_table_open(OTP_TABLE_BUDGET, user, AccessShareLock);

		if (found)
			otp_budget_fetch_at(budgets, snapshot, user, &row->challenge.budget, budget);
		else
			otp_budget_fetch(budgets, snapshot, user, budget);
		table_close(budgets, NoLock);
	}
	UnregisterSnapshot(snapshot);
	return found;
}

/*
 * Is there a budget, and nobody deleting it (else *busy)?  Then the challenge counts from what it says.  A budget that
 * nobody has a code for may be deleted (otp_purge()), and a code is not good for the one that comes after it.
 */
static bool
count_from_budget(Relation budgets, const text *user, OtpChallenge *challenge, TransactionId *busy)
{
	Snapshot	snapshot = otp_snapshot_now();
	OtpBudgetRow budget;
	bool		stays;

	*busy = InvalidTransactionId;
	otp_budget_fetch_at(budgets, snapshot, user, &challenge->budget, &budget);
	stays = budget.exists && otp_budget_stays(budgets, &budget, busy);
	UnregisterSnapshot(snapshot);
	challenge->total_at_issue = budget.budget.total;
	challenge->budget = budget.tid;
	return stays;
}

/*
 * Inserts the first row of a user and purpose, unless another transaction is doing so or
 * has done so, or is deleting the user's budget, or a data key is not at hand; then false, after its end.
 *
 * Every inserter holds the user's lock, so whoever holds it and finds nothing, not even an
 * uncommitted row, does not collide in the primary key; nor can the user have been forgotten since the
 * pseudonyms were looked at.  `keys`: NULL if there is no cool-down.
 */
static bool
insert_first(Relation challenges, Relation keys, const text *user, const text *purpose,
			 const OtpPolicy *policy, OtpChallenge *challenge)
{
	Relation	budgets = otp_table_open(OTP_TABLE_BUDGET, user, AccessShareLock);
	TimestampTz forgotten = OTP_NEVER_ISSUED;
	SnapshotData dirty;
	OtpChallengeRow row;
	TransactionId busy;
	LOCKTAG		lock;
	bool		free = false;

	InitDirtySnapshot(dirty);
	otp_user_lock(&lock, user);
	if (count_from_budget(budgets, user, challenge, &busy))
	{
		if (otp_challenge_fetch(challenges, &dirty, user, purpose, &row))
			busy = dirty.xmin;
		else
			free = keys == NULL ||
				otp_cool_down_fetch_forgotten(challenges, keys, user, purpose, &forgotten);
	}
	free = free && otp_cool_down_lets(forgotten, policy);
	if (free)
		otp_challenge_insert(challenges, user, purpose, challenge);
	otp_lock_release(&lock);
	table_close(budgets, NoLock);
	otp_overwrite_wait(busy);
	otp_cool_down_check(forgotten, policy, user, purpose);
	return free;
}

/* Puts a fresh challenge in the place of whatever there is; its life begins now. */
static void
replace(Relation challenges, const text *user, const text *purpose, const OtpPolicy *policy,
		OtpChallenge *challenge)
{
	Relation	keys = NULL;
	OtpChallengeRow row;
	OtpBudgetRow budget;
	bool		done = false;

	/* The wait for another transaction may outlast the code's life. */
	while (!done || GetCurrentTimestamp() >= challenge->expires_at)
	{
		bool		found = otp_challenge_now(challenges, user, purpose, &row, &budget);

		CHECK_FOR_INTERRUPTS();
		if (found)
			otp_cool_down_check(row.challenge.issued_at, policy, user, purpose);
		else if (policy->cool_down > 0)
			otp_pseudonyms_prepare(&keys);
		if (!budget.exists)
			otp_budget_ensure(user, &budget);
		challenge->issued_at = GetCurrentTimestamp();
		challenge->expires_at = challenge->issued_at + policy->lifetime;
		challenge->total_at_issue = budget.budget.total;
		challenge->budget = budget.tid;
		done = found ? otp_challenge_update(challenges, &row, challenge) == OTP_UPDATED :
			insert_first(challenges, keys, user, purpose, policy, challenge);
	}
	otp_pseudonyms_end(keys);
}

/* The code of a challenge and the tag of its context; raises an error if OpenSSL fails. */
static void
derive(const OtpDataKey *key, const OtpChallenge *challenge, const text *user,
	   const text *purpose, const text *context, char *code, uint8 *tag)
{
	OtpBinding	binding;

	otp_challenge_bind(&binding, user, purpose, context, challenge->nonce);
	if (!otp_derive_code(key->derive, &binding, challenge->alphabet, challenge->length, code, tag))
		otp_openssl_error("derive a code");
}

/*
 * The number that goes with a code.  Of a long string of digits, as a code is derived, the first pair without a zero in
 * front; what that is bound to is no context of a code, which begins with the number.
 */
static void
derive_number(const OtpDataKey *key, const OtpChallenge *challenge, const text *user,
			  const text *purpose, char *number)
{
	OtpBinding	binding;
	char		digits[OTP_CODE_MAX + 1];
	uint8		tag[OTP_TAG_SIZE];
	int			i = 0;

	otp_challenge_bind(&binding, user, purpose, cstring_to_text("\nnumber"), challenge->nonce);
	if (!otp_derive_code(key->derive, &binding, OTP_ALPHABET_DIGITS, OTP_CODE_MAX, digits, tag))
		otp_openssl_error("derive a number");
	while (i < OTP_CODE_MAX - 2 && digits[i] == '0')
		i += 2;
	memcpy(number, digits + i, OTP_NUMBER_SIZE - 1);
	number[OTP_NUMBER_SIZE - 1] = '\0';
	otp_wipe(digits, sizeof(digits));
}

const text *
otp_numbered_context(const char *number, const text *context)
{
	return cstring_to_text(psprintf("%s\n%s", number, text_to_cstring(context)));
}

/*
 * A nonce is no secret, it stands in the table as it is, so a stock of them may lie in memory:
 * random numbers are dear by the call, not by the byte.
 */
static bool
fresh_nonce(uint8 *nonce)
{
	static uint8 stock[NONCE_STOCK][OTP_NONCE_SIZE];
	static int	left = 0;

	if (left == 0)
	{
		if (!pg_strong_random(stock, sizeof(stock)))
			return false;
		left = NONCE_STOCK;
	}
	memcpy(nonce, stock[--left], OTP_NONCE_SIZE);
	return true;
}

/* Puts the challenge into the table, counts it and records it; wipes the code if that fails. */
static void
hand_out(Relation challenges, const text *user, const text *purpose, const text *destination,
		 const OtpPolicy *policy, OtpChallenge *challenge, char *code)
{
	PG_TRY();
	{
		replace(challenges, user, purpose, policy, challenge);
		otp_challenge_count(policy, user, purpose, destination, "issued");
	}
	PG_CATCH();
	{
		otp_wipe(code, OTP_CODE_MAX + 1);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

void
otp_challenge_count(const OtpPolicy *policy, const text *user, const text *purpose,
					const text *destination, const char *event)
{
	otp_quota_take(policy, user, purpose, destination);
	otp_event_of_transaction(policy, GetCurrentTimestamp(), user, purpose, event, NULL);
}

void
otp_challenge_issue(const text *user, const text *purpose, const text *context,
					const text *destination, char *number, OtpChallenge *challenge, char *code)
{
	const OtpDataKey *key;
	Relation	challenges;
	OtpPolicy	policy;

	otp_policy_get(purpose, &policy, NULL);
	/* The table first: once its lock is had, the writing key that is asked for then cannot be dropped. */
	challenges = otp_table_open(OTP_TABLE_CHALLENGE, user, RowExclusiveLock);
	key = otp_writing_key();
	challenge->key_id = key->id;
	challenge->alphabet = policy.alphabet;
	challenge->length = policy.length;
	challenge->state = OTP_CHALLENGE_LIVE;
	if (!fresh_nonce(challenge->nonce))
		otp_openssl_error("make random numbers");
	if (number != NULL)
	{
		derive_number(key, challenge, user, purpose, number);
		context = otp_numbered_context(number, context);
	}
	derive(key, challenge, user, purpose, context, code, challenge->tag);
	hand_out(challenges, user, purpose, destination, &policy, challenge, code);
	table_close(challenges, NoLock);
}

/* Why a code cannot be accepted any more, or NULL. */
static const char *
why_unusable(const OtpChallenge *challenge, const OtpBudget *budget, const OtpPolicy *policy)
{
	if (challenge->state == OTP_CHALLENGE_SPENT)
		return "spent";
	if (challenge->state == OTP_CHALLENGE_CANCELLED)
		return "cancelled";
	if (challenge->expires_at <= GetCurrentTimestamp())
		return "expired";
	return otp_limits_code_left(budget, challenge, policy) > 0 ? NULL : "used_up";
}

const char *
otp_challenge_live(const text *user, const text *purpose, const text *context,
				   bool numbered, const OtpPolicy *policy, const uint8 *nonce,
				   OtpChallenge *challenge, char *code)
{
	const OtpDataKey *key;
	Relation	challenges = otp_table_open(OTP_TABLE_CHALLENGE, user, AccessShareLock);
	OtpChallengeRow row;
	OtpBudgetRow budget;
	uint8		tag[OTP_TAG_SIZE];
	const char *why = "no_code";

	if (otp_challenge_now(challenges, user, purpose, &row, &budget))
		why = nonce != NULL && memcmp(nonce, row.challenge.nonce, OTP_NONCE_SIZE) != 0 ? "replaced" :
			why_unusable(&row.challenge, &budget.budget, policy);
	table_close(challenges, NoLock);
	if (why != NULL)
		return why;
	*challenge = row.challenge;
	key = otp_data_key(challenge->key_id);
	if (numbered)
	{
		char		number[OTP_NUMBER_SIZE];

		derive_number(key, challenge, user, purpose, number);
		context = otp_numbered_context(number, context);
	}
	derive(key, challenge, user, purpose, context, code, tag);
	if (otp_equal(tag, challenge->tag, OTP_TAG_SIZE))
		return NULL;
	otp_wipe(code, OTP_CODE_MAX + 1);
	return "other_context";
}

bool
otp_challenge_cancel(const text *user, const text *purpose)
{
	Relation	challenges = otp_table_open(OTP_TABLE_CHALLENGE, user, RowExclusiveLock);
	OtpChallengeRow row;
	bool		done = false;
	bool		live;

	do
	{
		CHECK_FOR_INTERRUPTS();
		live = otp_challenge_now(challenges, user, purpose, &row, NULL) &&
			row.challenge.state == OTP_CHALLENGE_LIVE &&
			row.challenge.expires_at > GetCurrentTimestamp();
		if (live)
		{
			OtpChallenge cancelled = row.challenge;

			cancelled.state = OTP_CHALLENGE_CANCELLED;
			done = otp_challenge_update(challenges, &row, &cancelled) == OTP_UPDATED;
		}
	} while (live && !done);
	table_close(challenges, NoLock);
	return live;
}
