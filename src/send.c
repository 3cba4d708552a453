/*
 * send.c
 *		Codes that are sent: otp_send, otp_send_again.
 *
 * The message is a row of the transaction that makes the code, so it goes if and only if that commits.
 */
#include "compat.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "args.h"
#include "challenge.h"
#include "channel.h"
#include "core/secure.h"
#include "destination.h"
#include "errors.h"
#include "quota.h"
#include "send.h"
#include "store/message.h"
#include "template.h"
#include "utf8.h"

#define NOTIFY_CHANNEL	"otp_message"

/* bytes of a context that is sent, at most */
#define CONTEXT_MAX		4096

bool		otp_wake_relay = true;

/* One of the channels that stand in for each other. */
typedef struct Step
{
	const text *channel;
	const text *destination;
	const Interval *wait;		/* until the next one's turn; NULL: only if this one fails */
	bool		is_push;
} Step;

/* What is to be sent, and by what ways. */
typedef struct Sending
{
	const text *user;
	const text *purpose;
	const text *context;
	const text *locale;
	Step		steps[OTP_STEPS_MAX];
	OtpChannelCaps caps[OTP_STEPS_MAX];	/* of each step */
	int			count;
	char	   *number;			/* what the code is bound to besides, OTP_NUMBER_SIZE bytes; NULL: nothing */
} Sending;

static void
arg_sending(FunctionCallInfo fcinfo, int n, Sending *sending)
{
	sending->user = otp_arg_user(fcinfo, 0);
	sending->purpose = otp_arg_purpose(fcinfo, n);
	sending->context = otp_arg_context(fcinfo, n + 1);
	if (VARSIZE_ANY_EXHDR(sending->context) > CONTEXT_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("context must have at most %d bytes to be sent, not %zu", CONTEXT_MAX,
					   (size_t) VARSIZE_ANY_EXHDR(sending->context)),
				otp_errprivate());
	/* Else it would only fail once it is to be sent, when nobody hears of it. */
	otp_utf8_require(sending->purpose);
	otp_utf8_require(sending->context);
	sending->locale = otp_checked_locale(otp_arg_text(fcinfo, n + 2, "locale"));
}

/* Looks the channels up, and brings each destination into its canonical form. */
static void
look_up_channels(Sending *sending)
{
	MemoryContext caller = CurrentMemoryContext;
	OtpOwner	owner;

	otp_owner_begin(&owner);
	for (int i = 0; i < sending->count; i++)
	{
		Step	   *step = &sending->steps[i];
		OtpChannel	channel;
		MemoryContext old;

		otp_channel_get(&owner, step->channel, &channel);
		old = MemoryContextSwitchTo(caller);
		step->is_push = strcmp(channel.kind, "push") == 0;
		step->destination = otp_destination_canonical(step->destination, channel.kind);
		otp_channel_caps(&sending->caps[i], &channel, step->channel, step->destination);
		MemoryContextSwitchTo(old);
	}
	otp_owner_end(&owner);
}

static void
fill_in(OtpMessage *message, const Sending *sending, const OtpChallenge *challenge)
{
	message->made_at = GetCurrentTimestamp();
	message->expires_at = challenge->expires_at;
	memcpy(message->nonce, challenge->nonce, OTP_NONCE_SIZE);
	message->user = sending->user;
	message->purpose = sending->purpose;
	message->context = sending->context;
	message->locale = sending->locale;
	message->numbered = sending->number != NULL;
}

static void
set_step(OtpMessage *message, const Step *step)
{
	message->channel = step->channel;
	message->destination = step->destination;
	message->wait = step->wait;
}

/* When the turn of the one after a step comes, unless that fails before. */
static TimestampTz
turn_after(TimestampTz turn, const Step *step)
{
	if (step->wait == NULL || TIMESTAMP_NOT_FINITE(turn))
		return DT_NOEND;
	return turn + step->wait->time;
}

/* Queues all steps; returns the id of the first. */
static int64
queue(const Sending *sending, const OtpChallenge *challenge)
{
	Relation	rel = otp_table_open(OTP_TABLE_MESSAGE, sending->user, RowExclusiveLock);
	OtpMessage	message = {0};

	fill_in(&message, sending, challenge);
	message.due_at = message.made_at;
	for (int i = 0; i < sending->count; i++)
	{
		message.id = otp_message_next_id(rel);
		if (i == 0)
			message.chain = message.id;
		message.step = i;
		set_step(&message, &sending->steps[i]);
		otp_message_insert(rel, &message);
		message.due_at = turn_after(message.due_at, &sending->steps[i]);
	}
	table_close(rel, NoLock);
	return message.chain;
}

void
otp_send_wake(void)
{
	if (otp_wake_relay)
		Async_Notify(NOTIFY_CHANNEL, "");
}

/* Only a push can go with a number, and does if the policy says so. */
static void
check_number(const OtpPolicy *policy, const Sending *sending)
{
	for (int i = 0; i < sending->count; i++)
	{
		const Step *step = &sending->steps[i];

		if (sending->number != NULL && !step->is_push)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("channel \"%s\" is not of kind \"push\"", text_to_cstring(step->channel)),
					otp_errprivate());
		if (step->is_push && policy->number_match != (sending->number != NULL))
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					policy->number_match ?
					errmsg("purpose \"%s\" asks for a number with each push", text_to_cstring(sending->purpose)) :
					errmsg("purpose \"%s\" asks for no number with a push", text_to_cstring(sending->purpose)),
					errhint(policy->number_match ? "Use otp_send_push()." :
							"Use otp_send(), or set number_match in table \"otp_policy\"."),
					otp_errprivate());
	}
}

