/*
 * forget.c
 *		otp_forget: removes all that is kept of a user.
 */
#include "compat.h"

#include "access/table.h"
#include "cool_down.h"
#include "fmgr.h"

#include "args.h"
#include "events.h"
#include "forgotten_budget.h"
#include "forgotten_quota.h"
#include "outbox.h"
#include "pseudonym.h"
#include "store/baseline.h"
#include "store/credential.h"
#include "store/event.h"
#include "store/recovery.h"

static int64
remove_from(OtpTable table, const text *user, int64 (*remove_all) (Relation, const text *))
{
	Relation	rel = otp_table_open(table, user, RowExclusiveLock);
	int64		removed = remove_all(rel, user);

	table_close(rel, NoLock);
	return removed;
}

/*
 * Pseudonyms are written to these, or they are read under the user's lock.  Once their locks are had, the writing key that is
 * asked for then cannot be dropped, and nobody waits for a table while he holds the user's lock.
 */
static const OtpTable first_opened[] = {
	OTP_TABLE_CHALLENGE, OTP_TABLE_QUOTA, OTP_TABLE_BASELINE, OTP_TABLE_BUDGET
};

/* otp_forget(user_id text) → bigint */
PG_FUNCTION_INFO_V1(otp_forget);
Datum
otp_forget(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	const text *pseudonym;
	int64		removed = 0;

	otp_require_writable("otp_forget()");
	for (int i = 0; i < lengthof(first_opened); i++)
		table_close(otp_table_open(first_opened[i], user, RowExclusiveLock), NoLock);
	pseudonym = otp_pseudonym_make(user);
	removed += otp_cool_down_forget(user, pseudonym);
	removed += remove_from(OTP_TABLE_CREDENTIAL, user, otp_credential_remove_all);
	removed += remove_from(OTP_TABLE_RECOVERY, user, otp_recovery_remove_all);
	removed += remove_from(OTP_TABLE_EVENT, user, otp_event_remove_all);
	removed += otp_outbox_forget(user);
	removed += otp_quota_forget(user, pseudonym);
	/* The budget's pseudonym keeps what these say, so it goes first. */
	removed += otp_budget_forget(user, pseudonym);
	removed += remove_from(OTP_TABLE_BASELINE, user, otp_baseline_remove_all);
	if (removed > 0)
		otp_event_forgotten(removed);
	PG_RETURN_INT64(removed);
}
