/*
 * channel_secret.h
 *		Table otp_channel_secret: the credentials of channels, sealed.
 */
#ifndef OTP_CHANNEL_SECRET_H
#define OTP_CHANNEL_SECRET_H

#include "compat.h"

#include "channel.h"
#include "core/template.h"
#include "owner_query.h"

/* bytes of a credential, at most */
#define OTP_CHANNEL_SECRET_SIZE	4096

/* The credentials of a channel, opened; to be wiped. */
typedef struct OtpChannelSecrets
{
	List	   *secrets;		/* of OtpChannelSecret */
	const char *damaged;		/* name of one that does not open, or NULL */
} OtpChannelSecrets;

/* The data key of a row of otp_channel_secret, as it stands. */
extern int32 otp_channel_secret_key_id(HeapTuple tuple);

/* Opens all; memory is the current context's. */
extern void otp_channel_secrets_open(const OtpOwner *owner, const OtpChannel *channel,
									 OtpChannelSecrets *secrets);

/* One of them, in UTF-8; data NULL if there is none by that name. */
extern OtpTemplateValue otp_channel_secrets_get(const OtpChannelSecrets *secrets,
												const char *name, size_t length);

/* Does the channel have any?  Within otp_owner_begin(). */
extern bool otp_channel_secrets_exist(const OtpOwner *owner, const text *channel);

/* Removes those of a channel, or of all if it is NULL, with the transaction. */
extern void otp_channel_secrets_remove(const OtpOwner *owner, const text *channel);

extern void otp_channel_secrets_wipe(OtpChannelSecrets *secrets);

/*
 * Re-seals credentials that are under other keys than the writing one, at most *batch, and takes them off it; one that
 * another transaction has locked, or that does not open, stays.  Returns how many are left.
 */
extern int64 otp_channel_secrets_rekey(int32 writing_id, int *batch);

#endif							/* OTP_CHANNEL_SECRET_H */
