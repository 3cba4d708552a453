/*
 * verify.h
 *		A guess that a client sends, judged.
 */
#ifndef OTP_VERIFY_H
#define OTP_VERIFY_H

#include "compat.h"

#include "attempt.h"

/* The purposes, of policy and trail, of what is no acceptance for a purpose of the application's. */
#define OTP_PURPOSE_ENROLL	"enroll"
#define OTP_PURPOSE_RESYNC	"resync"

/* Makes a code canonical; NULL and what cannot be one is of length 0. */
extern size_t otp_verify_canonical(const text *code, char guess[OTP_CODE_MAX + 1]);

/*
 * otp_attempt_judge() for a client: what cannot be a code is malformed; nothing that the server
 * logs meanwhile quotes the statement; the attempt is wiped.
 * function: the caller's name in messages, as "otp_verify()".
 */
extern void otp_verify_attempt(OtpAttempt *attempt, const char *function, OtpVerdict *verdict);

#endif							/* OTP_VERIFY_H */
