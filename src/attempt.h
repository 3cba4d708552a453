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

#include "core/canonical.h"
#include "keyring.h"
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
} OtpVerdict;

/* An attempt, and what is known of it in the present round. */
typedef struct OtpAttempt
{
	const text *user;
	const text *purpose;
	const text *context;
	char		guess[OTP_CODE_MAX + 1];
	size_t		guess_length;
	OtpPolicy	policy;
	OtpLimits	limits;
	int32		writing_id;
	XLogRecPtr	before;			/* what the transaction had written before */

	Relation	challenges;
	Relation	budgets;
	Relation	decoys;

	LOCKTAG		lock;
	Snapshot	snapshot;
	TimestampTz now;
	OtpBudgetRow budget;
	OtpChallengeRow challenge;
	bool		challenged;		/* is there a challenge? */
	const OtpDataKey *key;		/* of the challenge; the writing one if there is none */

	char		expected[OTP_CODE_MAX + 1];
	uint8		tag[OTP_TAG_SIZE];
	int64		digest;			/* of the guess at this challenge */
} OtpAttempt;

/*
 * Judges a guess: charges or spends what the verdict says.  The caller has filled in user, purpose,
 * context and guess, and set the rest to zero.  A rejection is on disk when this returns.
 */
extern void otp_attempt_judge(OtpAttempt *attempt, OtpVerdict *verdict);

/* Wipes the guess and the code that it was compared with. */
extern void otp_attempt_wipe(OtpAttempt *attempt);

#endif							/* OTP_ATTEMPT_H */
