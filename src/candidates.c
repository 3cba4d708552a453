/*
 * candidates.c
 *		What a guess is compared with.
 */
#include "compat.h"

#include "access/table.h"
#include "utils/timestamp.h"

#include "candidates.h"
#include "challenge.h"
#include "core/secure.h"
#include "errors.h"
#include "otp_limits.h"

/* A table of what may be guessed at, or NULL if it may not. */
static Relation
open_if(bool wanted, OtpTable table, const text *user)
{
	return wanted ? otp_table_open(table, user, RowExclusiveLock) : NULL;
}

static bool
accepts(const OtpAttempt *attempt, int methods)
{
	return attempt->aim == OTP_AIM_VERIFY && (attempt->policy.methods & methods) != 0;
}

void
otp_candidates_open(OtpAttempt *attempt)
{
	const text *user = attempt->user;

	attempt->challenges = open_if(accepts(attempt, OTP_METHOD_BIT(OTP_METHOD_ISSUED)),
								  OTP_TABLE_CHALLENGE, user);
	attempt->credentials = open_if(attempt->aim != OTP_AIM_VERIFY ||
								   accepts(attempt, OTP_METHOD_BIT(OTP_METHOD_TOTP) |
										   OTP_METHOD_BIT(OTP_METHOD_HOTP)),
								   OTP_TABLE_CREDENTIAL, user);
	/* The length of a guess is no secret. */
	attempt->recoveries = open_if(accepts(attempt, OTP_METHOD_BIT(OTP_METHOD_RECOVERY)) &&
								  attempt->guess_length == OTP_RECOVERY_LENGTH,
								  OTP_TABLE_RECOVERY, user);
}

static void
close_if(Relation rel)
{
	if (rel != NULL)
		table_close(rel, NoLock);
}

void
otp_candidates_close(OtpAttempt *attempt)
{
	close_if(attempt->challenges);
	close_if(attempt->credentials);
	close_if(attempt->recoveries);
}

void
otp_candidates_load(OtpAttempt *attempt)
{
	attempt->challenged = attempt->challenges != NULL &&
		otp_challenge_fetch(attempt->challenges, attempt->snapshot, attempt->user,
							attempt->purpose, &attempt->challenge);
	if (!attempt->challenged)
		memset(&attempt->challenge, 0, sizeof(attempt->challenge));
	attempt->authenticators.aim = attempt->aim;
	attempt->authenticators.now = attempt->now;
	attempt->authenticators.resync_window = attempt->limits.resync_window;
	attempt->authenticators.run = Max(attempt->run, 1);
	if (attempt->credentials != NULL)
		otp_authenticators_load(&attempt->authenticators, attempt->credentials,
								attempt->snapshot, attempt->user, attempt->policy.methods,
								attempt->credential_id);
	attempt->recovery.match = OTP_MATCH_NONE;
	attempt->recovery.exists = attempt->recoveries != NULL &&
		otp_recovery_fetch(attempt->recoveries, attempt->snapshot, attempt->user,
						   &attempt->recovery.row);
}

int
otp_candidates_keys(const OtpAttempt *attempt, int32 ids[OTP_CANDIDATE_KEYS])
{
	int			count = 0;

	ids[count++] = attempt->challenged ? attempt->challenge.challenge.key_id :
		attempt->writing_id;
	if (attempt->recovery.exists)
		ids[count++] = attempt->recovery.row.recovery.key_id;
	for (int i = 0; i < attempt->authenticators.count; i++)
		ids[count++] = attempt->authenticators.rows[i].credential.key_id;
	return count;
}

/* The digest of the guess at all that it is aimed at. */
static bool
derive_digest(OtpAttempt *attempt, const OtpBinding *binding)
{
	uint8		state[OTP_AUTHENTICATORS_MAX * OTP_AUTHENTICATOR_STATE + OTP_RECOVERY_STATE];
	char		all[OTP_RUN_MAX * OTP_CODE_MAX];
	size_t		all_length = attempt->guess_length;
	size_t		length = attempt->authenticators.count * OTP_AUTHENTICATOR_STATE;
	bool		ok;

	otp_authenticators_state(&attempt->authenticators, state);
	if (attempt->recovery.exists)
	{
		otp_recovery_state(&attempt->recovery, state + length);
		length += OTP_RECOVERY_STATE;
	}
	memcpy(all, attempt->guess, attempt->guess_length);
	for (int i = 0; i < attempt->run - 1; i++)
	{
		memcpy(all + all_length, attempt->following[i], attempt->following_length[i]);
		all_length += attempt->following_length[i];
	}
	ok = otp_derive_guess(attempt->key->derive, binding, (OtpBytes) {state, length}, all,
						  all_length, (uint8 *) &attempt->digest);
	otp_wipe(all, sizeof(all));
	return ok;
}

