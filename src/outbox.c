/*
 * outbox.c
 *		What becomes of a message of otp_message, and what that means for those that stand in for it.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "events.h"
#include "outbox.h"
#include "send.h"
#include "store/message.h"
#include "store/policy.h"
#include "store/relation.h"

/* microseconds until the first retry; doubles from try to try, up to the longest */
#define FIRST_RETRY		USECS_PER_SEC
#define LONGEST_RETRY	USECS_PER_MINUTE

/* why a message is dropped when one that stands in for it has been sent, or has arrived */
#define OVERTAKEN		"overtaken"
#define DELIVERED		"delivered"

#define OF_LEASE " WHERE message_id = $1 AND tries = $2 AND state = 'c' RETURNING " OTP_OUTBOX_COLUMNS

/* Each is looked up by the primary key, whatever the planner takes the table for. */
static OtpQuery sent_query = {
	"UPDATE @.otp_message SET state = 's', due_at = NULL, sent_at = $4, settled_at = $4,"
	"  provider_id = COALESCE(provider, idempotency_key::text), error = NULL"
	"  FROM unnest($1, $2, $3) AS l (id, lease, provider)"
	"  WHERE message_id = id AND tries = lease AND state = 'c' RETURNING " OTP_OUTBOX_COLUMNS,
	4, {INT8ARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID}
};
static OtpQuery failed_query = {
	"UPDATE @.otp_message SET state = 'f', due_at = NULL, settled_at = $3, error = $4"
	OF_LEASE,
	4, {INT8OID, INT4OID, TIMESTAMPTZOID, TEXTOID}
};
static OtpQuery dropped_query = {
	"UPDATE @.otp_message SET state = 'x', due_at = NULL, settled_at = $3, error = $4"
	OF_LEASE,
	4, {INT8OID, INT4OID, TIMESTAMPTZOID, TEXTOID}
};
static OtpQuery retry_query = {
	"UPDATE @.otp_message SET state = 'q', due_at = $3, error = $4"
	OF_LEASE,
	4, {INT8OID, INT4OID, TIMESTAMPTZOID, TEXTOID}
};
static OtpQuery lease_query = {
	"SELECT " OTP_OUTBOX_COLUMNS " FROM @.otp_message"
	" WHERE message_id = $1 AND tries = $2 AND state = 'c' FOR UPDATE",
	2, {INT8OID, INT4OID}
};

/* Those of a chain that have not been taken: the ones before a step, or after it. */
#define OF_CHAIN " WHERE user_id = $1 AND purpose = $2 AND chain = $3 AND state = 'q'"

static OtpQuery drop_before_query = {
	"UPDATE @.otp_message SET state = 'x', due_at = NULL, settled_at = $5, error = $6"
	OF_CHAIN " AND step < $4",
	6, {TEXTOID, TEXTOID, INT8OID, INT2OID, TIMESTAMPTZOID, TEXTOID}
};
static OtpQuery drop_after_query = {
	"UPDATE @.otp_message SET state = 'x', due_at = NULL, settled_at = $5, error = $6"
	OF_CHAIN " AND step > $4",
	6, {TEXTOID, TEXTOID, INT8OID, INT2OID, TIMESTAMPTZOID, TEXTOID}
};
/*
 * Of those that stand in for one: has any arrived?  Null if none has, nor has a later one been sent.  What was queued behind
 * a receipt is sent again on purpose.
 */
static OtpQuery superseded_query = {
	"SELECT bool_or(state = 'd') FROM @.otp_message"
	" WHERE user_id = $1 AND purpose = $2 AND chain = $3 AND step <> $4"
	"   AND (state = 'd' AND settled_at > (SELECT made_at FROM @.otp_message WHERE message_id = $5)"
	"        OR step > $4 AND sent_at IS NOT NULL)",
	5, {TEXTOID, TEXTOID, INT8OID, INT2OID, INT8OID}
};
/* The next one now, and each later one when its turn comes from then on; a wait of NULL never ends. */
static OtpQuery advance_query = {
	"UPDATE @.otp_message AS m SET due_at = LEAST(m.due_at, t.turn)"
	"  FROM (SELECT message_id,"
	"               CASE WHEN bool_or(wait IS NULL) OVER before THEN 'infinity'"
	"                 ELSE $5 + COALESCE(sum(wait) OVER before, '0') END AS turn"
	"          FROM @.otp_message" OF_CHAIN " AND step > $4"
	"          WINDOW before AS (ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS t"
	"  WHERE m.message_id = t.message_id AND m.state = 'q'",
	5, {TEXTOID, TEXTOID, INT8OID, INT2OID, TIMESTAMPTZOID}
};