/* Makes a code and queues its messages. */
static int64
send_code(Sending *sending)
{
	OtpChallenge challenge;
	OtpPolicy	policy;
	char		code[OTP_CODE_MAX + 1];
	int64		id;

	otp_policy_get(sending->purpose, &policy, NULL);
	look_up_channels(sending);
	check_number(&policy, sending);
	otp_challenge_issue(sending->user, sending->purpose, sending->context, sending->caps[0].destination,
						sending->number, &challenge, code);
	/* Whoever carries the message derives it again. */
	otp_wipe(code, sizeof(code));
	/* The user's own limits have let it pass: else one user could use up what many share. */
	if (sending->number != NULL)
		otp_quota_take_prompt(&policy, sending->user, sending->purpose);
	otp_quota_take_messages(&policy, sending->user, sending->purpose, sending->caps, sending->count);
	id = queue(sending, &challenge);
	otp_send_wake();
	return id;
}

/* The arguments that otp_send() and otp_send_push() share. */
static void
arg_single(FunctionCallInfo fcinfo, Sending *sending)
{
	arg_sending(fcinfo, 3, sending);
	sending->count = 1;
	sending->steps[0].destination = otp_arg_text(fcinfo, 1, "destination");
	sending->steps[0].channel = otp_arg_text(fcinfo, 2, "channel");
}

/* otp_send(user_id text, destination text, channel text, purpose text, context text, locale text) → bigint */
PG_FUNCTION_INFO_V1(otp_send_message);
Datum
otp_send_message(PG_FUNCTION_ARGS)
{
	Sending		sending = {0};

	arg_single(fcinfo, &sending);
	otp_require_writable("otp_send()");
	PG_RETURN_INT64(send_code(&sending));
}

/* otp_send_push(user_id text, destination text, channel text, purpose text, context text, locale text) → text */
PG_FUNCTION_INFO_V1(otp_send_push);
Datum
otp_send_push(PG_FUNCTION_ARGS)
{
	Sending		sending = {0};
	char		number[OTP_NUMBER_SIZE];

	arg_single(fcinfo, &sending);
	sending.number = number;
	otp_require_writable("otp_send_push()");
	(void) send_code(&sending);
	PG_RETURN_TEXT_P(cstring_to_text(number));
}

/* The elements of an array argument, of which there must be `n`, unless that is 0. */
static int
arg_steps(FunctionCallInfo fcinfo, int arg, const char *name, Oid type, int16 length, char align,
		  int n, Datum **values, bool **nulls)
{
	int			count;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name),
				otp_errprivate());
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), type, length, false, align, values, nulls, &count);
	if (count < 1 || count > OTP_STEPS_MAX || (n > 0 && count != n))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				n > 0 ? errmsg("%s must have %d elements, not %d", name, n, count) :
				errmsg("%s must have between 1 and %d elements, not %d", name, OTP_STEPS_MAX, count),
				otp_errprivate());
	return count;
}

static void
require_element(bool isnull, const char *name)
{
	if (isnull)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not have a null", name),
				otp_errprivate());
}

static const Interval *
checked_wait(const Interval *wait)
{
	if (wait->month != 0 || wait->day != 0 || wait->time < USECS_PER_SEC || wait->time > USECS_PER_HOUR)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a wait must be between 1 second and 1 hour"),
				errhint("A wait of null is for a channel that is only followed if it fails."),
				otp_errprivate());
	return wait;
}

/*
 * otp_send(user_id text, destinations text[], channels text[], waits interval[], purpose text, context text,
 *			locale text) → bigint
 */
PG_FUNCTION_INFO_V1(otp_send_chain);
Datum
otp_send_chain(PG_FUNCTION_ARGS)
{
	Sending		sending = {0};
	Datum	   *destinations;
	Datum	   *channels;
	Datum	   *waits;
	bool	   *no_destination;
	bool	   *no_channel;
	bool	   *no_wait;

	arg_sending(fcinfo, 4, &sending);
	sending.count = arg_steps(fcinfo, 1, "destinations", TEXTOID, -1, TYPALIGN_INT, 0, &destinations,
							  &no_destination);
	(void) arg_steps(fcinfo, 2, "channels", TEXTOID, -1, TYPALIGN_INT, sending.count, &channels,
					 &no_channel);
	(void) arg_steps(fcinfo, 3, "waits", INTERVALOID, sizeof(Interval), TYPALIGN_DOUBLE, sending.count,
					 &waits, &no_wait);
	for (int i = 0; i < sending.count; i++)
	{
		require_element(no_destination[i], "destinations");
		require_element(no_channel[i], "channels");
		sending.steps[i].destination = DatumGetTextPP(destinations[i]);
		sending.steps[i].channel = DatumGetTextPP(channels[i]);
		sending.steps[i].wait = no_wait[i] ? NULL : checked_wait(DatumGetIntervalP(waits[i]));
	}
	otp_require_writable("otp_send()");
	PG_RETURN_INT64(send_code(&sending));
}