void
otp_candidates_derive(OtpAttempt *attempt)
{
	const OtpChallenge *challenge = &attempt->challenge.challenge;
	OtpAlphabet alphabet = attempt->challenged ? challenge->alphabet : attempt->policy.alphabet;
	int			length = attempt->challenged ? challenge->length : attempt->policy.length;
	OtpBinding	binding;

	/* Without a challenge, something that takes as long. */
	otp_challenge_bind(&binding, attempt->user, attempt->purpose, attempt->context,
					   challenge->nonce);
	memset(attempt->expected, 0, sizeof(attempt->expected));
	if (!otp_derive_code(attempt->key->derive, &binding, alphabet, length,
						 attempt->expected, attempt->tag) ||
		!derive_digest(attempt, &binding))
		otp_openssl_error("derive a code");
}

int
otp_candidates_issued_left(const OtpAttempt *attempt)
{
	return otp_limits_code_left(&attempt->budget.budget, &attempt->challenge.challenge,
								&attempt->policy);
}

bool
otp_candidates_issued_live(const OtpAttempt *attempt)
{
	const OtpChallenge *challenge = &attempt->challenge.challenge;

	return attempt->challenged && challenge->state == OTP_CHALLENGE_LIVE &&
		challenge->expires_at > attempt->now && otp_candidates_issued_left(attempt) > 0;
}

bool
otp_candidates_kept_live(const OtpAttempt *attempt)
{
	return attempt->authenticators.count > 0 ||
		(attempt->recovery.exists &&
		 otp_recovery_count_left(&attempt->recovery.row.recovery) > 0);
}

/* What the guess is of the issued code, in constant time; both buffers are zero behind the code. */
static OtpMatch
match_issued(const OtpAttempt *attempt)
{
	const OtpChallenge *challenge = &attempt->challenge.challenge;
	bool		same_code = otp_equal(attempt->guess, attempt->expected, OTP_CODE_MAX + 1);
	bool		same_context = otp_equal(attempt->tag, challenge->tag, OTP_TAG_SIZE);

	if (!(same_code & same_context & attempt->challenged))
		return OTP_MATCH_NONE;
	if (challenge->state == OTP_CHALLENGE_SPENT)
		return OTP_MATCH_USED;
	if (challenge->state == OTP_CHALLENGE_LIVE && challenge->expires_at <= attempt->now)
		return OTP_MATCH_EXPIRED;
	return otp_candidates_issued_live(attempt) ? OTP_MATCH_LIVE : OTP_MATCH_NONE;
}

OtpMatch
otp_candidates_match(const OtpAttempt *attempt, OtpMethod *method)
{
	OtpMatch	match = match_issued(attempt);

	*method = OTP_METHOD_ISSUED;
	if (attempt->authenticators.match > match)
	{
		match = attempt->authenticators.match;
		*method = otp_authenticators_method(&attempt->authenticators);
	}
	if (attempt->recovery.match > match)
	{
		match = attempt->recovery.match;
		*method = OTP_METHOD_RECOVERY;
	}
	return match;
}

void
otp_candidates_search(OtpAttempt *attempt)
{
	OtpGuess	guess = {Max(attempt->run, 1), {attempt->guess}, {attempt->guess_length}};

	for (int i = 1; i < guess.run; i++)
	{
		guess.codes[i] = attempt->following[i - 1];
		guess.lengths[i] = attempt->following_length[i - 1];
	}
	otp_authenticators_search(&attempt->authenticators, &guess);
	if (attempt->recovery.exists)
		otp_recovery_search(&attempt->recovery, attempt->user, &guess);
}
