/*
 * secret.h
 *		Type otp_secret: a shared secret with its algorithm, digits and period.
 */
#ifndef OTP_SECRET_H
#define OTP_SECRET_H

#include "postgres.h"

#include "fmgr.h"

#include "core/hotp.h"

#define PG_GETARG_OTP_SECRET(n) \
	((struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n)))

/* The secret of a value; its key points into the value.  Raises XX001 if it is too short or long for one. */
extern void otp_secret_read(struct varlena *value, OtpSecret *secret);

#endif							/* OTP_SECRET_H */
