/*
 * authenticator.c
 *		The authenticators that a guess is aimed at, and whether it is a code of one of them.
 *
 * A position is a time step of TOTP or a counter of HOTP.  One is accepted only if it is greater
 * than the last that was (RFC 6238 section 5.2, RFC 4226 section 7.2).
 */
#include "compat.h"

#include "utils/timestamp.h"

#include "authenticator.h"
#include "core/big_endian.h"
#include "core/secure.h"
#include "credential_seal.h"
#include "errors.h"

/* counters behind the last one that are told from wrong codes */
#define HOTP_LOOK_BACK	10

/* Positions from first to last; none if last is less. */
typedef struct Span
{
	int64		first;
	int64		last;
} Span;

static int64
time_step(const OtpCredential *credential, TimestampTz now)
{
	int64		micros = now + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;

	return otp_totp_step(micros / USECS_PER_SEC, credential->period);
}

/* Where a code of the authenticator is expected now, used ones and others. */
static Span
expected_span(const OtpAuthenticators *authenticators, const OtpCredential *credential,
			  TimestampTz now)
{
	bool		resync = authenticators->aim == OTP_AIM_RESYNC;
	int			window = resync ? authenticators->resync_window : credential->window_size;
	/* what unlocks ends with the code of now */
	int			earlier = resync ? 0 : authenticators->run - 1;
	Span		span;

	if (credential->kind == OTP_CREDENTIAL_TOTP)
	{
		int64		centre = time_step(credential, now) + (resync ? 0 : credential->drift);

		span.first = centre - window - earlier;
		span.last = centre + window - earlier;
	}
	else
	{
		span.first = credential->last_position + 1 - (resync ? window : HOTP_LOOK_BACK);
		/* a pair ends one behind, and the counter after the last one is still a number */
		span.last = credential->last_position > PG_INT64_MAX - window - 3 ? PG_INT64_MAX - 2 :
			credential->last_position + 1 + window;
	}
	span.first = Max(span.first, 0);
	return span;
}

static bool
is_aimed_at(const OtpAuthenticators *authenticators, const OtpCredential *credential,
			int methods, int64 id)
{
	OtpMethod	method = credential->kind == OTP_CREDENTIAL_TOTP ? OTP_METHOD_TOTP :
		OTP_METHOD_HOTP;
	bool		pending = credential->state == OTP_CREDENTIAL_PENDING;

	if (id != 0 && credential->id != id)
		return false;
	if (authenticators->aim == OTP_AIM_CONFIRM)
		return pending;
	if (authenticators->aim == OTP_AIM_UNLOCK && method != OTP_METHOD_TOTP)
		return false;
	return !pending && (methods & OTP_METHOD_BIT(method)) != 0;
}

void
otp_authenticators_load(OtpAuthenticators *authenticators, Relation rel, Snapshot snapshot,
						const text *user, int methods, int64 id)
{
	OtpCredentialRow *rows;
	int			found = otp_credential_fetch_all(rel, snapshot, user, &rows);
	int			count = 0;

	authenticators->match = OTP_MATCH_NONE;
	authenticators->expired = false;
	for (int i = 0; i < found; i++)
		if (is_aimed_at(authenticators, &rows[i].credential, methods, id))
			rows[count++] = rows[i];
	/* the newest enrolment is the one that is meant */
	if (authenticators->aim == OTP_AIM_CONFIRM && count > 0)
	{
		rows[0] = rows[count - 1];
		authenticators->expired = rows[0].credential.expires_at <= authenticators->now;
		count = authenticators->expired ? 0 : 1;
	}
	if (count > OTP_AUTHENTICATORS_MAX)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a user must not have more than %d authenticators",
					   OTP_AUTHENTICATORS_MAX),
				otp_errprivate());
	authenticators->rows = rows;
	authenticators->count = count;
}

void
otp_authenticators_state(const OtpAuthenticators *authenticators, uint8 *state)
{
	for (int i = 0; i < authenticators->count; i++)
	{
		const OtpCredential *credential = &authenticators->rows[i].credential;
		Span		span = expected_span(authenticators, credential, authenticators->now);

		otp_put_64(state, credential->id);
		otp_put_64(state + 8, credential->last_position);
		otp_put_64(state + 16, span.first);
		otp_put_64(state + 24, span.last);
		state += OTP_AUTHENTICATOR_STATE;
	}
}

/* The last position of the first run in the span whose codes the guesses are; or -1. */
static bool
search_span(OtpHmac *key, int digits, const OtpGuess *guess, Span span, uint64 *counters,
			int64 *position)
{
	int			more = guess->run - 1;
	int			count = span.last < span.first ? 0 : span.last - span.first + 1;
	int			match = -1;
	bool		ok;

	*position = -1;
	if (count == 0)
		return true;
	for (int i = 0; i < count + more; i++)
		counters[i] = span.first + i;
	ok = otp_hotp_search_run(key, digits, guess->run, guess->codes, guess->lengths, counters,
							 count + more, &match);
	if (match >= 0)
		*position = span.first + match + more;
	return ok;
}

