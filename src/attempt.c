/*
 * attempt.c
 *		Judging a guess.
 *
 * The order of things is what keeps the promises:
 *
 *	1. The guess has been made canonical.
 *	2. Under the user's lock, the budget and all that the guess may be a code of are read as they
 *	   are now.  If nothing may be or can be judged, the answer is a refusal, and costs what a
 *	   charge costs.
 *	3. All that can fail is done: the budget's row exists, its page is locked, what is expected has
 *	   been derived.  The guess is compared with all of it.
 *	4. Wrong: charged in place, at once.  No error, cancel or termination can come
 *	   between comparison and charge.  The charge is on disk before anyone hears of it.
 *	5. Right: the lock is released, and what the guess is a code of is spent by compare-and-set,
 *	   which may wait for another transaction.  If that one was first, from 2.  If the policy says
 *	   so, it is spent at once instead, under the lock.
 */
#include "compat.h"

#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "announce.h"
#include "attempt.h"
#include "candidates.h"
#include "charge.h"
#include "core/secure.h"
#include "errors.h"
#include "events.h"
#include "otp_limits.h"
#include "pseudonym.h"
#include "spend.h"
#include "store/permanent.h"
#include "userlock.h"

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
	otp_candidates_load(attempt);
	otp_budget_fetch_at(attempt->budgets, attempt->snapshot, attempt->user,
						&attempt->challenge.challenge.budget, &attempt->budget);
	/* Delays stay bounded: what lies in the future counts as now. */
	if (attempt->budget.budget.last_at > attempt->now)
		attempt->budget.budget.last_at = attempt->now;
	attempt->due = NIL;
	attempt->baseline_rows = attempt->baselines == NULL ? NIL :
		otp_baseline_fetch_all(attempt->baselines, attempt->snapshot, attempt->user);
	otp_stop_read(&attempt->stop, attempt->baselines, attempt->baseline_rows, attempt->purpose,
				  &attempt->policy, &attempt->budget.budget);
}

void
otp_attempt_end_round(OtpAttempt *attempt)
{
	UnregisterSnapshot(attempt->snapshot);
	otp_lock_release(&attempt->lock);
}

/* Makes sure that all keys are at hand that the guess is judged with; if not, ends the round. */
static bool
keys_at_hand(OtpAttempt *attempt)
{
	int32		ids[OTP_CANDIDATE_KEYS];
	int			count = otp_candidates_keys(attempt, ids);

	attempt->key = otp_data_key_at_hand(ids[0]);
	for (int i = 0; i < count; i++)
	{
		if (otp_data_key_at_hand(ids[i]) != NULL)
			continue;
		/* Unwrapping may run a command and wait: not under the user's lock. */
		otp_attempt_end_round(attempt);
		otp_data_keys_fetch(ids, count);
		return false;
	}
	return true;
}

/* When the user may guess again: 0: now; DT_NOEND: not by waiting. */
static TimestampTz
barred_until(const OtpAttempt *attempt)
{
	const OtpBudget *budget = &attempt->budget.budget;
	TimestampTz delayed = otp_limits_retry_at(budget, &attempt->limits, attempt->now);

	/* What ends the stop cannot be barred by it. */
	if (attempt->aim == OTP_AIM_UNLOCK)
		return delayed;
	return Max(delayed, otp_stop_until(&attempt->stop, &attempt->policy, budget, attempt->now));
}

/* Why nothing is judged, or NULL. */
static const char *
refusal(OtpAttempt *attempt, OtpVerdict *verdict)
{
	const OtpChallenge *challenge = &attempt->challenge.challenge;

	verdict->retry_at = barred_until(attempt);
	if (verdict->retry_at != 0)
	{
		verdict->attempts_left = 0;
		return "locked";
	}
	if (otp_candidates_issued_live(attempt) || otp_candidates_kept_live(attempt) ||
		attempt->recovery.exists ||
		(attempt->challenged && challenge->state == OTP_CHALLENGE_SPENT))
		return NULL;
	if (attempt->authenticators.expired)
		return "expired";
	if (!attempt->challenged || challenge->state == OTP_CHALLENGE_CANCELLED)
		return "no_code";
	if (challenge->expires_at <= attempt->now)
		return "expired";
	verdict->attempts_left = 0;
	return "locked";
}

