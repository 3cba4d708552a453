/*
 * otpauth_uri.h
 *		The otpauth:// URI by which an authenticator app takes a secret in.
 */
#ifndef OTP_OTPAUTH_URI_H
#define OTP_OTPAUTH_URI_H

#include "postgres.h"

#include "core/otpauth.h"

/* The kind of an authenticator, "totp" or "hotp".  22023 if it is neither. */
extern OtpauthKind otp_kind_by_name(const text *name);

/*
 * The URI, as otpauth_write() writes it; the caller wipes it, if anyone.
 * account, issuer: in the database's encoding, 1 to OTPAUTH_NAME_MAX bytes in UTF-8, no
 * colon, no control characters; else 22023.  issuer: NULL, if none.
 * counter: of HOTP, the next one; 22023 if it is negative.
 * Other errors: those of otp_to_utf8().
 */
extern text *otp_uri(const OtpSecret *secret, OtpauthKind kind, int64 counter,
					 const text *account, const text *issuer);

#endif							/* OTP_OTPAUTH_URI_H */
