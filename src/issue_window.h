/*
 * issue_window.h
 *		How many codes were handed out in the window that ends now.
 *
 * Pure functions of what they are given.
 */
#ifndef OTP_ISSUE_WINDOW_H
#define OTP_ISSUE_WINDOW_H

#include "compat.h"

#include "datatype/timestamp.h"

#include "store/quota.h"

/* Drops what is older than the window of counts that there are. */
extern void otp_window_advance(OtpQuota *quota, TimestampTz now);

/*
 * Brings counts up to date, or all zero into being.  With a window of another length, all that counted still counts, as of
 * now.
 */
extern void otp_window_begin(OtpQuota *quota, int64 window, TimestampTz now);

/* Counts one more, in a window that is up to date. */
extern void otp_window_count(OtpQuota *quota);

/* How many count. */
extern int64 otp_window_sum(const OtpQuota *quota);

/* When one more could be handed out; 0: now. */
extern TimestampTz otp_window_next_at(const OtpQuota *quota, int max);

/* Has the last slot that has a count left the window? */
extern bool otp_window_is_over(const OtpQuota *quota, TimestampTz now);

#endif							/* OTP_ISSUE_WINDOW_H */
