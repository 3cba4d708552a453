/*
 * unlock.c
 *		Ending delays and stops: otp_unlock, by an operator; otp_self_unlock, by the user.
 */
#include "compat.h"

#include "access/table.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "args.h"
#include "errors.h"
#include "events.h"
#include "store/budget.h"
#include "userlock.h"
#include "verify.h"

#define PURPOSE	"unlock"

/* Is there anything that an operator could forgive? */
static bool
is_burdened(const OtpBudgetRow *row)
{
	return row->exists &&
		(row->budget.level > 0 || row->budget.total > Max(row->budget.cleared_total, 0));
}

/*
 * One try, under the user's lock; the counts themselves only grow.  false if a transaction is deleting the
 * budget, *busy, or has.  If there was something to forgive and this is true, interrupts are held off from here on:
 * no cancel comes between an unlocking and its row of the trail.
 */
static bool
try_to_unlock(Relation rel, const text *user, bool *burdened, TransactionId *busy)
{
	Snapshot	snapshot = otp_snapshot_now();
	OtpBudgetRow row;
	OtpOverwrite overwrite;
	bool		stays;

	otp_budget_fetch(rel, snapshot, user, &row);
	*burdened = is_burdened(&row);
	stays = !*burdened || otp_budget_stays(rel, &row, busy);
	if (*burdened && stays)
	{
		row.budget.level = 0;
		row.budget.cleared_total = row.budget.total;
		HOLD_INTERRUPTS();
		otp_overwrite_begin(&overwrite, rel, &row.tid);
		otp_budget_replace(&overwrite, &row.budget);
	}
	UnregisterSnapshot(snapshot);
	return stays;
}

static bool
unlock(Relation rel, const text *user)
{
	TransactionId busy = InvalidTransactionId;
	LOCKTAG		lock;
	bool		burdened;
	bool		done;

	do
	{
		CHECK_FOR_INTERRUPTS();
		otp_overwrite_wait(busy);
		otp_user_lock(&lock, user);
		done = try_to_unlock(rel, user, &burdened, &busy);
		otp_lock_release(&lock);
	} while (!done);
	return burdened;
}

/* An unlocking that is to be recorded, and where the transaction's WAL ended before it. */
typedef struct Unlocking
{
	const text *user;
	XLogRecPtr	before;
} Unlocking;

static void
record(void *arg)
{
	Unlocking  *unlocking = arg;

	if (!otp_event_always(GetCurrentTimestamp(), unlocking->user, cstring_to_text(PURPOSE),
						  "unlocked"))
		unlocking->before = XactLastRecEnd;
}

/* otp_unlock(user_id text) → boolean */
PG_FUNCTION_INFO_V1(otp_unlock);
Datum
otp_unlock(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	Unlocking	unlocking = {user, XactLastRecEnd};
	Relation	rel;
	bool		unlocked;

	otp_require_writable("otp_unlock()");
	rel = otp_table_open(OTP_TABLE_BUDGET, user, RowExclusiveLock);
	table_close(otp_table_open(OTP_TABLE_EVENT, user, RowExclusiveLock), NoLock);
	unlocked = unlock(rel, user);
	table_close(rel, NoLock);
	if (unlocked)
	{
		otp_permanent_before_error(unlocking.before, record, &unlocking);
		otp_permanent_flush(unlocking.before);
		RESUME_INTERRUPTS();
	}
	PG_RETURN_BOOL(unlocked);
}

/* The codes of a run, made canonical; 22023 if they are not as many as the policy wants. */
static void
read_codes(OtpAttempt *attempt, ArrayType *codes)
{
	OtpPolicy	policy;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	otp_policy_get(attempt->purpose, &policy, NULL);
	if (policy.self_unlock == 0)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("users cannot unlock themselves for purpose \"%s\"",
					   text_to_cstring(attempt->purpose)),
				errhint("Set self_unlock in table \"otp_policy\"."),
				otp_errprivate());
	deconstruct_array(codes, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	if (count != policy.self_unlock)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("codes must be %d consecutive ones, not %d", policy.self_unlock, count),
				otp_errprivate());
	attempt->run = count;
	for (int i = 0; i < count; i++)
	{
		const text *code = nulls[i] ? NULL : DatumGetTextPP(values[i]);

		if (i == 0)
			attempt->guess_length = otp_verify_canonical(code, attempt->guess);
		else
			attempt->following_length[i - 1] = otp_verify_canonical(code,
																	attempt->following[i - 1]);
	}
}

/* otp_self_unlock(user_id text, codes text[], purpose text) → boolean */
PG_FUNCTION_INFO_V1(otp_self_unlock);
Datum
otp_self_unlock(PG_FUNCTION_ARGS)
{
	OtpAttempt	attempt = {.aim = OTP_AIM_UNLOCK};
	OtpVerdict	verdict;

	attempt.user = otp_arg_claimed_user(fcinfo, 0);
	attempt.purpose = otp_arg_purpose(fcinfo, 2);
	attempt.context = cstring_to_text("");
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("codes must not be null"),
				otp_errprivate());
	read_codes(&attempt, PG_GETARG_ARRAYTYPE_P(1));
	otp_verify_attempt(&attempt, "otp_self_unlock()", &verdict);
	PG_RETURN_BOOL(otp_verdict_is_accepted(&verdict));
}
