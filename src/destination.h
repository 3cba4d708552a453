/*
 * destination.h
 *		Where a message goes: a telephone number, a mail address, or what a provider calls it.
 */
#ifndef OTP_DESTINATION_H
#define OTP_DESTINATION_H

#include "compat.h"

/* bytes of a destination, at most */
#define OTP_DESTINATION_MAX	512

/*
 * The canonical form.  kind: of the channel.  sms and voice: a number as of E.164, + and 7 to 15 digits, between which spaces,
 * hyphens, dots and parentheses are dropped.  email: local part and domain in ASCII (RFC 5321 section 4.1.2 without
 * quoting and address literals, 254 bytes at most), the domain in lower case.  chat and push: visible ASCII.
 *
 * Errors: 22023.  The message does not show the destination.
 */
extern const text *otp_destination_canonical(const text *destination, const char *kind);

/* Is it a mail address, as of kind email? */
extern bool otp_is_mail_address(const char *s);

/* By what messages to it are counted: no other spelling of an address counts apart. */
extern const text *otp_destination_counted(const text *canonical);

#endif							/* OTP_DESTINATION_H */
