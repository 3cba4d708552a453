/*
 * kept_key.h
 *		The key that a call site of a pure function used last.
 *
 * Setting the key of an HMAC costs as much as a code, so each call site keeps one that is keyed,
 * for the next call with the same secret: a column of codes for one user, or of guesses.
 *
 * It is wiped when another secret comes, and when the memory of the call site is freed, on which
 * PostgreSQL calls us whether the query ended well, was cancelled or failed: with the query, or
 * in PL/pgSQL with the transaction.  That is as soon as one is done with it: as long as the query
 * runs, the secret stands in its plan, its parameters or its rows, and may come again.
 */
#ifndef OTP_KEPT_KEY_H
#define OTP_KEPT_KEY_H

#include "postgres.h"

#include "fmgr.h"

#include "core/hotp.h"

/* An HMAC keyed with the secret.  Valid until the next call of the call site. */
extern OtpHmac *otp_kept_key(FmgrInfo *call_site, const OtpSecret *secret);

#endif							/* OTP_KEPT_KEY_H */
