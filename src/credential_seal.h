/*
 * credential_seal.h
 *		The secrets of authenticators and the seeds of recovery codes, sealed.
 *
 * Under a data key, with the row's identity and parameters as associated data: a secret does not open in another row,
 * nor for another user, kind, algorithm, number of digits or period.
 */
#ifndef OTP_CREDENTIAL_SEAL_H
#define OTP_CREDENTIAL_SEAL_H

#include "compat.h"

#include "keyring.h"
#include "store/credential.h"
#include "store/recovery.h"

/*
 * Seals the raw key of a credential, whose other fields are set: writes length + OTP_SEAL_OVERHEAD
 * bytes, and sets key_id, sealed and sealed_length.
 */
extern void otp_credential_seal(const OtpDataKey *key, OtpCredential *credential,
								const uint8 *secret, size_t length, uint8 *sealed);

/*
 * The raw key of a credential, of which the caller wipes as many bytes as are returned; room for
 * OTP_KEY_MAX.  OT005 if it does not open.
 */
extern size_t otp_credential_open(const OtpDataKey *key, const OtpCredential *credential,
								  uint8 *secret);

/* The same for a set of recovery codes, whose seed has OTP_KEY_SIZE bytes. */
extern void otp_recovery_seal(const OtpDataKey *key, const text *user, OtpRecovery *recovery,
							  const uint8 *seed);
extern void otp_recovery_open(const OtpDataKey *key, const text *user,
							  const OtpRecovery *recovery, uint8 *seed);

#endif							/* OTP_CREDENTIAL_SEAL_H */
