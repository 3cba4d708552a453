/*
 * userlock.h
 *		Short heavyweight locks that serialize the judgements of a user.
 *
 * They stand in an advisory class of our own, apart from pg_advisory_lock()'s.  A lock is
 * released when the call ends, or with the (sub)transaction on an error.  Whoever holds one
 * must not wait for another transaction.
 */
#ifndef OTP_USERLOCK_H
#define OTP_USERLOCK_H

#include "postgres.h"

#include "storage/lock.h"

extern void otp_user_lock(LOCKTAG *tag, const text *user);

/* The lock of a destination's counts; whoever takes a user's lock as well takes that first. */
extern void otp_destination_lock(LOCKTAG *tag, const text *destination);

/* The one lock under which the first data key is made. */
extern void otp_keyring_lock(LOCKTAG *tag);

/* The one lock under which it is asked whether an index is being built. */
extern void otp_probe_lock(LOCKTAG *tag);

extern void otp_lock_release(const LOCKTAG *tag);

#endif							/* OTP_USERLOCK_H */