/* How many of them there are, and how many nobody is changing. */
static OtpQuery busy_query = {
	"SELECT (SELECT count(*) FROM @.otp_message" OF_CHAIN " AND step > $4),"
	"       (SELECT count(*) FROM (SELECT FROM @.otp_message" OF_CHAIN " AND step > $4 FOR UPDATE SKIP LOCKED) AS f)",
	4, {TEXTOID, TEXTOID, INT8OID, INT2OID}
};

/* The last that went; if none did, the first one. */
static OtpQuery last_query = {
	"SELECT " OTP_OUTBOX_COLUMNS ", max(made_at) OVER ()"
	"  FROM @.otp_message, LATERAL (SELECT state NOT IN ('q', 'x') AS went) AS w"
	"  WHERE user_id = $1 AND purpose = $2 AND nonce = $3"
	"  ORDER BY went DESC, CASE WHEN went THEN step ELSE -step END DESC, message_id DESC LIMIT 1",
	3, {TEXTOID, TEXTOID, UUIDOID}
};
static OtpQuery next_query = {
	"SELECT message_id FROM @.otp_message" OF_CHAIN " AND step > $4 ORDER BY step LIMIT 1",
	4, {TEXTOID, TEXTOID, INT8OID, INT2OID}
};

static OtpQuery forget_query = {
	"DELETE FROM @.otp_message WHERE user_id = $1",
	1, {TEXTOID}
};

/* Ids that a provider uses again are those of its newest messages. */
static OtpQuery known_query = {
	"SELECT " OTP_OUTBOX_COLUMNS ", state FROM @.otp_message WHERE channel = $1 AND provider_id = $2"
	" ORDER BY message_id DESC LIMIT 1 FOR UPDATE",
	2, {TEXTOID, TEXTOID}
};
static OtpQuery receipt_query = {
	"UPDATE @.otp_message SET state = $2, settled_at = $3, error = $4 WHERE message_id = $1",
	4, {INT8OID, CHAROID, TIMESTAMPTZOID, TEXTOID}
};

void
otp_outbox_read(uint64 row, OtpOutboxMessage *message)
{
	message->id = DatumGetInt64(otp_query_value(row, 1, NULL));
	message->chain = DatumGetInt64(otp_query_value(row, 2, NULL));
	message->step = DatumGetInt16(otp_query_value(row, 3, NULL));
	message->tries = DatumGetInt32(otp_query_value(row, 4, NULL));
	message->nonce = DatumGetUUIDP(otp_query_value(row, 5, NULL));
	message->idempotency_key = DatumGetUUIDP(otp_query_value(row, 6, NULL));
	message->expires_at = DatumGetTimestampTz(otp_query_value(row, 7, NULL));
	message->numbered = DatumGetBool(otp_query_value(row, 8, NULL));
	message->user = otp_query_text(row, 9);
	message->purpose = otp_query_text(row, 10);
	message->context = otp_query_text(row, 11);
	message->channel = otp_query_text(row, 12);
	message->destination = otp_query_text(row, 13);
	message->locale = otp_query_text(row, 14);
}

int
otp_outbox_run(const OtpOwner *owner, OtpQuery *query, Datum *values, OtpOutboxMessage **messages)
{
	int			n = (int) otp_query_run(owner, query, values, NULL);

	*messages = palloc(n * sizeof(OtpOutboxMessage) + 1);
	for (int i = 0; i < n; i++)
		otp_outbox_read(i, &(*messages)[i]);
	return n;
}

static void
record(const OtpOutboxMessage *message, const char *event, const char *reason)
{
	OtpPolicy	policy;

	otp_policy_get(message->purpose, &policy, NULL);
	otp_event_of_message(&policy, message->user, message->purpose, event, reason,
						 text_to_cstring(message->channel));
}

