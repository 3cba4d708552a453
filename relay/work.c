/*
 * work.c
 *		Takes messages, has them sent, and settles.
 */
#include "work.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "channel.h"
#include "claim.h"
#include "clock.h"
#include "database.h"
#include "log.h"
#include "loop.h"
#include "mask.h"
#include "settle.h"
#include "transfer.h"
#include "wipe.h"

/* between the end of a try and that of its lease */
#define LEASE_MARGIN	1000
/* for the database, libraries and whatever the process was given */
#define OTHER_FILES		64

static const Options *options;
static int	most;				/* messages at once, as descriptors allow */
static bool stopping;
static int64_t stop_until = CLOCK_NEVER;
static bool settled_last;

static const char *const outcome_name[] = {
	[OUTCOME_DELIVERED] = "delivered",
	[OUTCOME_RETRY] = "retry",
	[OUTCOME_FAILED] = "failed"
};

static void
log_try(const Message *message, const Outcome *outcome, int64_t ms)
{
	const char *destination = message->field[FIELD_DESTINATION];
	const char *url = message->field[FIELD_URL];
	char		masked[MASK_SIZE];
	char		origin[MASK_SIZE];
	char		taken[24];

	mask_destination(destination ? destination : "", masked);
	mask_origin(url ? url : "", origin);
	snprintf(taken, sizeof(taken), "%lld", (long long) ms);
	log_line(outcome->kind == OUTCOME_DELIVERED ? LOG_INFO : LOG_WARNING, outcome_name[outcome->kind],
			 "channel", message->channel->name, "message", message->field[FIELD_ID],
			 "try", message->field[FIELD_LEASE], "ms", taken, "origin", origin, "destination", masked,
			 "error", *outcome->error ? outcome->error : NULL, "note", outcome->note, NULL);
}

static void
let_go(Message *message)
{
	if (channel_finished(message->channel, clock_ms()))
		claim_wake();
	message_free(message);
}

static void
finished(Message *message, const Outcome *outcome, int64_t ms)
{
	log_try(message, outcome, ms);
	settle_add(message->id, message->lease, outcome);
	let_go(message);
}

/*
 * A try has to end before its lease does: then another relay has the message. One that has waited here too long
 * is left to that relay; its provider has not seen it. The first lease may be too short for a whole try: nothing
 * is known of the channels yet.
 */
static void
begin(Message *message)
{
	int64_t		now = clock_ms();
	int64_t		whole = message->lease_ends - message->lease_began - LEASE_MARGIN;
	int64_t		left = message->lease_ends - now - LEASE_MARGIN;
	int64_t		limit = clock_earlier((int64_t) message->timeout * 1000, whole);

	if (now >= message->expires)
		finished(message, &(Outcome) {.kind = OUTCOME_FAILED, .error = "expired"}, 0);
	else if (left <= 0 || left < limit / 2)
	{
		log_line(LOG_WARNING, "not tried before its lease ends", "channel", message->channel->name,
				 "message", message->field[FIELD_ID], "try", message->field[FIELD_LEASE], NULL);
		let_go(message);
	}
	else if (message->lease > 1 && settle_renew(message->id, message->lease))
		let_go(message);
	else
		transfer_begin(message, clock_earlier(left, limit));
}

static void
begin_waiting(void)
{
	for (Channel *channel = channel_first(); channel; channel = channel->next)
	{
		Message    *message;

		while ((message = channel_take(channel)) != NULL)
			begin(message);
	}
}

/* By turns, so that under load neither new messages nor results wait for long. */
static void
ask_database(void)
{
	int			room = most - channel_load();
	bool		may_claim = !stopping && room > 0 && claim_is_wanted();

	if (!database_is_free())
		return;
	if (settle_is_pending() && !(settled_last && may_claim))
	{
		settled_last = true;
		settle_ask();
	}
	else if (may_claim)
	{
		settled_last = false;
		claim_ask(room);
	}
}

static void
stop(void)
{
	stopping = true;
	stop_until = clock_ms() + claim_lease_ms();
	log_line(LOG_INFO, "stopping", NULL);
}

static bool
is_idle(void)
{
	return channel_load() == 0 && settle_count() == 0 && !claim_is_asked();
}

/* Whether it is over, with what status. */
static bool
is_over(int *status)
{
	bool		useless = database_is_hopeless() || claim_is_refused();

	if (is_idle() && stopping)
		*status = 0;
	else if (useless && !claim_has_worked())
		*status = 1;
	else if (options->once && is_idle() && (database_has_failed() || claim_has_failed()))
		*status = 1;
	else if (clock_ms() >= stop_until)
	{
		log_line(LOG_ERROR, "could not settle all", NULL);
		*status = 1;
	}
	else
		return false;
	return true;
}

static void
dispatch(const LoopEvent *event, int stop_fd)
{
	char		byte;

	if (event->owner == LOOP_DATABASE)
		database_ready();
	else if (event->owner == LOOP_TRANSFER)
		transfer_ready(event);
	else if (read(stop_fd, &byte, 1) == 1)
		stop();
}

static void
step(void)
{
	database_step();
	if (database_is_new() || database_was_notified())
		claim_wake();
	claim_step();
	settle_step();
	transfer_step();
	begin_waiting();
	ask_database();
	/* what is still in flight may fail, and be due again: that is for the next time */
	if (options->once && !stopping && claim_found_nothing() && !channel_is_any_full())
		stop();
}

static int64_t
wait_until(void)
{
	return clock_earlier(clock_earlier(database_until(), claim_until()),
						 clock_earlier(clock_earlier(transfer_until(), settle_until()), stop_until));
}

/* As many descriptors as this process may have, which is about as many messages. */
static int
raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return OTHER_FILES;
	limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur > 2 * OTHER_FILES ? (int) limit.rlim_cur - OTHER_FILES : OTHER_FILES;
}

static int
run(int stop_fd)
{
	LoopEvent	events[LOOP_EVENTS];
	int			status;

	for (;;)
	{
		int			n;

		step();
		if (is_over(&status))
			return status;
		wipe_stack();
		n = loop_wait(wait_until(), events);
		for (int i = 0; i < n; i++)
			dispatch(&events[i], stop_fd);
	}
}

int
work(const Options *given, int stop_fd)
{
	int			status;

	options = given;
	most = raise_files();
	loop_open();
	loop_watch(LOOP_SIGNAL, stop_fd, true, false);
	channel_set_default_cap(options->in_flight);
	claim_open(options);
	transfer_open(finished);
	database_open(options);
	log_line(LOG_INFO, "started", "version", OTP_RELAY_VERSION, "worker", options->worker, NULL);
	status = run(stop_fd);
	transfer_close();
	channel_close();
	settle_close();
	database_close();
	loop_close();
	log_line(LOG_INFO, "stopped", NULL);
	return status;
}
