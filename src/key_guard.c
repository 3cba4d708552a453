/*
 * key_guard.c
 *		Keeps a data key that something needs from being dropped.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "store/quota.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "channel_secret.h"
#include "errors.h"
#include "pseudonym.h"
#include "store/budget.h"
#include "store/challenge.h"
#include "store/credential.h"
#include "store/key.h"
#include "store/recovery.h"

/* any data key */
#define ANY_KEY		0

static int32
pseudonym_key_of(HeapTuple tuple)
{
	return otp_pseudonym_key_id(otp_budget_user(tuple));
}

static int32
counted_pseudonym_key_of(HeapTuple tuple)
{
	const text *user = otp_quota_user(tuple);

	return user == NULL ? 0 : otp_pseudonym_key_id(user);
}

static const struct
{
	OtpTable	table;
	const char *what;
	int32		(*key_of) (HeapTuple);	/* 0: none */
}			users_of_keys[] = {
	{OTP_TABLE_CHALLENGE, "issued codes", otp_challenge_key_id},
	{OTP_TABLE_CREDENTIAL, "authenticators", otp_credential_key_id},
	{OTP_TABLE_RECOVERY, "sets of recovery codes", otp_recovery_key_id},
	{OTP_TABLE_BUDGET, "budgets of forgotten users", pseudonym_key_of},
	{OTP_TABLE_CHANNEL_SECRET, "credentials of channels", otp_channel_secret_key_id},
	{OTP_TABLE_QUOTA, "counts of codes of forgotten users", counted_pseudonym_key_of},
};

/*
 * Rows that need the key.  Whoever writes one has opened the table before he asked for the writing key, so under a
 * ShareLock, which is held to the transaction's end, none is under way, and none comes that has not
 * heard of the key's end.
 */
static int64
count_rows(int i, int32 id, LOCKMODE lockmode)
{
	Relation	rel = otp_table_open(users_of_keys[i].table, NULL, lockmode);
	Snapshot	snapshot = otp_snapshot_now();
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	HeapTuple	tuple;
	int64		count = 0;

	while ((tuple = systable_getnext(scan)) != NULL)
	{
		int32		key_id = users_of_keys[i].key_of(tuple);

		count += key_id != 0 && (id == ANY_KEY || key_id == id);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	return count;
}

static void
check_rows(int32 id, LOCKMODE lockmode)
{
	for (int i = 0; i < lengthof(users_of_keys); i++)
	{
		int64		count = otp_table_exists(users_of_keys[i].table) ? count_rows(i, id, lockmode) : 0;

		if (count > 0)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_IN_USE),
					id == ANY_KEY ? errmsg("data keys are in use") :
					errmsg("data key %d is in use", id),
					errdetail("%lld %s need it.", (long long) count, users_of_keys[i].what),
					errhint("Call otp_rotate_key(), and otp_rekey() until no row is left; view otp_keys tells what is."));
	}
}

static void
check_unused(int32 id)
{
	/* A key in plain use is refused without holding anybody up. */
	check_rows(id, AccessShareLock);
	check_rows(id, ShareLock);
}

/*
 * otp_key_guard() → trigger
 *
 * Before DELETE of a row and TRUNCATE of otp_key.
 */
PG_FUNCTION_INFO_V1(otp_key_guard);
Datum
otp_key_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!(TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ||
		  TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event)))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("otp_key_guard() must be called as a BEFORE trigger of DELETE or TRUNCATE"));
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
	{
		check_unused(ANY_KEY);
		return PointerGetDatum(NULL);
	}
	check_unused(otp_key_id_of(trigger->tg_relation, trigger->tg_trigtuple));
	return PointerGetDatum(trigger->tg_trigtuple);
}
