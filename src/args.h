/*
 * args.h
 *		The arguments that functions share, and where the stateful ones may be called.
 */
#ifndef OTP_ARGS_H
#define OTP_ARGS_H

#include "postgres.h"

#include "fmgr.h"

/* bytes of a user's id, at most; an index entry has room for it */
#define OTP_USER_ID_MAX	512

/* what the ids of forgotten users' budgets begin with, and no user's id */
#define OTP_PSEUDONYM_PREFIX	"forgotten:"

/*
 * Refuses on a standby, in a read-only transaction (25006) and in a parallel worker.
 * function: its name in the message, as "otp_issue()".
 */
extern void otp_require_writable(const char *function);

/* Any text.  22004 if null. */
extern const text *otp_arg_text(FunctionCallInfo fcinfo, int n, const char *name);

/* The id of a user.  22004 if null, 22023 if empty, too long or reserved. */
extern const text *otp_arg_user(FunctionCallInfo fcinfo, int n);

/* The same id.  22023 as above. */
extern const text *otp_checked_user(const text *user);

/*
 * The id of a user whom someone claims to be: what cannot be one (null, too long, reserved) is
 * the empty id, which is nobody's.
 */
extern const text *otp_arg_claimed_user(FunctionCallInfo fcinfo, int n);

/* A purpose.  22004 if null, 22023 if empty or too long. */
extern const text *otp_arg_purpose(FunctionCallInfo fcinfo, int n);

/* A context, any text.  22004 if null. */
extern const text *otp_arg_context(FunctionCallInfo fcinfo, int n);

/* The same counter (RFC 4226).  22023 if it is negative. */
extern int64 otp_checked_counter(int64 counter);

/* The same text.  22023 if it is empty or has more than `max` bytes. */
extern const text *otp_checked_short_text(const text *value, int max, const char *name);

/* Text of at most `max` bytes, or NULL if null.  22023 if empty or too long. */
extern const text *otp_arg_short_text(FunctionCallInfo fcinfo, int n, int max, const char *name);

#endif							/* OTP_ARGS_H */
