/*
 * outbox.h
 *		What becomes of a message of otp_message, and what that means for those that stand in for it.
 *
 * All of it with the transaction, and within otp_owner_begin().
 */
#ifndef OTP_OUTBOX_H
#define OTP_OUTBOX_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "utils/array.h"
#include "utils/uuid.h"

#include "owner_query.h"

/* A row, as far as it is needed; what it points to is SPI's. */
typedef struct OtpOutboxMessage
{
	int64		id;
	int64		chain;
	int			step;
	int			tries;
	pg_uuid_t  *nonce;
	pg_uuid_t  *idempotency_key;
	TimestampTz expires_at;
	bool		numbered;
	const text *user;
	const text *purpose;
	const text *context;
	const text *channel;
	const text *destination;
	const text *locale;
} OtpOutboxMessage;

/* The columns that otp_outbox_read() reads. */
#define OTP_OUTBOX_COLUMNS \
	"message_id, chain, step, tries, nonce, idempotency_key, expires_at, numbered, user_id, purpose," \
	" context, channel, destination, locale"

/* How many there are. */
#define OTP_OUTBOX_COLUMN_COUNT	14

extern void otp_outbox_read(uint64 row, OtpOutboxMessage *message);

/* Runs a query without nulls that gives them; returns how many. */
extern int	otp_outbox_run(const OtpOwner *owner, OtpQuery *query, Datum *values,
						   OtpOutboxMessage **messages);

/* A lease of a worker: a try of a message, which nobody else has taken up since. */
typedef struct OtpLease
{
	int64		message_id;
	int32		tries;
} OtpLease;

/*
 * Handed over to the provider, which calls each by its id, or, if that is null, by the idempotency key.  Returns how many; the
 * others' leases are not, or no longer, somebody's.
 */
extern int	otp_outbox_sent(const OtpOwner *owner, const ArrayType *message_ids,
							const ArrayType *leases, const ArrayType *provider_ids);

/* Is nobody changing a message whose turn would come if this one failed?  Waits for nobody. */
extern bool otp_outbox_is_free(const OtpOwner *owner, const OtpOutboxMessage *message);

/* Failed for good: the next channel's turn comes.  false: the lease is not, or no longer, somebody's. */
extern bool otp_outbox_failed(const OtpOwner *owner, const OtpLease *lease, const text *error);

/*
 * To be tried again after a while that doubles from try to try, at least retry_after microseconds; for good, if the
 * code does not live that long.  false as above.
 */
extern bool otp_outbox_retry(const OtpOwner *owner, const OtpLease *lease, const text *error,
							 int64 retry_after);

/*
 * Why a message is not to be sent any more, although its code is live: overtaken, a later one of its chain has been sent, or delivered,
 * another one of it has arrived since it was queued.  NULL: it is.
 */
extern const char *otp_outbox_superseded(const OtpOwner *owner, const OtpOutboxMessage *message);

/* Not worth sending any more: spent, cancelled, replaced, expired, used_up, or as above. */
extern void otp_outbox_drop(const OtpOwner *owner, const OtpLease *lease, const char *reason);

/*
 * What a provider says of a message that it took over: delivered, which ends the turn of others, failed, which brings the
 * next one's, or anything else, which is noted.  false if no message is known by that id.
 */
extern bool otp_outbox_receipt(const OtpOwner *owner, const text *channel,
							   const text *provider_id, const text *status);

/*
 * The message that went last, or is to go first, of a code of the user and purpose, by its nonce; false if there is none.
 * made_at: of the last one that was queued.
 */
extern bool otp_outbox_last(const OtpOwner *owner, const text *user, const text *purpose,
							const uint8 *nonce, OtpOutboxMessage *message, TimestampTz *made_at);

/* Brings the turn of the channel after a message's; returns the id of its message, or 0 if there is none left. */
extern int64 otp_outbox_next(const OtpOwner *owner, const OtpOutboxMessage *message);

/* Deletes all messages of a user; returns how many. */
extern int64 otp_outbox_forget(const text *user);

#endif							/* OTP_OUTBOX_H */
