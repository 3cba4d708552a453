/*
 * recovery.c
 *		Recovery codes: otp_recovery_codes, otp_recovery_left.
 */
#include "compat.h"

#include "access/table.h"
#include "access/transam.h"
#include "fmgr.h"
#include "forgotten_budget.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "args.h"
#include "code.h"
#include "core/secure.h"
#include "credential_seal.h"
#include "errors.h"
#include "events.h"
#include "recovery_set.h"
#include "store/policy.h"
#include "userlock.h"

#define PURPOSE	"recovery"

static bool
fetch_now(Relation rel, const text *user, OtpRecoveryRow *row)
{
	Snapshot	snapshot = otp_snapshot_now();
	bool		found = otp_recovery_fetch(rel, snapshot, user, row);

	UnregisterSnapshot(snapshot);
	return found;
}

/*
 * Inserts a user's first row, unless another transaction is doing so or has done so; then
 * false, after its end.  Every inserter holds the user's lock.
 */
static bool
insert_first(Relation rel, const text *user, const OtpRecovery *recovery)
{
	SnapshotData dirty;
	OtpRecoveryRow row;
	LOCKTAG		lock;
	bool		found;

	InitDirtySnapshot(dirty);
	otp_user_lock(&lock, user);
	found = otp_recovery_fetch(rel, &dirty, user, &row);
	if (!found)
		otp_recovery_insert(rel, user, recovery);
	otp_lock_release(&lock);
	if (found && TransactionIdIsValid(dirty.xmin))
		XactLockTableWait(dirty.xmin, rel, &row.tuple->t_self, XLTW_InsertIndex);
	return !found;
}

/* A new set in the place of the old one. */
static void
replace(const text *user, OtpRecovery *recovery)
{
	Relation	rel = otp_table_open(OTP_TABLE_RECOVERY, user, RowExclusiveLock);
	uint8		seed[OTP_KEY_SIZE];
	OtpRecoveryRow row;
	bool		done = false;

	/* Sealed once the table's lock is had: then the writing key cannot be dropped. */
	if (!pg_strong_random(seed, sizeof(seed)))
		otp_openssl_error("make random numbers");
	PG_TRY();
	{
		otp_recovery_seal(otp_writing_key(), user, recovery, seed);
	}
	PG_FINALLY();
	{
		otp_wipe(seed, sizeof(seed));
	}
	PG_END_TRY();
	while (!done)
	{
		CHECK_FOR_INTERRUPTS();
		done = fetch_now(rel, user, &row) ?
			otp_recovery_update(rel, &row, user, recovery) == OTP_UPDATED :
			insert_first(rel, user, recovery);
	}
	table_close(rel, NoLock);
}

static void
put_codes(ReturnSetInfo *result, const text *user, const OtpRecovery *recovery)
{
	OtpHmac    *seed;
	char		code[OTP_CODE_MAX + 1];
	bool		isnull = false;
	volatile bool ok = true;

	otp_data_keys_fetch(&recovery->key_id, 1);
	seed = otp_recovery_seed(user, recovery);
	PG_TRY();
	{
		for (int i = 0; ok && i < recovery->count; i++)
		{
			Datum		value;

			ok = otp_recovery_code(seed, i, code);
			if (!ok)
				break;
			value = otp_make_code(code, OTP_RECOVERY_LENGTH);
			tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
		}
	}
	PG_FINALLY();
	{
		otp_wipe(code, sizeof(code));
		otp_hmac_wipe(seed);
	}
	PG_END_TRY();
	if (!ok)
		otp_openssl_error("derive a code");
}

/* otp_recovery_codes(user_id text, count integer) → setof otp */
PG_FUNCTION_INFO_V1(otp_recovery_codes);
Datum
otp_recovery_codes(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	const text *purpose = cstring_to_text(PURPOSE);
	OtpRecovery recovery = {.made_at = GetCurrentTimestamp()};
	OtpPolicy	policy;
	OtpBudgetRow budget;

	if (PG_ARGISNULL(1) || PG_GETARG_INT32(1) < 1 || PG_GETARG_INT32(1) > OTP_RECOVERY_MAX)
		ereport(ERROR,
				errcode(PG_ARGISNULL(1) ? ERRCODE_NULL_VALUE_NOT_ALLOWED :
						ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("count must be between 1 and %d", OTP_RECOVERY_MAX),
				otp_errprivate());
	otp_require_writable("otp_recovery_codes()");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	recovery.count = PG_GETARG_INT32(1);
	otp_policy_get(purpose, &policy, NULL);
	otp_budget_ensure(user, &budget);
	replace(user, &recovery);
	otp_event_of_transaction(&policy, GetCurrentTimestamp(), user, purpose, "issued",
							 otp_method_name(OTP_METHOD_RECOVERY));
	put_codes((ReturnSetInfo *) fcinfo->resultinfo, user, &recovery);
	PG_RETURN_NULL();
}

/* otp_recovery_left(user_id text) → integer */
PG_FUNCTION_INFO_V1(otp_recovery_left);
Datum
otp_recovery_left(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	Relation	rel = otp_table_open(OTP_TABLE_RECOVERY, user, AccessShareLock);
	OtpRecoveryRow row;
	int			left = fetch_now(rel, user, &row) ? otp_recovery_count_left(&row.recovery) : 0;

	table_close(rel, NoLock);
	PG_RETURN_INT32(left);
}
