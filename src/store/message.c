/*
 * message.c
 *		Table otp_message: the outbox.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "commands/sequence.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "errors.h"
#include "store/message.h"
#include "store/relation.h"
#include "store/write.h"

enum
{
	COL_MESSAGE_ID = 1,
	COL_CHAIN,
	COL_MADE_AT,
	COL_EXPIRES_AT,
	COL_NONCE,
	COL_IDEMPOTENCY_KEY,
	COL_TRIES,
	COL_STEP,
	COL_STATE,
	COL_NUMBERED,
	COL_DUE_AT,
	COL_SENT_AT,
	COL_SETTLED_AT,
	COL_WAIT,
	COL_USER_ID,
	COL_PURPOSE,
	COL_CONTEXT,
	COL_CHANNEL,
	COL_DESTINATION,
	COL_LOCALE,
	COL_WORKER,
	COL_PROVIDER_ID,
	COL_ERROR,
	COL_COUNT = COL_ERROR
};

int64
otp_message_next_id(Relation rel)
{
	Oid			sequence = get_relname_relid("otp_message_id", RelationGetNamespace(rel));

	if (!OidIsValid(sequence))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("sequence \"otp_message_id\" of extension \"otp\" does not exist"),
				otp_errprivate());
	return nextval_internal(sequence, false);
}

/* RFC 9562, version 4 */
static void
random_uuid(pg_uuid_t *uuid)
{
	if (!pg_strong_random(uuid->data, UUID_LEN))
		otp_openssl_error("make random numbers");
	uuid->data[6] = (uuid->data[6] & 0x0f) | 0x40;
	uuid->data[8] = (uuid->data[8] & 0x3f) | 0x80;
}

void
otp_message_insert(Relation rel, const OtpMessage *message)
{
	Datum		values[COL_COUNT] = {0};
	bool		nulls[COL_COUNT] = {false};
	pg_uuid_t	nonce;
	pg_uuid_t	key;
	HeapTuple	tuple;

	memcpy(nonce.data, message->nonce, UUID_LEN);
	random_uuid(&key);
	values[COL_MESSAGE_ID - 1] = Int64GetDatum(message->id);
	values[COL_CHAIN - 1] = Int64GetDatum(message->chain);
	values[COL_MADE_AT - 1] = TimestampTzGetDatum(message->made_at);
	values[COL_EXPIRES_AT - 1] = TimestampTzGetDatum(message->expires_at);
	values[COL_NONCE - 1] = UUIDPGetDatum(&nonce);
	values[COL_IDEMPOTENCY_KEY - 1] = UUIDPGetDatum(&key);
	values[COL_TRIES - 1] = Int32GetDatum(0);
	values[COL_STEP - 1] = Int16GetDatum(message->step);
	values[COL_STATE - 1] = CharGetDatum(OTP_MESSAGE_QUEUED);
	values[COL_NUMBERED - 1] = BoolGetDatum(message->numbered);
	values[COL_DUE_AT - 1] = TimestampTzGetDatum(message->due_at);
	values[COL_WAIT - 1] = PointerGetDatum(message->wait);
	values[COL_USER_ID - 1] = PointerGetDatum(message->user);
	values[COL_PURPOSE - 1] = PointerGetDatum(message->purpose);
	values[COL_CONTEXT - 1] = PointerGetDatum(message->context);
	values[COL_CHANNEL - 1] = PointerGetDatum(message->channel);
	values[COL_DESTINATION - 1] = PointerGetDatum(message->destination);
	values[COL_LOCALE - 1] = PointerGetDatum(message->locale);
	nulls[COL_WAIT - 1] = message->wait == NULL;
	nulls[COL_SENT_AT - 1] = nulls[COL_SETTLED_AT - 1] = true;
	nulls[COL_WORKER - 1] = nulls[COL_PROVIDER_ID - 1] = nulls[COL_ERROR - 1] = true;
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	otp_table_insert(rel, tuple);
	heap_freetuple(tuple);
}

/* A column that tells a moment; null is long ago. */
static TimestampTz
moment(Relation rel, HeapTuple tuple, int column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, RelationGetDescr(rel), &isnull);

	return isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
}

bool
otp_message_is_old(Relation rel, HeapTuple tuple, TimestampTz before)
{
	return moment(rel, tuple, COL_EXPIRES_AT) <= before && moment(rel, tuple, COL_SETTLED_AT) <= before;
}
