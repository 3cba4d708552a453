/*
 * settle.c
 *		Tells the database what came of tries.
 *
 * While one question is under way the next results come together, so the busier the relay is, the more of
 * them are settled at once. A result is kept until the database has answered: after a lost connection
 * it is told again, and counts once, because it names the lease.
 */
#include "settle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "claim.h"
#include "clock.h"
#include "database.h"
#include "log.h"
#include "wipe.h"

#define AT_ONCE		1000
/* milliseconds until what could not be settled is told again */
#define PAUSE		1000

typedef struct Result
{
	struct Result *next;
	int64_t		id;
	int			lease;
	bool		alone;			/* something was wrong with one of its batch */
	Outcome		outcome;
} Result;

typedef struct Queue
{
	Result	   *first;
	Result	   *last;
	int			count;
} Queue;

/* How long to wait for whoever has a row: those that may have to are too many to wait for each of them. */
#define PATIENCE		"(SELECT pg_catalog.set_config('lock_timeout', $1, true)) AS patience"
#define LONG_PATIENCE	"1s"
#define SHORT_PATIENCE	"10ms"

static const char delivered_sql[] =
	"SELECT otp_delivered($2::bigint[], $3::integer[], $4::text[])::text FROM " PATIENCE;

static const char failed_sql[] =
	"SELECT count(*) FILTER (WHERE otp_failed(t.id, t.lease, t.error, t.retry, make_interval(secs => t.after)))::text"
	" FROM " PATIENCE ", unnest($2::bigint[], $3::integer[], $4::text[], $5::boolean[], $6::double precision[])"
	" AS t (id, lease, error, retry, after)";

static Queue delivered;
static Queue failed;
static Queue alone;				/* each of these may have to wait for somebody, or be wrong */
static Queue asked;				/* the batch that the database is being told of */
static Queue later;				/* what it could not settle, for now */
static int64_t later_until = CLOCK_NEVER;

static void
put(Queue *queue, Result *result)
{
	result->next = NULL;
	if (queue->last)
		queue->last->next = result;
	else
		queue->first = result;
	queue->last = result;
	queue->count++;
}

static Result *
take(Queue *queue)
{
	Result	   *result = queue->first;

	if (!result)
		return NULL;
	queue->first = result->next;
	if (!queue->first)
		queue->last = NULL;
	queue->count--;
	return result;
}

static Queue *
queue_of(const Result *result)
{
	if (result->alone)
		return &alone;
	return result->outcome.kind == OUTCOME_DELIVERED ? &delivered : &failed;
}

void
settle_add(int64_t id, int lease, const Outcome *outcome)
{
	Result	   *result = must_alloc(sizeof(Result));

	result->id = id;
	result->lease = lease;
	result->outcome = *outcome;
	put(queue_of(result), result);
}

static bool
renew(const Queue *queue, int64_t id, int lease)
{
	for (Result *result = queue->first; result; result = result->next)
	{
		if (result->id == id && result->outcome.kind == OUTCOME_DELIVERED)
		{
			result->lease = lease;
			return true;
		}
	}
	return false;
}

/*
 * Whether a message that has been taken again was delivered by us, and only could not be settled before its lease ended: then it is, under
 * the new one, and must not be sent.
 */
bool
settle_renew(int64_t id, int lease)
{
	return renew(&later, id, lease) || renew(&alone, id, lease) || renew(&delivered, id, lease);
}

bool
settle_is_pending(void)
{
	return delivered.count + failed.count + alone.count > 0;
}

int
settle_count(void)
{
	return delivered.count + failed.count + alone.count + asked.count + later.count;
}

static void
empty(Queue *queue)
{
	Result	   *result;

	while ((result = take(queue)) != NULL)
		wiping_free(result);
}

static void
ask_again(bool one_by_one)
{
	Result	   *result;

	while ((result = take(&asked)) != NULL)
	{
		result->alone = result->alone || one_by_one;
		put(queue_of(result), result);
	}
}

static void
ask_later(void)
{
	Result	   *result;

	while ((result = take(&asked)) != NULL)
		put(&later, result);
	later_until = clock_ms() + PAUSE;
}

void
settle_step(void)
{
	Result	   *result;

	if (clock_ms() < later_until)
		return;
	later_until = CLOCK_NEVER;
	while ((result = take(&later)) != NULL)
		put(queue_of(result), result);
}

int64_t
settle_until(void)
{
	return later_until;
}

