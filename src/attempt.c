/*
 * attempt.c
 *		Judging a guess.
 *
 * The order of things is what keeps the promises:
 *
 *	1. The guess has been made canonical.
 *	2. Under the user's lock, budget and challenge are read as they are now.  If nothing may be
 *	   or can be judged, the answer is a refusal, and costs what a charge costs.
 *	3. All that can fail is done: the budget's row exists, its page is locked, the
 *	   expected code is derived.  Then the guess is compared.
 *	4. Wrong: charged in place, at once.  No error, cancel or termination can come
 *	   between comparison and charge.  The charge is on disk before anyone hears of it.
 *	5. Right: the lock is released, and the challenge's row is spent by compare-and-set, which
 *	   may wait for another transaction.  If that one was first, from 2.
 */
#include "compat.h"

#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/predicate.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "challenge.h"
#include "core/secure.h"
#include "errors.h"
#include "events.h"
#include "otp_limits.h"
#include "store/permanent.h"
#include "userlock.h"

#define METHOD_ISSUED	"issued"

typedef enum Round
{
	ROUND_OVER,					/* there is a verdict */
	ROUND_AGAIN					/* state has changed: judge again */
} Round;

static void
begin_round(OtpAttempt *attempt)
{
	otp_user_lock(&attempt->lock, attempt->user);
	attempt->snapshot = otp_snapshot_now();
	attempt->now = GetCurrentTimestamp();
	attempt->challenged = otp_challenge_fetch(attempt->challenges, attempt->snapshot,
											  attempt->user, attempt->purpose,
											  &attempt->challenge);
	if (!attempt->challenged)
		memset(&attempt->challenge, 0, sizeof(attempt->challenge));
	otp_budget_fetch_at(attempt->budgets, attempt->snapshot, attempt->user,
						&attempt->challenge.challenge.budget, &attempt->budget);
	/* Delays stay bounded: what lies in the future counts as now. */
	if (attempt->budget.budget.last_at > attempt->now)
		attempt->budget.budget.last_at = attempt->now;
}

static void
end_round(OtpAttempt *attempt)
{
	UnregisterSnapshot(attempt->snapshot);
	otp_lock_release(&attempt->lock);
}

/* The key that the guess is judged with. */
static int32
key_id(const OtpAttempt *attempt)
{
	return attempt->challenged ? attempt->challenge.challenge.key_id : attempt->writing_id;
}

/* What the guess is compared with; without a challenge, something that takes as long. */
static void
derive_expected(OtpAttempt *attempt)
{
	const OtpChallenge *challenge = &attempt->challenge.challenge;
	OtpAlphabet alphabet = attempt->challenged ? challenge->alphabet : attempt->policy.alphabet;
	int			length = attempt->challenged ? challenge->length : attempt->policy.length;
	OtpBinding	binding;

	otp_challenge_bind(&binding, attempt->user, attempt->purpose, attempt->context,
					   challenge->nonce);
	memset(attempt->expected, 0, sizeof(attempt->expected));
	if (!otp_derive_code(attempt->key->derive, &binding, alphabet, length,
						 attempt->expected, attempt->tag) ||
		!otp_derive_guess(attempt->key->derive, &binding, attempt->guess,
						  attempt->guess_length, (uint8 *) &attempt->digest))
		otp_openssl_error("derive a code");
}

/* In constant time; both buffers are zero behind the code. */
static bool
guess_is_right(const OtpAttempt *attempt)
{
	bool		same_code = otp_equal(attempt->guess, attempt->expected, OTP_CODE_MAX + 1);
	bool		same_context = otp_equal(attempt->tag, attempt->challenge.challenge.tag,
										 OTP_TAG_SIZE);

	return same_code & same_context;
}

/* Why nothing is judged, or NULL. */
static const char *
refusal(OtpAttempt *attempt, OtpVerdict *verdict)
{
	const OtpChallenge *challenge = &attempt->challenge.challenge;

	verdict->retry_at = otp_limits_retry_at(&attempt->budget.budget, &attempt->limits,
											attempt->now);
	if (verdict->retry_at != 0)
	{
		verdict->attempts_left = 0;
		return "locked";
	}
	if (!attempt->challenged || challenge->state == OTP_CHALLENGE_CANCELLED)
		return "no_code";
	if (challenge->state == OTP_CHALLENGE_SPENT)
		return NULL;
	if (challenge->expires_at <= attempt->now)
		return "expired";
	if (otp_limits_code_left(&attempt->budget.budget, challenge, &attempt->policy) == 0)
	{
		verdict->attempts_left = 0;
		return "locked";
	}
	return NULL;
}

