/*
 * send_again.c
 *		otp_send_again: the live code, once more.
 */
#include "compat.h"

#include "access/table.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "args.h"
#include "challenge.h"
#include "channel.h"
#include "cool_down.h"
#include "core/secure.h"
#include "destination.h"
#include "outbox.h"
#include "quota.h"
#include "send.h"
#include "store/message.h"

/* A code that is to be sent once more. */
typedef struct Again
{
	const text *user;
	const text *purpose;
	const text *context;
	OtpPolicy	policy;
	OtpChallenge challenge;
} Again;

static void
check_limits(const OtpOwner *owner, const Again *again, const OtpOutboxMessage *last,
			 TimestampTz made_at)
{
	const OtpPolicy *policy = &again->policy;
	OtpChannel	channel;
	OtpChannelCaps caps;

	otp_cool_down_check(made_at, policy, again->user, again->purpose);
	/* What others are sending again just now is in no row that can be seen. */
	otp_quota_take_again(policy, again->user, again->purpose);
	otp_channel_get(owner, last->channel, &channel);
	otp_channel_caps(&caps, &channel, channel.name, last->destination);
	otp_challenge_count(policy, again->user, again->purpose, caps.destination, "resent");
	if (last->numbered)
		otp_quota_take_prompt(policy, again->user, again->purpose);
	otp_quota_take_messages(policy, again->user, again->purpose, &caps, 1);
}

/* Queues the same message by the same channel, beside the one that went. */
static int64
queue_again(const Again *again, const OtpOutboxMessage *last)
{
	Relation	rel = otp_table_open(OTP_TABLE_MESSAGE, again->user, RowExclusiveLock);
	OtpMessage	message = {
		.id = otp_message_next_id(rel),.chain = last->chain,.step = last->step,
		.made_at = GetCurrentTimestamp(),.expires_at = again->challenge.expires_at,
		.user = again->user,.purpose = again->purpose,.context = again->context,
		.numbered = last->numbered,.channel = last->channel,.destination = last->destination,.locale = last->locale
	};

	message.due_at = message.made_at;
	memcpy(message.nonce, again->challenge.nonce, OTP_NONCE_SIZE);
	otp_message_insert(rel, &message);
	table_close(rel, NoLock);
	return message.id;
}

/* The id of the message, or 0 if there is none to be sent. */
static int64
send_again(const Again *again, bool next_channel)
{
	OtpOwner	owner;
	OtpOutboxMessage last;
	TimestampTz made_at;
	int64		id = 0;

	otp_owner_begin(&owner);
	if (otp_outbox_last(&owner, again->user, again->purpose, again->challenge.nonce, &last, &made_at))
	{
		if (next_channel)
			id = otp_outbox_next(&owner, &last);
		else
		{
			check_limits(&owner, again, &last, made_at);
			id = queue_again(again, &last);
		}
	}
	otp_owner_end(&owner);
	return id;
}

/* otp_send_again(user_id text, purpose text, context text, next_channel boolean) → bigint */
PG_FUNCTION_INFO_V1(otp_send_again);
Datum
otp_send_again(PG_FUNCTION_ARGS)
{
	Again		again = {
		.user = otp_arg_user(fcinfo, 0),
		.purpose = otp_arg_purpose(fcinfo, 1),
		.context = otp_arg_context(fcinfo, 2)
	};
	bool		next_channel = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	char		code[OTP_CODE_MAX + 1];
	int64		id;

	otp_require_writable("otp_send_again()");
	otp_policy_get(again.purpose, &again.policy, NULL);
	/* It is bound to a number or it is not; the other way it is one of another context. */
	if (otp_challenge_live(again.user, again.purpose, again.context, false, &again.policy, NULL,
						   &again.challenge, code) != NULL &&
		otp_challenge_live(again.user, again.purpose, again.context, true, &again.policy, NULL,
						   &again.challenge, code) != NULL)
		PG_RETURN_NULL();
	otp_wipe(code, sizeof(code));
	id = send_again(&again, next_channel);
	if (id == 0)
		PG_RETURN_NULL();
	otp_send_wake();
	PG_RETURN_INT64(id);
}
