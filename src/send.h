/*
 * send.h
 *		Codes that are sent.
 */
#ifndef OTP_SEND_H
#define OTP_SEND_H

#include "postgres.h"

/* Setting otp.wake_relay: does a message notify channel otp_message when its transaction commits? */
extern bool otp_wake_relay;

/* Has whoever listens told, when the transaction commits, that there is a message. */
extern void otp_send_wake(void);

#endif							/* OTP_SEND_H */