/* Runs a query over the lease's message, with two more arguments; false if there is no such lease. */
static bool
settle(const OtpOwner *owner, OtpQuery *query, const OtpLease *lease, TimestampTz at,
	   const text *what, OtpOutboxMessage *message)
{
	Datum		values[] = {
		Int64GetDatum(lease->message_id), Int32GetDatum(lease->tries), TimestampTzGetDatum(at),
		PointerGetDatum(what)
	};
	const char	nulls[] = {' ', ' ', ' ', what == NULL ? 'n' : ' '};

	if (otp_query_run(owner, query, values, nulls) == 0)
		return false;
	otp_outbox_read(0, message);
	return true;
}

const char *
otp_outbox_superseded(const OtpOwner *owner, const OtpOutboxMessage *message)
{
	Datum		values[] = {
		PointerGetDatum(message->user), PointerGetDatum(message->purpose),
		Int64GetDatum(message->chain), Int16GetDatum(message->step), Int64GetDatum(message->id)
	};
	bool		none;
	bool		delivered;

	(void) otp_query_run(owner, &superseded_query, values, NULL);
	delivered = DatumGetBool(otp_query_value(0, 1, &none));
	return none ? NULL : delivered ? DELIVERED : OVERTAKEN;
}

static void
drop_others(const OtpOwner *owner, OtpQuery *query, const OtpOutboxMessage *message,
			const char *reason)
{
	Datum		values[] = {
		PointerGetDatum(message->user), PointerGetDatum(message->purpose),
		Int64GetDatum(message->chain), Int16GetDatum(message->step),
		TimestampTzGetDatum(GetCurrentTimestamp()), CStringGetTextDatum(reason)
	};

	(void) otp_query_run(owner, query, values, NULL);
}

static void
advance(const OtpOwner *owner, const OtpOutboxMessage *message)
{
	Datum		values[] = {
		PointerGetDatum(message->user), PointerGetDatum(message->purpose),
		Int64GetDatum(message->chain), Int16GetDatum(message->step),
		TimestampTzGetDatum(GetCurrentTimestamp())
	};

	/* Relays know when they were to look again, and it may be earlier now. */
	if (otp_query_run(owner, &advance_query, values, NULL) > 0)
		otp_send_wake();
}

int
otp_outbox_sent(const OtpOwner *owner, const ArrayType *message_ids, const ArrayType *leases,
				const ArrayType *provider_ids)
{
	Datum		values[] = {
		PointerGetDatum(message_ids), PointerGetDatum(leases), PointerGetDatum(provider_ids),
		TimestampTzGetDatum(GetCurrentTimestamp())
	};
	OtpOutboxMessage *messages;
	int			n = otp_outbox_run(owner, &sent_query, values, &messages);

	for (int i = 0; i < n; i++)
	{
		record(&messages[i], "sent", NULL);
		if (messages[i].step > 0)
			drop_others(owner, &drop_before_query, &messages[i], OVERTAKEN);
	}
	return n;
}

bool
otp_outbox_is_free(const OtpOwner *owner, const OtpOutboxMessage *message)
{
	Datum		values[] = {
		PointerGetDatum(message->user), PointerGetDatum(message->purpose),
		Int64GetDatum(message->chain), Int16GetDatum(message->step)
	};

	(void) otp_query_run(owner, &busy_query, values, NULL);
	return DatumGetInt64(otp_query_value(0, 1, NULL)) == DatumGetInt64(otp_query_value(0, 2, NULL));
}

bool
otp_outbox_failed(const OtpOwner *owner, const OtpLease *lease, const text *error)
{
	OtpOutboxMessage message;

	if (!settle(owner, &failed_query, lease, GetCurrentTimestamp(), error, &message))
		return false;
	record(&message, "failed", text_to_cstring(error));
	advance(owner, &message);
	return true;
}

/* Half to one and a half times what doubles, so that those that failed together do not come back together. */
static int64
retry_delay(int tries)
{
	int64		delay = FIRST_RETRY;

	while (--tries > 0 && delay < LONGEST_RETRY)
		delay *= 2;
	return Min(delay, LONGEST_RETRY) * (0.5 + pg_prng_double(&pg_global_prng_state));
}