/* What a wrong guess leaves the user with. */
static void
count_left(const OtpAttempt *attempt, OtpVerdict *verdict)
{
	const OtpBudget *budget = &attempt->budget.budget;
	int			of_code = otp_candidates_kept_live(attempt) ? PG_INT32_MAX : otp_candidates_issued_left(attempt);

	verdict->retry_at = barred_until(attempt);
	verdict->attempts_left = otp_limits_attempts_left(budget, &attempt->limits, attempt->now,
													  Min(of_code,
														  otp_stop_left(&attempt->stop, budget)));
}

static const char *
reason_of(OtpMatch match, bool live)
{
	switch (match)
	{
		case OTP_MATCH_USED:
			return "replayed";
		case OTP_MATCH_EXPIRED:
			return "expired";
		default:
			return live ? "wrong" : "no_code";
	}
}

static void
notify_of_delay(const OtpAttempt *attempt)
{
	TimestampTz delayed = otp_limits_retry_at(&attempt->budget.budget, &attempt->limits,
											  attempt->now);

	if (delayed != 0)
		otp_event_notify(&attempt->policy, attempt->user, attempt->purpose, "delayed", delayed);
}

typedef struct Record
{
	OtpAttempt *attempt;
	const OtpVerdict *verdict;
	bool		charged;
	bool		permanent;
} Record;

static void
record_verdict(void *arg)
{
	Record	   *record = arg;
	const OtpAttempt *attempt = record->attempt;
	const OtpVerdict *verdict = record->verdict;

	record->permanent = otp_event_permanent(&attempt->policy, attempt->now, attempt->user,
											attempt->purpose,
											otp_verdict_is_accepted(verdict) ?
											otp_spend_event(attempt) : NULL,
											verdict->reason, verdict->method);
	if (record->charged)
		notify_of_delay(attempt);
	record->permanent &= otp_announce(attempt);
}

/* The verdict's rows of the trail. */
static void
record_permanently(OtpAttempt *attempt, const OtpVerdict *verdict, bool charged)
{
	Record		record = {attempt, verdict, charged};

	otp_permanent_before_error(attempt->before, record_verdict, &record);
	/* A row that lasts only if the transaction commits needs the flush of its commit. */
	if (!record.permanent)
		attempt->before = XactLastRecEnd;
}

static void
note(void *arg)
{
	otp_announce_note(arg);
}

/* Ends the round of a rejection.  A cancel that comes now waits until the trail has its row. */
static void
reject(OtpAttempt *attempt, const OtpVerdict *verdict, bool charged)
{
	HOLD_INTERRUPTS();
	otp_permanent_before_error(attempt->before, note, attempt);
	otp_attempt_end_round(attempt);
	record_permanently(attempt, verdict, charged);
	RESUME_INTERRUPTS();
}

/*
 * In SERIALIZABLE, spending a row in the transaction can fail with 40001.  A guess that is not right
 * fails alike, after its charge, so that the error does not tell a right one.
 */
static void
conflict_like_spending(OtpAttempt *attempt, bool issued, bool cleared)
{
	if (!IsolationIsSerializable())
		return;
	/* An error, too, is told only after the charge is on disk. */
	otp_permanent_flush(attempt->before);
	otp_spend_check_conflicts(attempt, issued, cleared);
}