/* Both spans are searched, whatever is found. */
static bool
search_credential(OtpAuthenticators *authenticators, int which, OtpHmac *key,
				  const OtpGuess *guess, uint64 *counters)
{
	const OtpCredential *credential = &authenticators->rows[which].credential;
	Span		used = expected_span(authenticators, credential, authenticators->now);
	Span		live = used;
	int64		used_position;
	int64		live_position;
	bool		ok;

	used.last = Min(used.last, credential->last_position);
	live.first = Max(live.first, credential->last_position + 1);
	ok = search_span(key, credential->digits, guess, used, counters, &used_position) &&
		search_span(key, credential->digits, guess, live, counters, &live_position);
	if (!ok)
		return false;
	if (live_position >= 0 && authenticators->match < OTP_MATCH_LIVE)
	{
		authenticators->match = OTP_MATCH_LIVE;
		authenticators->which = which;
		authenticators->position = live_position;
	}
	else if (used_position >= 0 && authenticators->match < OTP_MATCH_USED)
	{
		authenticators->match = OTP_MATCH_USED;
		authenticators->which = which;
	}
	return true;
}

/* An HMAC of the algorithm without a key, kept by the session. */
static OtpHmac *
unkeyed(OtpAlgorithm algorithm)
{
	static OtpHmac *kept[OTP_ALGORITHM_COUNT];

	if (kept[algorithm] == NULL)
		kept[algorithm] = otp_hmac_new(algorithm);
	return kept[algorithm];
}

/* Room for the counters of any span that will be searched. */
static uint64 *
make_counters(const OtpAuthenticators *authenticators)
{
	int64		most = 0;

	for (int i = 0; i < authenticators->count; i++)
	{
		Span		span = expected_span(authenticators, &authenticators->rows[i].credential,
										 authenticators->now);

		most = Max(most, span.last - span.first + 1);
	}
	return palloc((most + authenticators->run - 1) * sizeof(uint64));
}

void
otp_authenticators_search(OtpAuthenticators *authenticators, const OtpGuess *guess)
{
	uint64	   *counters;

	if (authenticators->count == 0)
		return;
	/* now, because nothing may fail while an HMAC has a secret for its key */
	counters = make_counters(authenticators);
	authenticators->match = OTP_MATCH_NONE;
	for (int i = 0; i < authenticators->count; i++)
	{
		const OtpCredential *credential = &authenticators->rows[i].credential;
		OtpHmac    *key = unkeyed(credential->algorithm);
		uint8		secret[OTP_KEY_MAX];
		size_t		length;
		bool		ok;

		length = otp_credential_open(otp_data_key_at_hand(credential->key_id), credential, secret);
		ok = key != NULL && otp_hmac_key(key, secret, length);
		otp_wipe(secret, length);
		ok = ok && search_credential(authenticators, i, key, guess, counters);
		if (key != NULL)
			otp_hmac_wipe(key);
		if (!ok)
			otp_openssl_error("compute an HMAC");
	}
	pfree(counters);
}

/*
 * How far the token's clock is ahead, by the code that it has just shown.  A resynchronisation may
 * find it beyond the cap; then what is learned later does not leave that again.
 */
static int
learned_drift(const OtpAuthenticators *authenticators, const OtpCredential *credential, int cap)
{
	int			drift = authenticators->position - time_step(credential, authenticators->now);

	if (authenticators->aim == OTP_AIM_RESYNC)
		return drift;
	return Max(Min(drift, Max(cap, credential->drift)), Min(-cap, credential->drift));
}

OtpCredential
otp_authenticators_accept(const OtpAuthenticators *authenticators, const OtpLimits *limits)
{
	OtpCredential accepted = authenticators->rows[authenticators->which].credential;

	if (accepted.kind == OTP_CREDENTIAL_TOTP)
		accepted.drift = learned_drift(authenticators, &accepted, limits->max_drift);
	accepted.last_position = authenticators->position;
	accepted.used_at = authenticators->now;
	accepted.state = OTP_CREDENTIAL_ACTIVE;
	accepted.expires_at = DT_NOEND;
	return accepted;
}

bool
otp_authenticators_in_time(const OtpAuthenticators *authenticators, TimestampTz now)
{
	const OtpCredential *credential = &authenticators->rows[authenticators->which].credential;

	return credential->expires_at > now &&
		(credential->kind == OTP_CREDENTIAL_HOTP ||
		 authenticators->position - authenticators->run + 1 >=
		 expected_span(authenticators, credential, now).first);
}

OtpMethod
otp_authenticators_method(const OtpAuthenticators *authenticators)
{
	const OtpCredential *credential = &authenticators->rows[authenticators->which].credential;

	return credential->kind == OTP_CREDENTIAL_TOTP ? OTP_METHOD_TOTP : OTP_METHOD_HOTP;
}
