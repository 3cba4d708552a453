/*
 * request.h
 *		What a worker gets to send: a message, filled in.
 */
#ifndef OTP_REQUEST_H
#define OTP_REQUEST_H

#include "compat.h"

#include "utils/tuplestore.h"

#include "channel.h"
#include "channel_secret.h"
#include "outbox.h"

/* What the requests of a channel that are made together have in common. */
typedef struct OtpRequestBasis
{
	OtpChannel	channel;
	OtpChannelSecrets secrets;
	List	   *templates;		/* see otp_template_recall() */
} OtpRequestBasis;

/*
 * Fills in a message whose code this is, and appends it to the rows of otp_claim().  Returns NULL, or why it cannot be
 * done, to be told to whoever looks at the row.  All that has the code in it is wiped.
 */
extern const char *otp_request_make(const OtpOwner *owner, OtpRequestBasis *basis,
									const OtpOutboxMessage *message, const char *code,
									TupleDesc desc, Tuplestorestate *rows);

#endif							/* OTP_REQUEST_H */
