/*
 * claim.c
 *		Takes messages that are due, and asks when the next ones are.
 */
#include "claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "channel.h"
#include "clock.h"
#include "database.h"
#include "log.h"

/* what a lease has to have beyond the slowest channel's time for a try */
#define LEASE_MARGIN		5
/* when messages are due, and others have them or a rate forbids them */
#define SHORTEST_SLEEP		20
/* that is doubled as often at most, and then somebody keeps them */
#define LONGEST_ROUND		5
#define FIRST_PAUSE			1000
#define LONGEST_PAUSE		30000
/* beyond what libpq reads at once of rows that are shorter */
#define BUFFER_MAX			(256 * 1024)

static const char claim_sql[] =
	"SELECT "
#define F(name, expression) expression ", "
	MESSAGE_FIELDS(F)
#undef F
	"NULL FROM otp_claim($1::text, $2::integer, make_interval(secs => $3::integer), $4::text[])";

static const char next_due_sql[] =
	"SELECT ceil(1000 * extract(epoch FROM otp_next_due($1::text[]) - clock_timestamp()))::bigint::text,"
	" repeat('-', $2::integer)";

static const Options *options;
static int	slowest;			/* seconds for a try, of the slowest channel */
static int	wanted;				/* messages that were asked for */
static int64_t asked_at;
static int64_t asked_lease;		/* milliseconds */
static bool is_due;				/* there may be something to take */
static bool ask_when;			/* nothing is due: when will it be? */
static int64_t wake_at = CLOCK_NEVER;
static int64_t rest_until;		/* after an error: until then nobody asks, whatever wakes us */
static int	rounds;				/* how often something was due, and nothing was to be had */
static bool asked;				/* messages may come that the database takes for ours */
static int	pause_ms = FIRST_PAUSE;
static size_t left_behind;		/* bytes of messages in libpq's buffer, at most */
static bool worked;
static bool refused;
static bool found_nothing;

void
claim_open(const Options *given)
{
	options = given;
}

void
claim_wake(void)
{
	is_due = true;
	found_nothing = false;
}

/* Something will be due that was not: it may be so before we wanted to look. */
void
claim_ask_when(void)
{
	ask_when = true;
}

bool
claim_is_wanted(void)
{
	return (is_due || ask_when) && clock_ms() >= rest_until;
}

/* Whether the database has been asked for messages, and has not answered. */
bool
claim_is_asked(void)
{
	return asked;
}

/* Whether it has answered the last question with an error. */
bool
claim_has_failed(void)
{
	return rest_until > 0;
}

bool
claim_has_worked(void)
{
	return worked;
}

/* By privileges, or because there are no such functions: time does not mend that. */
bool
claim_is_refused(void)
{
	return refused;
}

/* Whether all that is due has been taken, in whatever channel. */
bool
claim_found_nothing(void)
{
	return found_nothing;
}

static int
lease_seconds(void)
{
	return options->lease > slowest + LEASE_MARGIN ? options->lease : slowest + LEASE_MARGIN;
}

int64_t
claim_lease_ms(void)
{
	return (int64_t) lease_seconds() * 1000;
}

static void
rest(const PGresult *result)
{
	const char *sqlstate;

	wake_at = clock_ms() + pause_ms;
	pause_ms = (int) clock_earlier(2 * pause_ms, LONGEST_PAUSE);
	if (!result)
		return;
	rest_until = wake_at;
	database_log_error("cannot take messages", result);
	sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	refused = sqlstate && (strcmp(sqlstate, "42501") == 0 || strcmp(sqlstate, "42883") == 0);
}

static bool
is_good(const PGresult *result)
{
	return result && PQresultStatus(result) == PGRES_TUPLES_OK;
}

/* The answer to the next question overwrites what this one has left in libpq's buffer, which reads in pieces. */
static void
leave_behind(size_t size)
{
	size = size < BUFFER_MAX ? size : BUFFER_MAX;
	if (left_behind < size)
		left_behind = size;
}

/* The lease began after the question was sent, so it does not end earlier than this. */
static void
take(const PGresult *result, int row)
{
	Message    *message = message_from_row(result, row);

	message->lease_began = asked_at;
	message->lease_ends = asked_at + asked_lease;
	if (message->timeout > slowest)
		slowest = message->timeout;
	channel_put(message);
}

static void
take_messages(const PGresult *result)
{
	asked = false;
	if (!is_good(result))
	{
		rest(result);
		return;
	}
	worked = true;
	pause_ms = FIRST_PAUSE;
	rest_until = 0;
	if (PQntuples(result) > 0)
		rounds = 0;
	for (int row = 0; row < PQntuples(result); row++)
		take(result, row);
	if (PQntuples(result) >= wanted)
		claim_wake();
	else
		ask_when = true;
	leave_behind(database_wipe(result));
}

/* Channels that are full are skipped: when there is room again, nobody asks what is due in them, but takes it. */
static void
go_to_sleep(const PGresult *result)
{
	int64_t		sleep = (int64_t) options->poll * 1000;
	int64_t		due = CLOCK_NEVER;

	if (!is_good(result))
	{
		rest(result);
		return;
	}
	rest_until = 0;
	if (!PQgetisnull(result, 0, 0))
		due = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	found_nothing = due > 0 || rounds == LONGEST_ROUND;
	if (due > 0)
	{
		rounds = 0;
		sleep = clock_earlier(sleep, due < SHORTEST_SLEEP ? SHORTEST_SLEEP : due);
	}
	else
	{
		/* somebody else has it, and may keep it for long */
		sleep = clock_earlier(sleep, SHORTEST_SLEEP << rounds);
		rounds += rounds < LONGEST_ROUND;
	}
	wake_at = clock_ms() + sleep;
}

static int
smaller(int a, int b)
{
	return a < b ? a : b;
}

static void
ask_for_messages(const Text *skip, int room)
{
	char		batch[16];
	char		lease[16];
	const char *values[] = {options->worker, batch, lease, skip->data};

	wanted = smaller(options->batch, smaller(room, channel_room()));
	snprintf(batch, sizeof(batch), "%d", wanted);
	snprintf(lease, sizeof(lease), "%d", lease_seconds());
	is_due = ask_when = found_nothing = false;
	wake_at = CLOCK_NEVER;
	asked = true;
	asked_at = clock_ms();
	asked_lease = claim_lease_ms();
	database_ask(claim_sql, 4, values, take_messages);
}

void
claim_ask(int room)
{
	Text		skip = {0};

	channel_skip_list(&skip);
	array_end(&skip);
	if (is_due)
		ask_for_messages(&skip, room);
	else
	{
		char		padding[16];
		const char *values[] = {skip.data, padding};

		snprintf(padding, sizeof(padding), "%zu", left_behind);
		ask_when = false;
		left_behind = 0;
		database_ask(next_due_sql, 2, values, go_to_sleep);
	}
	text_free(&skip);
}

void
claim_step(void)
{
	if (clock_ms() < wake_at)
		return;
	wake_at = CLOCK_NEVER;
	claim_wake();
}

int64_t
claim_until(void)
{
	return wake_at;
}
