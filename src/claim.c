/*
 * claim.c
 *		Taking messages that are due: otp_claim, otp_next_due.
 *
 * A lease is a message that is due again when the lease ends: so one that is not settled goes to whoever asks
 * next, and the number of the try tells whose it is.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "args.h"
#include "challenge.h"
#include "channel.h"
#include "channel_secret.h"
#include "core/secure.h"
#include "errors.h"
#include "outbox.h"
#include "private_rows.h"
#include "request.h"
#include "subtransaction.h"

#define BATCH_MAX		1000
#define WORKER_MAX		255
#define LEASE_MIN		USECS_PER_SEC
#define LEASE_MAX		USECS_PER_HOUR

/* messages of a channel that are looked at in one call, although there is nothing to be sent of them */
#define DEAD_MAX		1000

static OtpQuery due_channels_query = {
	"SELECT c.name FROM @.otp_channel AS c"
	"  CROSS JOIN LATERAL (SELECT due_at FROM @.otp_message WHERE channel = c.name AND due_at <= $1"
	"                      ORDER BY due_at LIMIT 1) AS m"
	"  WHERE c.name <> ALL (array_remove($2, NULL)) ORDER BY m.due_at",
	2, {TIMESTAMPTZOID, TEXTARRAYOID}
};

/* By the primary key: an array is looked up, however few rows the planner takes the table for. */
static OtpQuery claim_query = {
	"UPDATE @.otp_message SET state = 'c', tries = tries + 1, due_at = $4, worker = $5"
	"  WHERE message_id = ANY (ARRAY("
	"    SELECT message_id FROM @.otp_message WHERE channel = $1 AND due_at <= $2"
	"      ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))"
	"  RETURNING " OTP_OUTBOX_COLUMNS,
	5, {TEXTOID, TIMESTAMPTZOID, INT8OID, TIMESTAMPTZOID, TEXTOID}
};

/*
 * What a channel may take now, at most a second's worth; nobody else takes of it until we commit.  ON CONFLICT would
 * wait for whoever is changing the row, so it is left to what only the first two workers ever can run into.
 */
static OtpQuery make_rate_query = {
	"INSERT INTO @.otp_channel_rate (channel, left_over, at)"
	"  SELECT $1, GREATEST($2, 1), $3 WHERE NOT EXISTS (SELECT FROM @.otp_channel_rate WHERE channel = $1)"
	"  ON CONFLICT DO NOTHING",
	3, {TEXTOID, FLOAT8OID, TIMESTAMPTZOID}
};
static OtpQuery rate_query = {
	"SELECT LEAST(GREATEST($2, 1), left_over + GREATEST(extract(epoch FROM $3 - at), 0)::float8 * $2)"
	"  FROM @.otp_channel_rate WHERE channel = $1 FOR UPDATE SKIP LOCKED",
	3, {TEXTOID, FLOAT8OID, TIMESTAMPTZOID}
};
/* A clock that was ahead must not keep a channel waiting for what it told; workers are some milliseconds apart. */
static OtpQuery clock_back_query = {
	"UPDATE @.otp_channel_rate SET at = $2 WHERE channel = $1 AND at > $2 + interval '1 second'",
	2, {TEXTOID, TIMESTAMPTZOID}
};
static OtpQuery take_rate_query = {
	"UPDATE @.otp_channel_rate SET left_over = $2, at = $3 WHERE channel = $1",
	3, {TEXTOID, FLOAT8OID, TIMESTAMPTZOID}
};

/* Due, and not before the channel's rate allows another one. */
static OtpQuery next_due_query = {
	"SELECT min(GREATEST(m.due_at, LEAST(r.at, clock_timestamp()) + make_interval(secs => GREATEST(1 - r.left_over, 0) / c.per_second)))"
	"  FROM @.otp_channel AS c"
	"  CROSS JOIN LATERAL (SELECT due_at FROM @.otp_message WHERE channel = c.name AND due_at < 'infinity'"
	"                      ORDER BY due_at LIMIT 1) AS m"
	"  LEFT JOIN @.otp_channel_rate AS r ON r.channel = c.name AND c.per_second IS NOT NULL"
	"  WHERE c.name <> ALL (array_remove($1, NULL))",
	1, {TEXTARRAYOID}
};

