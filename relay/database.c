/*
 * database.c
 *		The connection to the database: made, kept, made again; one question at a time, and nobody waits.
 */
#include "database.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "loop.h"

#define FIRST_PAUSE			500
#define LONGEST_PAUSE		30000
#define CONNECT_PATIENCE	15000
/* longer than statement_timeout: then it is the connection that hangs */
#define ANSWER_PATIENCE		60000

typedef enum State
{
	DOWN,
	CONNECTING,
	PREPARING,					/* search_path and the like, then LISTEN */
	LISTENING,
	FREE,
	ASKED
} State;

static const Options *options;
static PGconn *conn;
static State state = DOWN;
static int64_t deadline;		/* DOWN: when to connect; FREE: none; else when to give up */
static int	pause_ms = FIRST_PAUSE;
static bool is_new;				/* nobody has been told of this connection */
static bool notified;
static bool failed;				/* the last attempt at a connection did */
static bool hopeless;			/* it will not do, however often it is made */
static Reply reply_to;
static PGresult *held;			/* of a question that is not at its end */

/* Also of a socket that libpq has opened meanwhile. */
static void
watch(bool readable, bool writable)
{
	if (PQsocket(conn) >= 0)
		loop_watch(LOOP_DATABASE, PQsocket(conn), readable, writable);
}

static void
disconnect(void)
{
	if (!conn)
		return;
	watch(false, false);
	PQclear(held);
	held = NULL;
	PQfinish(conn);
	conn = NULL;
}

/* Only the first line: with several hosts there is one for each. */
static void
lose(const char *why)
{
	Reply		reply = state == ASKED ? reply_to : NULL;
	char		reason[200];

	strncpy(reason, why, sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	reason[strcspn(reason, "\n")] = '\0';
	failed = state < FREE;
	log_line(LOG_ERROR, failed ? "no connection to the database" : "lost the database", "message",
			 reason, NULL);
	disconnect();
	state = DOWN;
	deadline = clock_ms() + pause_ms;
	pause_ms = pause_ms * 2 < LONGEST_PAUSE ? pause_ms * 2 : LONGEST_PAUSE;
	if (reply)
		reply(NULL);
}

static void
flush(void)
{
	int			left = PQflush(conn);

	if (left < 0)
		lose(PQerrorMessage(conn));
	else
		watch(true, left > 0);
}

static void
send_question(State next, const char *sql, int n, const char *const *values)
{
	state = next;
	deadline = clock_ms() + ANSWER_PATIENCE;
	if (PQsendQueryParams(conn, sql, n, NULL, values, NULL, NULL, 1))
		flush();
	else
		lose(PQerrorMessage(conn));
}

static void
poll_connection(void)
{
	switch (PQconnectPoll(conn))
	{
		case PGRES_POLLING_READING:
			watch(true, false);
			break;
		case PGRES_POLLING_WRITING:
			watch(false, true);
			break;
		case PGRES_POLLING_OK:
			PQsetnonblocking(conn, 1);
			send_question(PREPARING, database_prepare_sql, 0, NULL);
			break;
		default:
			lose(PQerrorMessage(conn));
	}
}

/* What a NOTICE says is for people who type SQL. */
static void
ignore_notice(void *arg, const PGresult *result)
{
	(void) arg;
	(void) result;
}

static void
begin_connection(void)
{
	conn = database_connect(options, false);
	state = CONNECTING;
	deadline = clock_ms() + CONNECT_PATIENCE;
	if (!conn || PQstatus(conn) == CONNECTION_BAD)
	{
		lose(conn ? PQerrorMessage(conn) : "out of memory");
		return;
	}
	PQsetNoticeReceiver(conn, ignore_notice, NULL);
	watch(false, true);
}

static void
take_result(const PGresult *result)
{
	if (state == PREPARING && database_is_prepared(result))
		send_question(LISTENING, "LISTEN otp_message", 0, NULL);
	else if (state == PREPARING && PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		hopeless = true;
		lose("the database does not have the extension otp");
	}
	else if (state == LISTENING && PQresultStatus(result) == PGRES_COMMAND_OK)
	{
		state = FREE;
		is_new = true;
		failed = false;
		pause_ms = FIRST_PAUSE;
		log_line(LOG_INFO, "connected", "database", PQdb(conn), NULL);
	}
	else if (state == ASKED)
	{
		state = FREE;
		reply_to(result);
	}
	else
		lose(PQresultErrorMessage(result));
}

/* A question has come to its end when there is no further result. */
static void
read_results(void)
{
	PGresult   *result;

	for (;;)
	{
		if (PQisBusy(conn))
			return;
		result = PQgetResult(conn);
		if (!result)
			break;
		PQclear(held);
		held = result;
	}
	result = held;
	held = NULL;
	if (result && PQstatus(conn) == CONNECTION_BAD)
		lose(PQerrorMessage(conn));
	else if (result)
		take_result(result);
	PQclear(result);
}

static void
read_notifications(void)
{
	PGnotify   *notification;

	while (conn && (notification = PQnotifies(conn)) != NULL)
	{
		notified = true;
		PQfreemem(notification);
	}
}

/* The socket is ready for something. */
void
database_ready(void)
{
	if (state == DOWN)
		return;
	if (state == CONNECTING)
	{
		poll_connection();
		return;
	}
	if (!PQconsumeInput(conn))
	{
		lose(PQerrorMessage(conn));
		return;
	}
	read_results();
	/* behind the results: libpq finds what comes with them only while it reads those */
	read_notifications();
	if (conn && state > CONNECTING)
		flush();
}

void
database_step(void)
{
	if (clock_ms() < database_until())
		return;
	if (state == DOWN)
		begin_connection();
	else
		lose(state == CONNECTING ? "timeout" : "no answer");
}

int64_t
database_until(void)
{
	return state == FREE ? CLOCK_NEVER : deadline;
}

void
database_ask(const char *sql, int n, const char *const *values, Reply reply)
{
	reply_to = reply;
	send_question(ASKED, sql, n, values);
}

void
database_open(const Options *given)
{
	options = given;
	deadline = clock_ms();
}

void
database_close(void)
{
	disconnect();
	state = DOWN;
}

bool
database_is_free(void)
{
	return state == FREE;
}

/* Once for each connection: whatever was notified before it is not known. */
bool
database_is_new(void)
{
	bool		was = is_new;

	is_new = false;
	return was;
}

bool
database_was_notified(void)
{
	bool		was = notified;

	notified = false;
	return was;
}

bool
database_has_failed(void)
{
	return failed;
}

bool
database_is_hopeless(void)
{
	return hopeless;
}