/*
 * Costs as much as a charge and changes no count: the user's row is written as it stands, but that
 * a guess of the future was made now, from when its delay runs; without one, a decoy is.
 */
static void
overwrite_like_charge(OtpAttempt *attempt)
{
	OtpOverwrite overwrite;

	if (!attempt->budget.exists)
	{
		otp_decoy_overwrite(attempt->decoys, attempt->snapshot, attempt->now);
		return;
	}
	otp_overwrite_begin(&overwrite, attempt->budgets, &attempt->budget.tid);
	otp_budget_overwrite(&overwrite, &attempt->budget.budget);
}

/* What a wrong guess leaves the user with. */
static void
count_left(const OtpAttempt *attempt, OtpVerdict *verdict)
{
	const OtpBudget *budget = &attempt->budget.budget;

	verdict->retry_at = otp_limits_retry_at(budget, &attempt->limits, attempt->now);
	verdict->attempts_left =
		otp_limits_attempts_left(budget, &attempt->limits, attempt->now,
								 otp_limits_code_left(budget, &attempt->challenge.challenge,
													  &attempt->policy));
}

/*
 * Compares, and charges a guess that is wrong or replayed in the same breath: between
 * otp_overwrite_begin and otp_budget_overwrite nothing can fail, and interrupts are held off.
 *
 * Returns whether the guess is right.  *charged: has the budget been overwritten?
 */
static bool
compare_and_charge(OtpAttempt *attempt, bool spent, bool *charged)
{
	OtpBudget  *budget = &attempt->budget.budget;
	OtpOverwrite overwrite;
	bool		right;

	otp_overwrite_begin(&overwrite, attempt->budgets, &attempt->budget.tid);
	right = guess_is_right(attempt);
	/* A spent code is no secret any more: a guess that misses it is none. */
	*charged = right == spent && !otp_limits_counted(budget, attempt->digest);
	if (*charged)
	{
		otp_limits_charge(budget, &attempt->limits, attempt->now, attempt->digest);
		otp_budget_overwrite(&overwrite, budget);
	}
	else
		otp_overwrite_abort(&overwrite);
	return right;
}

/* Of the round's verdict.  If the trail refuses it, the error, too, is told after the charge is on disk. */
static void
record_rejection(OtpAttempt *attempt, const OtpVerdict *verdict)
{
	bool		permanent;

	PG_TRY();
	{
		permanent = otp_event_rejected(&attempt->policy, attempt->now, attempt->user,
									   attempt->purpose, verdict->reason, verdict->method);
	}
	PG_CATCH();
	{
		otp_permanent_flush(attempt->before);
		PG_RE_THROW();
	}
	PG_END_TRY();
	/* A row that lasts only if the transaction commits needs the flush of its commit. */
	if (!permanent)
		attempt->before = XactLastRecEnd;
}

/*
 * In SERIALIZABLE, spending the challenge's row can fail with 40001.  A wrong guess
 * fails alike, after its charge, so that the error does not tell a right one.
 */
static void
conflict_like_spending(OtpAttempt *attempt)
{
	ItemPointer tid = &attempt->challenge.tuple->t_self;

	if (!IsolationIsSerializable())
		return;
	/* An error, too, is told only after the charge is on disk. */
	otp_permanent_flush(attempt->before);
	CheckForSerializableConflictIn(attempt->challenges, tid, ItemPointerGetBlockNumber(tid));
}

/*
 * Spends the challenge of a right guess.  If it had to wait for another transaction that was
 * rolled back then, the code may have expired meanwhile.
 */
