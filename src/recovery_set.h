/*
 * recovery_set.h
 *		A user's set of recovery codes, and whether a guess is one of them.
 */
#ifndef OTP_RECOVERY_SET_H
#define OTP_RECOVERY_SET_H

#include "compat.h"

#include "authenticator.h"
#include "core/canonical.h"
#include "core/hmac.h"
#include "store/recovery.h"

/* symbols of a recovery code, of the 31 of OTP_ALPHABET_ALPHANUMERIC: 59 bits */
#define OTP_RECOVERY_LENGTH	12

/* bytes of what otp_recovery_state() writes */
#define OTP_RECOVERY_STATE	16

typedef struct OtpRecoverySet
{
	bool		exists;			/* can the guess be one of a set? */
	OtpRecoveryRow row;

	/* what the search found */
	OtpMatch	match;
	int			which;			/* the code */
} OtpRecoverySet;

/* How many codes of a set are not spent. */
extern int	otp_recovery_count_left(const OtpRecovery *recovery);

/* What the next search depends on, but for the guess: OTP_RECOVERY_STATE bytes. */
extern void otp_recovery_state(const OtpRecoverySet *set, uint8 *state);

/* Code number i of a set, by its seed: HMAC-SHA256 keyed with it.  false: OpenSSL failed. */
extern bool otp_recovery_code(OtpHmac *seed, int i, char code[OTP_CODE_MAX + 1]);

/* An HMAC keyed with the seed of a set; the caller wipes it.  OT005, XX000. */
extern OtpHmac *otp_recovery_seed(const text *user, const OtpRecovery *recovery);

/*
 * Compares the guess with every code of the set, in constant time and without an early exit.  The
 * data key is at hand.  Errors: OT005, XX000 if OpenSSL fails, both whatever the guess is.
 */
extern void otp_recovery_search(OtpRecoverySet *set, const text *user, const OtpGuess *guess);

/* The set once the code that matched has been accepted. */
extern OtpRecovery otp_recovery_accept(const OtpRecoverySet *set);

#endif							/* OTP_RECOVERY_SET_H */
