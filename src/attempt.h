/*
 * attempt.h
 *		An attempt to verify a code, and its verdict.
 */
#ifndef OTP_ATTEMPT_H
#define OTP_ATTEMPT_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "storage/lock.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "authenticator.h"
#include "core/canonical.h"
#include "keyring.h"
#include "recovery_set.h"
#include "stop.h"
#include "store/budget.h"
#include "store/challenge.h"
#include "store/policy.h"

#define OTP_NO_COUNT	(-1)

typedef struct OtpVerdict
{
	const char *reason;
	const char *method;			/* NULL: null */
	int			attempts_left;	/* OTP_NO_COUNT: null */
	TimestampTz retry_at;		/* 0: null */
	bool		at_once;		/* is what was accepted spent whatever becomes of the transaction? */
} OtpVerdict;

static inline bool
otp_verdict_is_accepted(const OtpVerdict *verdict)
{
	return strcmp(verdict->reason, "accepted") == 0;
}

/* An attempt, and what is known of it in the present round. */
typedef struct OtpAttempt
{
	OtpAim		aim;
	const text *user;
	const text *purpose;
	const text *context;
	int64		credential_id;	/* that the guess is aimed at; 0: any */
	bool		numbered;		/* is it bound to a number, as only an issued code can be? */
	char		guess[OTP_CODE_MAX + 1];
	size_t		guess_length;
	/* the codes that follow it, of OTP_AIM_RESYNC and OTP_AIM_UNLOCK */
	char		following[OTP_RUN_MAX - 1][OTP_CODE_MAX + 1];
	size_t		following_length[OTP_RUN_MAX - 1];
	int			run;			/* codes of all that is guessed; 0: one */
	OtpPolicy	policy;
	OtpLimits	limits;
	List	   *stop_policies;	/* as of otp_stop_policies(); NIL: no purpose has a hard stop */
	int32		writing_id;
	XLogRecPtr	before;			/* what the transaction had written before */

	/* NULL: none of it can be what is guessed at */
	Relation	challenges;
	Relation	credentials;
	Relation	recoveries;
	Relation	baselines;		/* NULL: no purpose has a hard stop */
	Relation	budgets;
	Relation	decoys;
	Relation	keys;			/* NULL: the user's pseudonyms have not been asked for */

	LOCKTAG		lock;
	Snapshot	snapshot;
	TimestampTz now;
	OtpBudgetRow budget;
	List	   *baseline_rows;	/* all of the user's rows of otp_baseline */
	OtpStop		stop;
	List	   *due;			/* what is to be announced: see announce.h */
	OtpChallengeRow challenge;
	bool		challenged;		/* is there a challenge? */
	OtpAuthenticators authenticators;
	OtpRecoverySet recovery;
	const OtpDataKey *key;		/* of the challenge; the writing one if there is none */

	char		expected[OTP_CODE_MAX + 1];
	uint8		tag[OTP_TAG_SIZE];
	int64		digest;			/* of the guess at all this */
} OtpAttempt;

/*
 * Judges a guess: charges or spends what the verdict says.  The caller has filled in aim, user, purpose,
 * context, credential_id and guess, with what follows it, and set the rest to zero.  A rejection is on disk when this returns, and so is
 * an acceptance that is spent at once.
 */
extern void otp_attempt_judge(OtpAttempt *attempt, OtpVerdict *verdict);

/* Ends a round: lets go of its snapshot and of the user's lock. */
extern void otp_attempt_end_round(OtpAttempt *attempt);

/* Wipes the guess and the code that it was compared with. */
extern void otp_attempt_wipe(OtpAttempt *attempt);

#endif							/* OTP_ATTEMPT_H */
