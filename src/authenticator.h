/*
 * authenticator.h
 *		The authenticators that a guess is aimed at, and whether it is a code of one of them.
 */
#ifndef OTP_AUTHENTICATOR_H
#define OTP_AUTHENTICATOR_H

#include "compat.h"

#include "datatype/timestamp.h"

#include "core/hotp.h"
#include "store/credential.h"
#include "store/policy.h"

/* authenticators of a user, at most: a guess is compared with all of them under a lock */
#define OTP_AUTHENTICATORS_MAX	20

/* bytes of what otp_authenticators_state() writes per authenticator */
#define OTP_AUTHENTICATOR_STATE	32

/* What a guess is for. */
typedef enum OtpAim
{
	OTP_AIM_VERIFY,				/* all that is active, of the policy's methods */
	OTP_AIM_CONFIRM,			/* a pending enrolment */
	OTP_AIM_RESYNC,				/* one active authenticator, two consecutive codes */
	OTP_AIM_UNLOCK				/* any active TOTP authenticator, several consecutive codes */
} OtpAim;

/* What a guess turned out to be. */
typedef enum OtpMatch
{
	OTP_MATCH_NONE,
	OTP_MATCH_EXPIRED,			/* right, but too late */
	OTP_MATCH_USED,				/* a code at or before the last one that was accepted */
	OTP_MATCH_LIVE				/* a code that can be accepted */
} OtpMatch;

/* Canonical guesses at consecutive codes: one, of a resynchronisation two, of an unlocking several. */
typedef struct OtpGuess
{
	int			run;
	const char *codes[OTP_RUN_MAX];
	size_t		lengths[OTP_RUN_MAX];
} OtpGuess;

typedef struct OtpAuthenticators
{
	OtpAim		aim;
	TimestampTz now;
	int			resync_window;
	int			run;			/* consecutive codes that a guess consists of */
	int			count;			/* of those that the guess is aimed at */
	OtpCredentialRow *rows;
	bool		expired;		/* of OTP_AIM_CONFIRM: is there but an enrolment that has expired? */

	/* what the search found */
	OtpMatch	match;
	int			which;			/* the row */
	int64		position;		/* time step or counter of the (last) code */
} OtpAuthenticators;

/*
 * Reads those of a user that the aim, the policy's methods and the id (0: any) are about.  The
 * caller has set aim, now, resync_window and run.  Errors: OT005; 54000 if someone has put too many into the table.
 */
extern void otp_authenticators_load(OtpAuthenticators *authenticators, Relation rel,
									Snapshot snapshot, const text *user, int methods, int64 id);

/*
 * What the next search depends on, but for the guess: writes OTP_AUTHENTICATOR_STATE bytes per row.  The same
 * guess at the same state has the same outcome.
 */
extern void otp_authenticators_state(const OtpAuthenticators *authenticators, uint8 *state);

/*
 * Compares the guess with every code that is expected, in constant time and without an early
 * exit.  The data keys of all rows are at hand.  Errors: OT005, XX000 if OpenSSL fails, both
 * whatever the guess is.
 */
extern void otp_authenticators_search(OtpAuthenticators *authenticators, const OtpGuess *guess);

/* The row that matched, as it is once the code has been accepted. */
extern OtpCredential otp_authenticators_accept(const OtpAuthenticators *authenticators,
											   const OtpLimits *limits);

/* Is the code that matched still one that is expected? */
extern bool otp_authenticators_in_time(const OtpAuthenticators *authenticators, TimestampTz now);

/* totp or hotp: of the row that matched. */
extern OtpMethod otp_authenticators_method(const OtpAuthenticators *authenticators);

#endif							/* OTP_AUTHENTICATOR_H */
