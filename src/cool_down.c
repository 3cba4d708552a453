/*
 * cool_down.c
 *		How long after a code the next one may be issued.
 *
 * It runs from the code's own row of otp_challenge.  That of a forgotten user is replaced, within the same transaction, by
 * one of his pseudonym that no code can be derived from.
 */
#include "compat.h"

#include "access/table.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "cool_down.h"
#include "errors.h"
#include "events.h"
#include "pseudonym.h"
#include "store/challenge.h"
#include "store/relation.h"

/* When it ends; that of no code has ended. */
static TimestampTz
ends_at(TimestampTz issued_at, const OtpPolicy *policy)
{
	return issued_at == OTP_NEVER_ISSUED ? issued_at : issued_at + policy->cool_down;
}

bool
otp_cool_down_lets(TimestampTz issued_at, const OtpPolicy *policy)
{
	return policy->cool_down == 0 || ends_at(issued_at, policy) <= GetCurrentTimestamp();
}

void
otp_cool_down_refuse(const OtpPolicy *policy, const text *user, const text *purpose, TimestampTz at)
{
	otp_event_refused(policy, user, purpose, "cooling_down");
	ereport(ERROR,
			errcode(ERRCODE_OTP_COOLING_DOWN),
			errmsg("a code for purpose \"%s\" has been issued just now", text_to_cstring(purpose)),
			errdetail("The next one can be issued at %s.", timestamptz_to_str(at)),
			errhint("otp_resend() hands out the live code again; the limit is cool_down in table \"otp_policy\"."),
			otp_errprivate());
	pg_unreachable();
}

void
otp_cool_down_check(TimestampTz issued_at, const OtpPolicy *policy, const text *user,
					const text *purpose)
{
	if (!otp_cool_down_lets(issued_at, policy))
		otp_cool_down_refuse(policy, user, purpose, ends_at(issued_at, policy));
}

bool
otp_cool_down_is_over(Relation rel, HeapTuple challenge, TimestampTz at)
{
	OtpPolicy	policy;

	otp_policy_get(otp_challenge_purpose(rel, challenge), &policy, NULL);
	return otp_challenge_issued_at(challenge) + policy.cool_down <= at;
}

bool
otp_cool_down_fetch_forgotten(Relation challenges, Relation keys, const text *user,
							  const text *purpose, TimestampTz *issued_at)
{
	Snapshot	snapshot;
	List	   *pseudonyms;
	ListCell   *cell;

	*issued_at = OTP_NEVER_ISSUED;
	if (!otp_pseudonyms_list(keys, user, &pseudonyms))
		return false;
	snapshot = otp_snapshot_now();
	foreach(cell, pseudonyms)
	{
		OtpChallengeRow row;

		if (otp_challenge_fetch(challenges, snapshot, lfirst(cell), purpose, &row))
			*issued_at = Max(*issued_at, row.challenge.issued_at);
	}
	UnregisterSnapshot(snapshot);
	return true;
}

/* Of the code nothing is left but its form, and it is over: otp_purge() asks for the cool-down alone. */
static OtpChallenge
without_code(HeapTuple tuple, const text *pseudonym)
{
	OtpChallenge challenge;

	otp_challenge_read(tuple, &challenge);
	challenge.state = OTP_CHALLENGE_CANCELLED;
	challenge.expires_at = DT_NOBEGIN;
	challenge.total_at_issue = 0;
	challenge.key_id = otp_pseudonym_key_id(pseudonym);
	memset(challenge.tag, 0, sizeof(challenge.tag));
	memset(challenge.nonce, 0, sizeof(challenge.nonce));
	memset(&challenge.budget, 0, sizeof(challenge.budget));
	return challenge;
}

/*
 * Nobody else makes the pseudonym's row meanwhile: that takes another row of the same user and purpose, and none can be there
 * before the deletion of this one has committed.
 */
static void
keep(Relation rel, HeapTuple tuple, void *pseudonym)
{
	const text *purpose = otp_challenge_purpose(rel, tuple);
	OtpChallenge challenge = without_code(tuple, pseudonym);
	bool		kept = otp_cool_down_is_over(rel, tuple, GetCurrentTimestamp());

	while (!kept)
	{
		Snapshot	snapshot = otp_snapshot_now();
		OtpChallengeRow row;
		bool		found = otp_challenge_fetch(rel, snapshot, pseudonym, purpose, &row);

		UnregisterSnapshot(snapshot);
		CHECK_FOR_INTERRUPTS();
		if (found)
			kept = otp_challenge_update(rel, &row, &challenge) == OTP_UPDATED;
		else
		{
			otp_challenge_insert(rel, pseudonym, purpose, &challenge);
			kept = true;
		}
	}
}

int64
otp_cool_down_forget(const text *user, const text *pseudonym)
{
	Relation	rel = otp_table_open(OTP_TABLE_CHALLENGE, user, RowExclusiveLock);
	int64		removed = otp_challenge_remove_each(rel, user, keep, (void *) pseudonym);

	table_close(rel, NoLock);
	return removed;
}