/* Is it the fault of what the database was told? */
static bool
is_for_good(const char *sqlstate)
{
	return strncmp(sqlstate, "22", 2) == 0 || strncmp(sqlstate, "23", 2) == 0;
}

/* May it be the fault of one message: of what it says, or of somebody who has its row? */
static bool
is_of_one(const char *sqlstate)
{
	return is_for_good(sqlstate) || strcmp(sqlstate, "55P03") == 0 || strcmp(sqlstate, "57014") == 0 ||
		strncmp(sqlstate, "40", 2) == 0;
}

static void
count_settled(const PGresult *reply)
{
	char		had[16];
	char		of[16];

	snprintf(had, sizeof(had), "%d", atoi(PQgetvalue(reply, 0, 0)));
	snprintf(of, sizeof(of), "%d", asked.count);
	if (strcmp(had, of) != 0)
		log_line(LOG_WARNING, "settled less than was sent: leases had ended", "settled", had, "of", of,
				 NULL);
	/* what is to be tried again is due some time */
	if (asked.first && asked.first->outcome.kind != OUTCOME_DELIVERED)
		claim_ask_when();
	empty(&asked);
}

/*
 * If it is one message that the database cannot settle, the others of its batch are not to suffer. What is forgotten here is
 * sent twice, so only what can never be settled is; the rest is told again, and counts as long as nobody else has the message.
 */
static void
refused(const PGresult *reply)
{
	const char *sqlstate = PQresultErrorField(reply, PG_DIAG_SQLSTATE);

	database_log_error("cannot settle", reply);
	if (!sqlstate)
		ask_later();
	else if (is_of_one(sqlstate) && !asked.first->alone)
		ask_again(true);
	else if (is_for_good(sqlstate))
		empty(&asked);
	else
		ask_later();
}

static void
answered(const PGresult *reply)
{
	if (!reply)
		ask_again(false);
	else if (PQresultStatus(reply) == PGRES_TUPLES_OK && PQntuples(reply) == 1)
		count_settled(reply);
	else
		refused(reply);
}

static int
by_id(const void *a, const void *b)
{
	int64_t		x = (*(Result *const *) a)->id;
	int64_t		y = (*(Result *const *) b)->id;

	return x < y ? -1 : x > y;
}

/* In order of their ids, so that two relays cannot wait for each other. */
static void
sort_asked(void)
{
	static Result *sorted[AT_ONCE];
	size_t		n = 0;

	while (asked.first)
		sorted[n++] = take(&asked);
	qsort(sorted, n, sizeof(sorted[0]), by_id);
	for (size_t i = 0; i < n; i++)
		put(&asked, sorted[i]);
}

static void
choose(Queue *queue)
{
	int			most = queue == &alone ? 1 : AT_ONCE;

	while (queue->first && asked.count < most)
		put(&asked, take(queue));
	sort_asked();
}

static void
add_number(Text *array, int64_t number)
{
	char		digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, number);
	array_add(array, digits);
}

static void
ask(bool of_failed)
{
	Text		array[5] = {0};
	const char *values[6] = {asked.first->alone ? SHORT_PATIENCE : LONG_PATIENCE};

	for (const Result *result = asked.first; result; result = result->next)
	{
		const Outcome *outcome = &result->outcome;

		add_number(&array[0], result->id);
		add_number(&array[1], result->lease);
		array_add(&array[2], of_failed ? outcome->error : *outcome->provider_id ? outcome->provider_id : NULL);
		array_add(&array[3], outcome->kind == OUTCOME_RETRY ? "t" : "f");
		if (outcome->retry_after > 0)
			add_number(&array[4], outcome->retry_after);
		else
			array_add(&array[4], NULL);
	}
	for (int i = 0; i < 5; i++)
		values[i + 1] = array_end(&array[i]);
	database_ask(of_failed ? failed_sql : delivered_sql, of_failed ? 6 : 4, values, answered);
	for (int i = 0; i < 5; i++)
		text_free(&array[i]);
}

void
settle_ask(void)
{
	static Queue *const queues[] = {&delivered, &failed, &alone};
	static int	turn;

	/* by turns, so that none waits for a stream of another, nor for all that wait for somebody */
	do
		turn = (turn + 1) % 3;
	while (queues[turn]->count == 0);
	choose(queues[turn]);
	ask(asked.first->outcome.kind != OUTCOME_DELIVERED);
}

void
settle_close(void)
{
	empty(&delivered);
	empty(&failed);
	empty(&alone);
	empty(&asked);
	empty(&later);
}
