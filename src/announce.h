/*
 * announce.h
 *		What is announced of a user's stops: a warning before one, and the stop.
 *
 * A wrong guess counts toward the stops of all purposes, so all are looked at that otp_status() shows of the user: those that
 * have a policy, that have been judged for, or have a code; and the one that is guessed at.  For those that nothing is known of,
 * one of them speaks that has the default's policy as well, or else purpose "default".  Each is announced once: what has
 * been is noted in otp_baseline.
 */
#ifndef OTP_ANNOUNCE_H
#define OTP_ANNOUNCE_H

#include "compat.h"

#include "attempt.h"

/*
 * Everything that may wait for another transaction, before the user's lock is taken: opens the tables.
 */
extern void otp_announce_open(OtpAttempt *attempt);

/*
 * Under the user's lock, before a guess is judged: what there is to be announced if it is wrong, and has other purposes' stops
 * that time has ended count no more, which a wrong guess would else prolong.
 */
extern void otp_announce_prepare(OtpAttempt *attempt);

/* What there is to be announced with a refusal: that guesses for the purpose are stopped, if nobody has been told. */
extern void otp_announce_refused(OtpAttempt *attempt);

/* Still under the user's lock: notes it, so that nobody else announces it. */
extern void otp_announce_note(OtpAttempt *attempt);

/* Announces it.  Returns false as otp_event_permanent() does. */
extern bool otp_announce(const OtpAttempt *attempt);

#endif							/* OTP_ANNOUNCE_H */
