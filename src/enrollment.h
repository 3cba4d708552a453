/*
 * enrollment.h
 *		Storing an authenticator of a user.
 */
#ifndef OTP_ENROLLMENT_H
#define OTP_ENROLLMENT_H

#include "compat.h"

#include "core/hotp.h"
#include "store/credential.h"

/* windows: time steps either side, counters ahead */
#define OTP_TOTP_WINDOW			1
#define OTP_TOTP_WINDOW_MAX		10
#define OTP_HOTP_WINDOW			10
#define OTP_HOTP_WINDOW_MAX		100

typedef struct OtpEnrollment
{
	const text *user;
	OtpCredentialKind kind;
	OtpSecret	secret;
	int64		next_position;	/* the least counter or time step that will be accepted; 0 or more */
	int			drift;			/* time steps that the token's clock is ahead */
	int			window_size;
	bool		active;			/* without a confirmation */
	int64		lifetime;		/* microseconds that it waits for one */
	/* NULL: none, but for the account; each at most OTP_CREDENTIAL_TEXT_MAX bytes */
	const text *label;
	const text *issuer;
	const text *account;
	const text *serial;
} OtpEnrollment;

/*
 * Stores it, sealed, when the transaction commits, and returns its id.  One that is to be confirmed takes the place of
 * the one that was.  May wait for another transaction that is storing one of the user's.
 *
 * Errors: 23505 if the user has an authenticator with the same secret, 54000 if he has OTP_AUTHENTICATORS_MAX,
 * OT003, OT004, OT005.
 */
extern int64 otp_enrollment_store(const OtpEnrollment *enrollment);

/* Ends an authenticator when the transaction commits; false if there is none.  *kind: what it was. */
extern bool otp_enrollment_revoke(const text *user, int64 id, OtpCredentialKind *kind);

/* "totp" or "hotp" */
extern const char *otp_credential_kind_name(OtpCredentialKind kind);

#endif							/* OTP_ENROLLMENT_H */