static Round
spend(OtpAttempt *attempt, OtpVerdict *verdict)
{
	OtpChallenge spent = attempt->challenge.challenge;

	spent.state = OTP_CHALLENGE_SPENT;
	if (otp_challenge_update(attempt->challenges, &attempt->challenge, &spent) != OTP_UPDATED)
		return ROUND_AGAIN;
	verdict->method = METHOD_ISSUED;
	if (GetCurrentTimestamp() >= spent.expires_at)
	{
		verdict->reason = "expired";
		record_rejection(attempt, verdict);
		return ROUND_OVER;
	}
	verdict->reason = "accepted";
	otp_event_of_transaction(&attempt->policy, attempt->now, attempt->user, attempt->purpose,
							 verdict->reason, verdict->method);
	return ROUND_OVER;
}

/* Compares the guess with the challenge, under the user's lock; releases it. */
static Round
judge(OtpAttempt *attempt, OtpVerdict *verdict)
{
	bool		spent = attempt->challenge.challenge.state == OTP_CHALLENGE_SPENT;
	bool		charged;
	bool		right;

	/* If a guess cannot be charged, it is not judged. */
	if (!attempt->budget.exists)
		otp_budget_create(attempt->budgets, attempt->user, &attempt->budget);

	HOLD_INTERRUPTS();
	right = compare_and_charge(attempt, spent, &charged);
	if (right && !spent)
	{
		RESUME_INTERRUPTS();
		end_round(attempt);
		return spend(attempt, verdict);
	}
	if (!charged)
		overwrite_like_charge(attempt);
	verdict->reason = right ? "replayed" : spent ? "no_code" : "wrong";
	verdict->method = right ? METHOD_ISSUED : NULL;
	if (!spent)
		count_left(attempt, verdict);
	end_round(attempt);
	/* A cancel that comes now waits until the trail has its row. */
	record_rejection(attempt, verdict);
	RESUME_INTERRUPTS();
	if (!spent)
		conflict_like_spending(attempt);
	return ROUND_OVER;
}

static Round
play_round(OtpAttempt *attempt, OtpVerdict *verdict)
{
	const char *reason;

	*verdict = (OtpVerdict) {.attempts_left = OTP_NO_COUNT};
	begin_round(attempt);
	attempt->key = otp_data_key_at_hand(key_id(attempt));
	if (attempt->key == NULL)
	{
		/* Unwrapping may run a command and wait: not under the user's lock. */
		end_round(attempt);
		(void) otp_data_key(key_id(attempt));
		return ROUND_AGAIN;
	}
	derive_expected(attempt);
	reason = refusal(attempt, verdict);
	if (reason == NULL)
		return judge(attempt, verdict);
	verdict->reason = reason;
	overwrite_like_charge(attempt);
	end_round(attempt);
	record_rejection(attempt, verdict);
	return ROUND_OVER;
}

/*
 * Everything that may wait for another transaction or run a command, so that it does not happen
 * under the user's lock.
 */
static void
prepare(OtpAttempt *attempt)
{
	attempt->before = XactLastRecEnd;
	otp_policy_get(attempt->purpose, &attempt->policy, &attempt->limits);
	attempt->writing_id = otp_writing_key()->id;
	attempt->challenges = otp_table_open(OTP_TABLE_CHALLENGE, attempt->user, RowExclusiveLock);
	attempt->budgets = otp_table_open(OTP_TABLE_BUDGET, attempt->user, RowExclusiveLock);
	attempt->decoys = otp_table_open(OTP_TABLE_DECOY, attempt->user, RowExclusiveLock);
	if (attempt->policy.trail != OTP_TRAIL_NONE)
		table_close(otp_table_open(OTP_TABLE_EVENT, attempt->user, RowExclusiveLock), NoLock);
}

static void
finish(OtpAttempt *attempt, const OtpVerdict *verdict)
{
	table_close(attempt->challenges, NoLock);
	table_close(attempt->budgets, NoLock);
	table_close(attempt->decoys, NoLock);
	/* What is accepted is flushed when it commits; what is rejected, now. */
	if (strcmp(verdict->reason, "accepted") != 0)
		otp_permanent_flush(attempt->before);
}

void
otp_attempt_judge(OtpAttempt *attempt, OtpVerdict *verdict)
{
	prepare(attempt);
	while (play_round(attempt, verdict) == ROUND_AGAIN)
		CHECK_FOR_INTERRUPTS();
	finish(attempt, verdict);
}

void
otp_attempt_wipe(OtpAttempt *attempt)
{
	otp_wipe(attempt->guess, sizeof(attempt->guess));
	otp_wipe(attempt->expected, sizeof(attempt->expected));
}
