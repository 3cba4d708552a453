/*
 * message.c
 *		A message that was taken: from the row to the struct.
 */
#include "message.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "wipe.h"

#define DEFAULT_TIMEOUT	10

static int64_t
number(const Message *message, MessageField field, int64_t otherwise)
{
	return message->field[field] ? strtoll(message->field[field], NULL, 10) : otherwise;
}

static bool
is(const Message *message, MessageField field, const char *value)
{
	return message->field[field] && strcmp(message->field[field], value) == 0;
}

static void
copy_fields(Message *message, const PGresult *result, int row)
{
	size_t		size = 0;
	char	   *to;

	for (int i = 0; i < FIELD_COUNT; i++)
		size += (size_t) PQgetlength(result, row, i) + 1;
	to = message->memory = must_alloc(size);
	for (int i = 0; i < FIELD_COUNT; i++)
	{
		size_t		length = (size_t) PQgetlength(result, row, i);

		if (PQgetisnull(result, row, i))
			continue;
		memcpy(to, PQgetvalue(result, row, i), length);
		message->field[i] = to;
		message->length[i] = length;
		to += length + 1;
	}
}

Message *
message_from_row(const PGresult *result, int row)
{
	Message    *message = must_alloc(sizeof(Message));
	int64_t		timeout;

	copy_fields(message, result, row);
	message->id = number(message, FIELD_ID, 0);
	message->lease = (int) number(message, FIELD_LEASE, 0);
	message->expires = clock_ms() + number(message, FIELD_LIFE, INT_MAX);
	timeout = number(message, FIELD_TIMEOUT, DEFAULT_TIMEOUT);
	message->timeout = timeout < 1 ? DEFAULT_TIMEOUT : timeout > 3600 ? 3600 : (int) timeout;
	message->is_smtp = is(message, FIELD_TRANSPORT, "smtp");
	message->allow_plaintext = is(message, FIELD_ALLOW_PLAINTEXT, "true");
	return message;
}

void
message_free(Message *message)
{
	if (!message)
		return;
	wiping_free(message->memory);
	wiping_free(message);
}
