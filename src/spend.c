/*
 * spend.c
 *		Spending what a right guess is a code of.
 *
 * In the transaction: by an update that only succeeds on the version that was judged.  At once:
 * by overwriting that version in place, which is refused while a transaction is replacing it.
 * An update that has read a version before it was overwritten sees that it was (otp_table_update()).
 * So of all who find the same code right, one spends it.
 */
#include "compat.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "spend.h"
#include "store/permanent.h"

static OtpChallenge
spent_challenge(const OtpAttempt *attempt)
{
	OtpChallenge spent = attempt->challenge.challenge;

	spent.state = OTP_CHALLENGE_SPENT;
	return spent;
}

/* Where the row stands that the guess matched. */
static Relation
matched_row(const OtpAttempt *attempt, OtpMethod method, ItemPointer *tid)
{
	const OtpAuthenticators *authenticators = &attempt->authenticators;

	switch (method)
	{
		case OTP_METHOD_ISSUED:
			*tid = &attempt->challenge.tuple->t_self;
			return attempt->challenges;
		case OTP_METHOD_RECOVERY:
			*tid = &attempt->recovery.row.tuple->t_self;
			return attempt->recoveries;
		default:
			*tid = &authenticators->rows[authenticators->which].tuple->t_self;
			return attempt->credentials;
	}
}

static void
overwrite_as_spent(const OtpAttempt *attempt, OtpMethod method, OtpOverwrite *overwrite)
{
	OtpCredential credential;
	OtpRecovery recovery;

	switch (method)
	{
		case OTP_METHOD_ISSUED:
			otp_challenge_overwrite(overwrite, OTP_CHALLENGE_SPENT);
			break;
		case OTP_METHOD_RECOVERY:
			recovery = otp_recovery_accept(&attempt->recovery);
			otp_recovery_overwrite(overwrite, &recovery);
			break;
		default:
			credential = otp_authenticators_accept(&attempt->authenticators, &attempt->limits);
			otp_credential_overwrite(overwrite, &credential);
	}
}

/* The same in the transaction; waits for another one that is changing the row. */
static OtpUpdateResult
update_as_spent(const OtpAttempt *attempt, OtpMethod method)
{
	const OtpAuthenticators *authenticators = &attempt->authenticators;
	OtpChallenge challenge;
	OtpCredential credential;
	OtpRecovery recovery;

	switch (method)
	{
		case OTP_METHOD_ISSUED:
			challenge = spent_challenge(attempt);
			return otp_challenge_update(attempt->challenges, &attempt->challenge, &challenge);
		case OTP_METHOD_RECOVERY:
			recovery = otp_recovery_accept(&attempt->recovery);
			return otp_recovery_update(attempt->recoveries, &attempt->recovery.row,
									   attempt->user, &recovery);
		default:
			credential = otp_authenticators_accept(authenticators, &attempt->limits);
			return otp_credential_update(attempt->credentials,
										 &authenticators->rows[authenticators->which],
										 &credential);
	}
}

/* Can the code still be accepted after a wait? */
static bool
is_in_time(const OtpAttempt *attempt, OtpMethod method)
{
	TimestampTz now = GetCurrentTimestamp();

	switch (method)
	{
		case OTP_METHOD_ISSUED:
			return now < attempt->challenge.challenge.expires_at;
		case OTP_METHOD_RECOVERY:
			return true;
		default:
			return otp_authenticators_in_time(&attempt->authenticators, now);
	}
}

/* Makes the authenticator's row, which this transaction has just updated, what it was before. */
static void
take_back(OtpAttempt *attempt)
{
	const OtpAuthenticators *authenticators = &attempt->authenticators;
	const OtpCredential *before = &authenticators->rows[authenticators->which].credential;
	Snapshot	snapshot = otp_snapshot_now();
	OtpCredentialRow *rows;
	int			count = otp_credential_fetch_all(attempt->credentials, snapshot, attempt->user,
												 &rows);

	UnregisterSnapshot(snapshot);
	for (int i = 0; i < count; i++)
		if (rows[i].credential.id == before->id &&
			otp_credential_update(attempt->credentials, &rows[i], before) != OTP_UPDATED)
			elog(ERROR, "a row of table \"otp_credential\" was changed by someone else");
}

static OtpSpent
spend_in_transaction(OtpAttempt *attempt, OtpMethod method)
{
	otp_attempt_end_round(attempt);
	RESUME_INTERRUPTS();
	if (update_as_spent(attempt, method) != OTP_UPDATED)
		return OTP_SPENT_LOST;
	if (is_in_time(attempt, method))
		return OTP_SPENT_IN_TRANSACTION;
	/* An issued code is of no use any more, but what is said to be refused must not be confirmed or moved on. */
	if (method == OTP_METHOD_TOTP || method == OTP_METHOD_HOTP)
		take_back(attempt);
	return OTP_SPENT_TOO_LATE;
}

static void
clear_at_once(void *arg)
{
	const OtpAttempt *attempt = arg;

	otp_stop_clear(&attempt->stop, attempt->baselines, attempt->user, attempt->purpose,
				   &attempt->budget.budget, true);
}

OtpSpent
otp_spend(OtpAttempt *attempt, OtpMethod method)
{
	ItemPointer tid;
	Relation	rel = matched_row(attempt, method, &tid);
	OtpOverwrite overwrite;
	OtpOverwriteState state;
	TransactionId busy;

	/* What confirms or resynchronises changes more than what is spent. */
	if (!attempt->policy.spent_at_once || attempt->aim != OTP_AIM_VERIFY)
		return spend_in_transaction(attempt, method);
	state = otp_overwrite_try(&overwrite, rel, tid, &busy);
	if (state == OTP_OVERWRITE_OWN)
		return spend_in_transaction(attempt, method);
	if (state == OTP_OVERWRITE_READY)
	{
		overwrite_as_spent(attempt, method, &overwrite);
		/* Whoever is judged next would find guesses counted that count no more. */
		otp_permanent_before_error(attempt->before, clear_at_once, attempt);
	}
	otp_attempt_end_round(attempt);
	if (state == OTP_OVERWRITE_READY)
		return OTP_SPENT_AT_ONCE;
	RESUME_INTERRUPTS();
	if (state == OTP_OVERWRITE_BUSY)
		XactLockTableWait(busy, rel, tid, XLTW_Update);
	return OTP_SPENT_LOST;
}

const char *
otp_spend_event(const OtpAttempt *attempt)
{
	switch (attempt->aim)
	{
		case OTP_AIM_CONFIRM:
			return "confirmed";
		case OTP_AIM_RESYNC:
			return "resynced";
		case OTP_AIM_UNLOCK:
			return "unlocked";
		default:
			return "accepted";
	}
}

void
otp_spend_check_conflicts(const OtpAttempt *attempt, bool issued, bool cleared)
{
	if (issued)
		otp_table_check_conflict(attempt->challenges, attempt->challenge.tuple);
	for (int i = 0; i < attempt->authenticators.count; i++)
		otp_table_check_conflict(attempt->credentials, attempt->authenticators.rows[i].tuple);
	if (attempt->recovery.exists)
		otp_table_check_conflict(attempt->recoveries, attempt->recovery.row.tuple);
	if (cleared)
		otp_stop_check_conflicts(&attempt->stop, attempt->baselines, attempt->user,
								 attempt->purpose);
}