/* A call of otp_claim(). */
typedef struct Claim
{
	OtpOwner	owner;
	const text *worker;
	TimestampTz now;
	TimestampTz until;			/* when the lease ends */
	int			left;			/* messages that may still be taken */
	TupleDesc	desc;
	Tuplestorestate *rows;
} Claim;

/* How many of a channel may be taken by its rate, at most `wanted`. */
static int
allowed(const Claim *claim, const OtpChannel *channel, int wanted, double *left_over)
{
	Datum		values[] = {
		PointerGetDatum(channel->name), Float8GetDatum(channel->per_second),
		TimestampTzGetDatum(claim->now)
	};
	Datum		clock_values[] = {values[0], values[2]};

	if (channel->per_second == 0)
		return wanted;
	(void) otp_query_run(&claim->owner, &make_rate_query, values, NULL);
	if (otp_query_run(&claim->owner, &rate_query, values, NULL) == 0)
		return 0;
	*left_over = DatumGetFloat8(otp_query_value(0, 1, NULL));
	(void) otp_query_run(&claim->owner, &clock_back_query, clock_values, NULL);
	return Min(wanted, (int) *left_over);
}

static void
use_rate(const Claim *claim, const OtpChannel *channel, double left_over)
{
	Datum		values[] = {
		PointerGetDatum(channel->name), Float8GetDatum(left_over), TimestampTzGetDatum(claim->now)
	};

	if (channel->per_second > 0)
		(void) otp_query_run(&claim->owner, &take_rate_query, values, NULL);
}

/* A message that is to be handed out. */
typedef struct HandOut
{
	const Claim *claim;
	OtpRequestBasis *basis;
	const OtpOutboxMessage *message;
	const char *why;			/* there is nothing to be sent, or NULL */
	const char *problem;		/* it cannot be sent, or NULL */
} HandOut;

/* Appends a message to the rows, if it can be sent. */
static void
render(void *argument)
{
	HandOut    *out = argument;
	const OtpOutboxMessage *message = out->message;
	char		code[OTP_CODE_MAX + 1];
	OtpChallenge challenge;
	OtpPolicy	policy;

	otp_policy_get(message->purpose, &policy, NULL);
	out->why = otp_challenge_live(message->user, message->purpose, message->context, message->numbered,
								  &policy, message->nonce->data, &challenge, code);
	if (out->why != NULL)
		return;
	PG_TRY();
	{
		out->problem = otp_request_make(&out->claim->owner, out->basis, message, code, out->claim->desc,
										out->claim->rows);
	}
	PG_FINALLY();
	{
		otp_wipe(code, sizeof(code));
	}
	PG_END_TRY();
}

/* Hands a message out, or settles it if there is nothing to be sent; then false. */
static bool
hand_out(const Claim *claim, OtpRequestBasis *basis, const OtpOutboxMessage *message)
{
	OtpLease	lease = {message->id, message->tries};
	HandOut		out = {claim, basis, message};
	int			sqlstate;

	/* The first of a chain that is taken for the first time has nobody before it. */
	if (message->tries > 1 || message->step > 0)
		out.why = otp_outbox_superseded(&claim->owner, message);
	if (out.why == NULL && !otp_subtransaction(render, &out, &sqlstate))
	{
		/* What it had looked up is gone. */
		basis->templates = NIL;
		out.problem = psprintf("cannot be filled in: SQLSTATE %s", unpack_sql_state(sqlstate));
	}
	if (out.why != NULL)
		otp_outbox_drop(&claim->owner, &lease, out.why);
	else if (out.problem != NULL && otp_outbox_is_free(&claim->owner, message))
		(void) otp_outbox_failed(&claim->owner, &lease, cstring_to_text(out.problem));
	/* One of whose chain somebody has a part is left until the lease ends: nobody waits here. */
	return out.why == NULL && out.problem == NULL;
}

static int
take(const Claim *claim, const OtpChannel *channel, int limit, OtpOutboxMessage **messages)
{
	Datum		values[] = {
		PointerGetDatum(channel->name), TimestampTzGetDatum(claim->now), Int64GetDatum(limit),
		TimestampTzGetDatum(claim->until), PointerGetDatum(claim->worker)
	};

	return otp_outbox_run(&claim->owner, &claim_query, values, messages);
}

