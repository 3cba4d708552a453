/*
 * duty.h
 *		Duties: which functions and views each of them takes.
 */
#ifndef OTP_DUTY_H
#define OTP_DUTY_H

#include "postgres.h"

typedef struct OtpDuty
{
	const char *name;
	const char *const *functions;	/* signatures; %1$s stands for the extension's schema */
	const char *const *views;
} OtpDuty;

#define OTP_DUTY_COUNT	5

extern const OtpDuty otp_duties[OTP_DUTY_COUNT];

/* 22023 if there is no such duty. */
extern const OtpDuty *otp_duty_by_name(const char *name);

/* Is this function or view, as it is written there, one of the duty's? */
extern bool otp_duty_takes(const OtpDuty *duty, const char *name);

/* Does any other duty take it? */
extern bool otp_duty_shares(const OtpDuty *duty, const char *name);

#endif							/* OTP_DUTY_H */