/* Spends what a right guess is a code of. */
static Round
accept(OtpAttempt *attempt, OtpMethod method, OtpVerdict *verdict)
{
	OtpSpent	spent = otp_spend(attempt, method);

	if (spent == OTP_SPENT_LOST)
		return ROUND_AGAIN;
	verdict->method = otp_method_name(method);
	verdict->reason = spent == OTP_SPENT_TOO_LATE ? "expired" : "accepted";
	verdict->at_once = spent == OTP_SPENT_AT_ONCE;
	if (spent == OTP_SPENT_IN_TRANSACTION)
	{
		otp_stop_clear(&attempt->stop, attempt->baselines, attempt->user, attempt->purpose,
					   &attempt->budget.budget, false);
		otp_event_of_transaction(&attempt->policy, attempt->now, attempt->user,
								 attempt->purpose, otp_spend_event(attempt), verdict->method);
	}
	else
		record_permanently(attempt, verdict, false);
	if (verdict->at_once)
		RESUME_INTERRUPTS();
	return ROUND_OVER;
}

/* Compares the guess with all that it may be, under the user's lock; releases it. */
static Round
judge(OtpAttempt *attempt, OtpVerdict *verdict)
{
	bool		issued = otp_candidates_issued_live(attempt);
	bool		live = issued || otp_candidates_kept_live(attempt);
	bool		cleared;
	bool		charged;
	OtpMatch	match;
	OtpMethod	method;

	/* If a guess cannot be charged, it is not judged. */
	if (!otp_charge_prepare(attempt))
		return ROUND_AGAIN;
	otp_announce_prepare(attempt);
	cleared = otp_stop_has_to_clear(&attempt->stop, &attempt->budget.budget);

	HOLD_INTERRUPTS();
	otp_candidates_search(attempt);
	match = otp_charge_unless_right(attempt, live, &method, &charged);
	if (!charged)
		attempt->due = NIL;
	if (match == OTP_MATCH_LIVE)
		return accept(attempt, method, verdict);
	if (!charged)
		otp_charge_nothing(attempt);
	verdict->reason = reason_of(match, live);
	verdict->method = match == OTP_MATCH_NONE ? NULL : otp_method_name(method);
	if (live && match == OTP_MATCH_NONE)
		count_left(attempt, verdict);
	reject(attempt, verdict, charged);
	RESUME_INTERRUPTS();
	if (live)
		conflict_like_spending(attempt, issued, cleared);
	return ROUND_OVER;
}

static Round
play_round(OtpAttempt *attempt, OtpVerdict *verdict)
{
	const char *reason;

	*verdict = (OtpVerdict) {.attempts_left = OTP_NO_COUNT};
	begin_round(attempt);
	if (!keys_at_hand(attempt))
		return ROUND_AGAIN;
	otp_candidates_derive(attempt);
	reason = refusal(attempt, verdict);
	if (reason == NULL)
		return judge(attempt, verdict);
	verdict->reason = reason;
	otp_charge_nothing(attempt);
	otp_announce_refused(attempt);
	reject(attempt, verdict, false);
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
	if (attempt->numbered)
		attempt->policy.methods &= OTP_METHOD_BIT(OTP_METHOD_ISSUED);
	otp_candidates_open(attempt);
	/* Once the tables' locks are had, none of the keys that are asked for from here on can be dropped. */
	attempt->writing_id = otp_writing_key()->id;
	otp_announce_open(attempt);
	attempt->budgets = otp_table_open(OTP_TABLE_BUDGET, attempt->user, RowExclusiveLock);
	attempt->decoys = otp_table_open(OTP_TABLE_DECOY, attempt->user, RowExclusiveLock);
	if (attempt->policy.trail != OTP_TRAIL_NONE)
		table_close(otp_table_open(OTP_TABLE_EVENT, attempt->user, RowExclusiveLock), NoLock);
}

static void
finish(OtpAttempt *attempt, const OtpVerdict *verdict)
{
	otp_candidates_close(attempt);
	if (attempt->baselines != NULL)
		table_close(attempt->baselines, NoLock);
	table_close(attempt->budgets, NoLock);
	table_close(attempt->decoys, NoLock);
	otp_pseudonyms_end(attempt->keys);
	/* What is accepted is flushed when it commits; what is rejected or spent at once, now. */
	if (!otp_verdict_is_accepted(verdict) || verdict->at_once)
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
	otp_wipe(attempt->following, sizeof(attempt->following));
	otp_wipe(attempt->expected, sizeof(attempt->expected));
}
