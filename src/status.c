/*
 * status.c
 *		otp_status: what an operator is told of a user.
 */
#include "compat.h"

#include "access/table.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "args.h"
#include "otp_limits.h"
#include "recovery_set.h"
#include "stop.h"
#include "store/baseline.h"
#include "store/credential.h"

typedef struct Status
{
	const text *user;
	Snapshot	snapshot;
	TimestampTz now;
	Relation	challenges;
	Relation	baselines;
	OtpBudgetRow budget;
	int			authenticators;
	int			recovery_codes;
} Status;

enum
{
	COL_PURPOSE,
	COL_ISSUED_AT,
	COL_EXPIRES_AT,
	COL_ATTEMPTS_LEFT,
	COL_WRONG_GUESSES,
	COL_LEVEL,
	COL_DELAYED_UNTIL,
	COL_CONSECUTIVE,
	COL_STOPPED_UNTIL,
	COL_AUTHENTICATORS,
	COL_RECOVERY_CODES,
	COL_COUNT
};

static void
count_kept(Status *status)
{
	Relation	rel = otp_table_open(OTP_TABLE_CREDENTIAL, status->user, AccessShareLock);
	OtpCredentialRow *rows;
	OtpRecoveryRow recovery;
	int			count = otp_credential_fetch_all(rel, status->snapshot, status->user, &rows);

	for (int i = 0; i < count; i++)
		status->authenticators += rows[i].credential.state == OTP_CREDENTIAL_ACTIVE;
	table_close(rel, NoLock);
	rel = otp_table_open(OTP_TABLE_RECOVERY, status->user, AccessShareLock);
	if (otp_recovery_fetch(rel, status->snapshot, status->user, &recovery))
		status->recovery_codes = otp_recovery_count_left(&recovery.recovery);
	table_close(rel, NoLock);
}

static void
fetch_budget(Status *status)
{
	Relation	rel = otp_table_open(OTP_TABLE_BUDGET, status->user, AccessShareLock);

	otp_budget_fetch(rel, status->snapshot, status->user, &status->budget);
	status->budget.budget.last_at = Min(status->budget.budget.last_at, status->now);
	table_close(rel, NoLock);
}

/* The live code of the purpose, if there is one. */
static void
put_code(const Status *status, const text *purpose, const OtpPolicy *policy, Datum *values,
		 bool *nulls)
{
	OtpChallengeRow row;
	bool		live = otp_challenge_fetch(status->challenges, status->snapshot, status->user,
										   purpose, &row) &&
		row.challenge.state == OTP_CHALLENGE_LIVE && row.challenge.expires_at > status->now;

	nulls[COL_ISSUED_AT] = nulls[COL_EXPIRES_AT] = nulls[COL_ATTEMPTS_LEFT] = !live;
	if (!live)
		return;
	values[COL_ISSUED_AT] = TimestampTzGetDatum(row.challenge.issued_at);
	values[COL_EXPIRES_AT] = TimestampTzGetDatum(row.challenge.expires_at);
	values[COL_ATTEMPTS_LEFT] =
		Int32GetDatum(otp_limits_code_left(&status->budget.budget, &row.challenge, policy));
}

static void
put_limits(const Status *status, const text *purpose, const OtpPolicy *policy,
		   const OtpLimits *limits, Datum *values, bool *nulls)
{
	const OtpBudget *budget = &status->budget.budget;
	TimestampTz delayed = otp_limits_retry_at(budget, limits, status->now);
	OtpStop		stop;
	TimestampTz stopped;

	otp_stop_load(&stop, status->baselines, status->snapshot, status->user, purpose, policy, budget);
	stopped = otp_stop_until(&stop, policy, budget, status->now);
	values[COL_WRONG_GUESSES] = Int64GetDatum(budget->total);
	values[COL_LEVEL] = Int32GetDatum(otp_limits_level(budget, limits, status->now));
	nulls[COL_DELAYED_UNTIL] = delayed == 0;
	values[COL_DELAYED_UNTIL] = TimestampTzGetDatum(delayed);
	nulls[COL_CONSECUTIVE] = stop.max == 0;
	values[COL_CONSECUTIVE] = Int64GetDatum(otp_stop_consecutive(&stop, budget));
	nulls[COL_STOPPED_UNTIL] = stopped == 0;
	values[COL_STOPPED_UNTIL] = TimestampTzGetDatum(stopped);
}

static void
put_purpose(ReturnSetInfo *result, const Status *status, const text *purpose)
{
	OtpPolicy	policy;
	OtpLimits	limits;
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT] = {false};

	otp_policy_get(purpose, &policy, &limits);
	values[COL_PURPOSE] = PointerGetDatum(purpose);
	put_code(status, purpose, &policy, values, nulls);
	put_limits(status, purpose, &policy, &limits, values, nulls);
	values[COL_AUTHENTICATORS] = Int32GetDatum(status->authenticators);
	values[COL_RECOVERY_CODES] = Int32GetDatum(status->recovery_codes);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static List *
add_purpose(List *purposes, const text *purpose)
{
	ListCell   *cell;

	foreach(cell, purposes)
		if (otp_same_text(lfirst(cell), purpose))
			return purposes;
	return lappend(purposes, (void *) purpose);
}

static int
compare_purposes(const ListCell *a, const ListCell *b)
{
	return strcmp(text_to_cstring(lfirst(a)), text_to_cstring(lfirst(b)));
}

/* All purposes that have a policy, or of which something is known of the user; or else `default`. */
static List *
purposes_of(const Status *status)
{
	List	   *purposes = otp_policy_purposes();
	List	   *rows = otp_challenge_purposes(status->challenges, status->snapshot, status->user);
	ListCell   *cell;

	foreach(cell, rows)
		purposes = add_purpose(purposes, lfirst(cell));
	rows = otp_baseline_fetch_committed(status->baselines, status->snapshot, status->user);
	foreach(cell, rows)
		purposes = add_purpose(purposes, otp_baseline_purpose(status->baselines, lfirst(cell)));
	if (purposes == NIL)
		purposes = list_make1(cstring_to_text(OTP_PURPOSE_DEFAULT));
	list_sort(purposes, compare_purposes);
	return purposes;
}

/* otp_status(user_id text) → setof record */
PG_FUNCTION_INFO_V1(otp_status);
Datum
otp_status(PG_FUNCTION_ARGS)
{
	Status		status = {.user = otp_arg_user(fcinfo, 0),.now = GetCurrentTimestamp()};
	List	   *purposes;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	status.challenges = otp_table_open(OTP_TABLE_CHALLENGE, status.user, AccessShareLock);
	status.baselines = otp_table_open(OTP_TABLE_BASELINE, status.user, AccessShareLock);
	status.snapshot = otp_snapshot_now();
	count_kept(&status);
	fetch_budget(&status);
	purposes = purposes_of(&status);
	foreach(cell, purposes)
		put_purpose((ReturnSetInfo *) fcinfo->resultinfo, &status, lfirst(cell));
	UnregisterSnapshot(status.snapshot);
	table_close(status.baselines, NoLock);
	table_close(status.challenges, NoLock);
	PG_RETURN_NULL();
}
