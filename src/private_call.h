/*
 * private_call.h
 *		Calls whose statement has a code or a secret in it.
 */
#ifndef OTP_PRIVATE_CALL_H
#define OTP_PRIVATE_CALL_H

#include "postgres.h"

typedef void (*OtpPrivateStep) (void *argument);

/*
 * Does `call`, and then, also after an error, `wipe`.  What the server logs meanwhile, lock waits and FATAL too, cannot quote
 * the statement, and an error is logged without it and without the context that quotes it.
 */
extern void otp_private_call(OtpPrivateStep call, OtpPrivateStep wipe, void *argument);

#endif							/* OTP_PRIVATE_CALL_H */
