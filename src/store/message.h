/*
 * message.h
 *		Table otp_message: the outbox.
 *
 * One row per message and channel, never the code: that is derived again when the message is taken.  Written
 * here; picked and settled by queries (owner_query.h).
 */
#ifndef OTP_STORE_MESSAGE_H
#define OTP_STORE_MESSAGE_H

#include "compat.h"

#include "access/htup.h"
#include "datatype/timestamp.h"
#include "utils/rel.h"

#include "core/derive.h"

/* stored as "char" */
typedef enum OtpMessageState
{
	OTP_MESSAGE_QUEUED = 'q',	/* is to be taken once it is due */
	OTP_MESSAGE_CLAIMED = 'c',	/* a worker has it until it is due */
	OTP_MESSAGE_SENT = 's',		/* handed over to the provider */
	OTP_MESSAGE_DELIVERED = 'd',	/* by its receipt */
	OTP_MESSAGE_FAILED = 'f',	/* for good */
	OTP_MESSAGE_DROPPED = 'x'	/* not worth sending any more */
} OtpMessageState;

/* A message that is to be queued. */
typedef struct OtpMessage
{
	int64		id;
	int64		chain;			/* id of the first of those that stand in for each other */
	int			step;			/* its place among them, from 0 */
	TimestampTz made_at;
	TimestampTz expires_at;		/* the code's end */
	TimestampTz due_at;			/* DT_NOEND: when the one before has failed */
	uint8		nonce[OTP_NONCE_SIZE];	/* of the code */
	bool		numbered;		/* does its code go with a number? */
	const Interval *wait;		/* until the next one's turn; NULL: only if this one fails */
	const text *user;
	const text *purpose;
	const text *context;
	const text *channel;
	const text *destination;
	const text *locale;
} OtpMessage;

/* The next id.  Error: 42P01 if the extension is older than the library. */
extern int64 otp_message_next_id(Relation rel);

/* Queues a message, with the transaction. */
extern void otp_message_insert(Relation rel, const OtpMessage *message);

/* Has it been settled, or its code expired, whichever was later, by a moment? */
extern bool otp_message_is_old(Relation rel, HeapTuple tuple, TimestampTz before);

#endif							/* OTP_STORE_MESSAGE_H */
