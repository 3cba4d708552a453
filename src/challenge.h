/*
 * challenge.h
 *		Codes that are issued: what one is bound to.
 */
#ifndef OTP_CHALLENGE_H
#define OTP_CHALLENGE_H

#include "postgres.h"

#include "core/derive.h"

/* The binding of a code of this user, purpose and context; points into its arguments. */
extern void otp_challenge_bind(OtpBinding *binding, const text *user, const text *purpose,
							   const text *context, const uint8 *nonce);

#endif							/* OTP_CHALLENGE_H */