/* Hands out at most `limit` of a channel's messages, which the dead are not counted among; returns how many. */
static int
hand_out_all(const Claim *claim, OtpRequestBasis *basis, int limit)
{
	OtpOutboxMessage *messages;
	int			handed = 0;
	int			seen = 0;
	int			n;

	while (handed < limit && seen < DEAD_MAX + limit &&
		   (n = take(claim, &basis->channel, limit - handed, &messages)) > 0)
	{
		for (int i = 0; i < n; i++)
			handed += hand_out(claim, basis, &messages[i]);
		seen += n;
	}
	return handed;
}

/* Takes at most `share` of a channel's messages; returns how many. */
static int
claim_from(const Claim *claim, const text *name, int share)
{
	OtpRequestBasis basis = {.templates = NIL};
	double		left_over = 0;
	int			limit;
	volatile int handed = 0;

	if (!otp_channel_fetch(&claim->owner, name, &basis.channel))
		return 0;
	/* No worker hoards what others could have under way. */
	if (basis.channel.max_in_flight > 0)
		share = Min(share, basis.channel.max_in_flight);
	limit = allowed(claim, &basis.channel, share, &left_over);
	if (limit < 1)
		return 0;
	PG_TRY();
	{
		otp_channel_secrets_open(&claim->owner, &basis.channel, &basis.secrets);
		handed = hand_out_all(claim, &basis, limit);
	}
	PG_FINALLY();
	{
		otp_channel_secrets_wipe(&basis.secrets);
	}
	PG_END_TRY();
	use_rate(claim, &basis.channel, left_over - handed);
	return handed;
}

/* Each channel gets its share, and what one leaves over goes to the next ones. */
static void
claim_all(Claim *claim, const ArrayType *skip)
{
	Datum		values[] = {TimestampTzGetDatum(claim->now), PointerGetDatum(skip)};
	int			channels = (int) otp_query_run(&claim->owner, &due_channels_query, values, NULL);
	const text **names = palloc(channels * sizeof(text *) + 1);

	for (int i = 0; i < channels; i++)
		names[i] = otp_query_text(i, 1);
	for (int i = 0; i < channels && claim->left > 0; i++)
		claim->left -= claim_from(claim, names[i], (claim->left + channels - i - 1) / (channels - i));
}

static int64
arg_lease(FunctionCallInfo fcinfo, int n)
{
	Interval   *lease = PG_GETARG_INTERVAL_P(n);

	if (lease->month != 0 || lease->day != 0 || lease->time < LEASE_MIN || lease->time > LEASE_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("lease must be between 1 second and 1 hour"));
	return lease->time;
}

static int
arg_batch(FunctionCallInfo fcinfo, int n)
{
	int			batch = PG_GETARG_INT32(n);

	if (batch < 1 || batch > BATCH_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("batch must be between 1 and %d, not %d", BATCH_MAX, batch));
	return batch;
}

/* otp_claim(worker text, batch integer, lease interval, skip text[]) → setof otp_claimed */
PG_FUNCTION_INFO_V1(otp_claim);
Datum
otp_claim(PG_FUNCTION_ARGS)
{
	Claim		claim = {
		.worker = otp_arg_short_text(fcinfo, 0, WORKER_MAX, "worker"),
		.left = arg_batch(fcinfo, 1),
		.now = GetCurrentTimestamp(),
	};

	claim.until = claim.now + arg_lease(fcinfo, 2);
	otp_require_writable("otp_claim()");
	claim.rows = otp_private_rows(fcinfo, &claim.desc);
	otp_owner_begin(&claim.owner);
	claim_all(&claim, PG_GETARG_ARRAYTYPE_P(3));
	otp_owner_end(&claim.owner);
	return (Datum) 0;
}

/* otp_next_due(skip text[]) → timestamptz */
PG_FUNCTION_INFO_V1(otp_next_due);
Datum
otp_next_due(PG_FUNCTION_ARGS)
{
	Datum		values[] = {PG_GETARG_DATUM(0)};
	OtpOwner	owner;
	Datum		due;
	bool		isnull;

	otp_require_writable("otp_next_due()");
	otp_owner_begin(&owner);
	(void) otp_query_run(&owner, &next_due_query, values, NULL);
	due = otp_query_value(0, 1, &isnull);
	otp_owner_end(&owner);
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(due);
}
