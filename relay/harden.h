/*
 * harden.h
 *		Keeps what is in memory there.
 */
#ifndef OTP_RELAY_HARDEN_H
#define OTP_RELAY_HARDEN_H

extern void harden(void);

#endif							/* OTP_RELAY_HARDEN_H */