bool
otp_outbox_retry(const OtpOwner *owner, const OtpLease *lease, const text *error,
				 int64 retry_after)
{
	Datum		values[] = {Int64GetDatum(lease->message_id), Int32GetDatum(lease->tries)};
	OtpOutboxMessage message;
	const char *superseded;
	TimestampTz at;

	if (otp_query_run(owner, &lease_query, values, NULL) == 0)
		return false;
	otp_outbox_read(0, &message);
	at = GetCurrentTimestamp() + Max(retry_after, retry_delay(message.tries));
	superseded = otp_outbox_superseded(owner, &message);
	if (superseded != NULL)
	{
		otp_outbox_drop(owner, lease, superseded);
		return true;
	}
	if (at >= message.expires_at)
		return otp_outbox_failed(owner, lease, error);
	return settle(owner, &retry_query, lease, at, error, &message);
}

void
otp_outbox_drop(const OtpOwner *owner, const OtpLease *lease, const char *reason)
{
	OtpOutboxMessage message;

	if (settle(owner, &dropped_query, lease, GetCurrentTimestamp(), cstring_to_text(reason), &message))
		record(&message, "dropped", reason);
}

static void
set_receipt(const OtpOwner *owner, const OtpOutboxMessage *message, OtpMessageState state,
			const text *status)
{
	Datum		values[] = {
		Int64GetDatum(message->id), CharGetDatum(state),
		TimestampTzGetDatum(GetCurrentTimestamp()), PointerGetDatum(status)
	};
	const char	nulls[] = {' ', ' ', ' ', status == NULL ? 'n' : ' '};

	(void) otp_query_run(owner, &receipt_query, values, nulls);
}

bool
otp_outbox_receipt(const OtpOwner *owner, const text *channel, const text *provider_id,
				   const text *status)
{
	Datum		values[] = {PointerGetDatum(channel), PointerGetDatum(provider_id)};
	OtpOutboxMessage message;
	OtpMessageState state;
	const char *word = text_to_cstring(status);

	if (otp_query_run(owner, &known_query, values, NULL) == 0)
		return false;
	otp_outbox_read(0, &message);
	state = DatumGetChar(otp_query_value(0, OTP_OUTBOX_COLUMN_COUNT + 1, NULL));
	/* What has arrived has arrived, whatever comes late; and twice is once. */
	if (state == OTP_MESSAGE_DELIVERED || (state == OTP_MESSAGE_FAILED && strcmp(word, "failed") == 0))
		return true;
	if (strcmp(word, DELIVERED) == 0)
	{
		set_receipt(owner, &message, OTP_MESSAGE_DELIVERED, NULL);
		record(&message, DELIVERED, NULL);
		drop_others(owner, &drop_before_query, &message, DELIVERED);
		drop_others(owner, &drop_after_query, &message, DELIVERED);
	}
	else if (strcmp(word, "failed") == 0)
	{
		set_receipt(owner, &message, OTP_MESSAGE_FAILED, status);
		record(&message, "failed", "receipt");
		advance(owner, &message);
	}
	else
		set_receipt(owner, &message, state, status);
	return true;
}

bool
otp_outbox_last(const OtpOwner *owner, const text *user, const text *purpose,
				const uint8 *nonce, OtpOutboxMessage *message, TimestampTz *made_at)
{
	pg_uuid_t	uuid;
	Datum		values[] = {
		PointerGetDatum(user), PointerGetDatum(purpose), UUIDPGetDatum(&uuid)
	};

	memcpy(uuid.data, nonce, UUID_LEN);
	if (otp_query_run(owner, &last_query, values, NULL) == 0)
		return false;
	otp_outbox_read(0, message);
	*made_at = DatumGetTimestampTz(otp_query_value(0, OTP_OUTBOX_COLUMN_COUNT + 1, NULL));
	return true;
}

int64
otp_outbox_next(const OtpOwner *owner, const OtpOutboxMessage *message)
{
	Datum		values[] = {
		PointerGetDatum(message->user), PointerGetDatum(message->purpose),
		Int64GetDatum(message->chain), Int16GetDatum(message->step)
	};
	int64		id;

	if (otp_query_run(owner, &next_query, values, NULL) == 0)
		return 0;
	id = DatumGetInt64(otp_query_value(0, 1, NULL));
	advance(owner, message);
	return id;
}

int64
otp_outbox_forget(const text *user)
{
	OtpOwner	owner;
	Datum		values[] = {PointerGetDatum(user)};
	int64		removed;

	if (!otp_table_exists(OTP_TABLE_MESSAGE))
		return 0;
	otp_owner_begin(&owner);
	removed = otp_query_run(&owner, &forget_query, values, NULL);
	otp_owner_end(&owner);
	return removed;
}
