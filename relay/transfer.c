/*
 * transfer.c
 *		Messages in flight.
 */
#include "transfer.h"

#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "clock.h"
#include "wipe.h"

/* connections that are kept open for the next messages */
#define KEPT_CONNECTIONS	1000L

/*
 * Connections that messages may use one after the other. Each channel by SMTP has its own, and others once its row says
 * something else of security: libcurl would let it use one that was verified by other authorities, or not at all. With
 * HTTP it looks at these.
 */
typedef struct Pool
{
	struct Pool *next;
	const Channel *channel;		/* NULL: of all that go by HTTP */
	bool		allow_plaintext;
	char	   *ca_file;		/* NULL: the system's authorities alone */
	CURLM	   *multi;
	int64_t		timer;
} Pool;

static Pool *pools;
static Transfer *transfers;
static int	count;
static Finished tell;

static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	(void) easy;
	(void) arg;
	(void) socket_arg;
	loop_watch(LOOP_TRANSFER, fd, what == CURL_POLL_IN || what == CURL_POLL_INOUT,
			   what == CURL_POLL_OUT || what == CURL_POLL_INOUT);
	return 0;
}

static int
set_timer(CURLM *of, long ms, void *arg)
{
	Pool	   *pool = arg;

	(void) of;
	pool->timer = ms < 0 ? CLOCK_NEVER : clock_ms() + ms;
	return 0;
}

void
transfer_open(Finished finished)
{
	tell = finished;
}

static void
free_pool(Pool *pool)
{
	curl_multi_cleanup(pool->multi);
	wiping_free(pool->ca_file);
	wiping_free(pool);
}

/* For messages such as this one; NULL: there is no memory. */
static Pool *
make_pool(const Message *message)
{
	Pool	   *pool = must_alloc(sizeof(Pool));
	const char *ca_file = message->field[FIELD_CA_FILE];

	if (message->is_smtp)
	{
		pool->channel = message->channel;
		pool->allow_plaintext = message->allow_plaintext;
		pool->ca_file = ca_file ? must_copy(ca_file) : NULL;
	}
	pool->timer = CLOCK_NEVER;
	pool->multi = curl_multi_init();
	if (!pool->multi)
	{
		free_pool(pool);
		return NULL;
	}
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
	pool->next = pools;
	pools = pool;
	return pool;
}

static bool
is_for(const Pool *pool, const Message *message)
{
	const char *ca_file = message->field[FIELD_CA_FILE];

	if (!message->is_smtp)
		return !pool->channel;
	return pool->channel == message->channel && pool->allow_plaintext == message->allow_plaintext &&
		(ca_file && pool->ca_file ? strcmp(ca_file, pool->ca_file) == 0 : !ca_file && !pool->ca_file);
}

static Pool *
pool_of(const Message *message)
{
	Pool	   *pool = pools;

	while (pool && !is_for(pool, message))
		pool = pool->next;
	return pool ? pool : make_pool(message);
}

/* More than the limit ends the transfer: an answer without an end would hold its place in the flight. */
static size_t
take_answer(char *data, size_t size, size_t n, void *arg)
{
	Transfer   *transfer = arg;

	if (transfer->answer.length + size * n > ANSWER_MAX)
	{
		transfer->too_long = true;
		return 0;
	}
	text_append(&transfer->answer, data, size * n);
	return size * n;
}

static void
link_transfer(Transfer *transfer)
{
	transfer->next = transfers;
	if (transfers)
		transfers->previous = transfer;
	transfers = transfer;
	count++;
}

static void
unlink_transfer(Transfer *transfer)
{
	if (transfer->previous)
		transfer->previous->next = transfer->next;
	else
		transfers = transfer->next;
	if (transfer->next)
		transfer->next->previous = transfer->previous;
	count--;
}

static void
wipe_list(struct curl_slist *list)
{
	for (; list; list = list->next)
		wipe(list->data, strlen(list->data));
}

/* The handle first: libcurl may look at what it was given until then. */
static void
end(Transfer *transfer)
{
	unlink_transfer(transfer);
	if (transfer->multi)
		curl_multi_remove_handle(transfer->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	wipe_list(transfer->list);
	curl_slist_free_all(transfer->list);
	text_free(&transfer->mail);
	text_free(&transfer->answer);
	wiping_free(transfer);
}

static void
finish(Transfer *transfer, const Outcome *outcome)
{
	Message    *message = transfer->message;
	int64_t		ms = clock_ms() - transfer->began;

	end(transfer);
	tell(message, outcome, ms);
}

static const char *
prepare(Transfer *transfer, int64_t limit_ms)
{
	const Message *message = transfer->message;
	CURL	   *easy = transfer->easy;

	if (!message->field[FIELD_URL])
		return "no URL";
	secure_transfer(easy, &(Limits) {
		message->is_smtp, message->allow_plaintext, message->field[FIELD_URL], message->field[FIELD_CA_FILE],
			limit_ms
	});
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	return message->is_smtp ? mail_prepare(transfer) : http_prepare(transfer);
}

void
transfer_begin(Message *message, int64_t limit_ms)
{
	Transfer   *transfer = must_alloc(sizeof(Transfer));
	Pool	   *pool = pool_of(message);
	const char *problem;

	transfer->message = message;
	transfer->began = clock_ms();
	transfer->easy = curl_easy_init();
	link_transfer(transfer);
	problem = transfer->easy && pool ? prepare(transfer, limit_ms) : "out of memory";
	if (problem)
	{
		Outcome		outcome = {.kind = transfer->easy && pool ? OUTCOME_FAILED : OUTCOME_RETRY};

		snprintf(outcome.error, ERROR_SIZE, "%s", problem);
		finish(transfer, &outcome);
		return;
	}
	transfer->multi = pool->multi;
	curl_multi_add_handle(pool->multi, transfer->easy);
}

static void
finish_done(CURLM *multi)
{
	CURLMsg    *done;
	int			left;

	while ((done = curl_multi_info_read(multi, &left)) != NULL)
	{
		CURLcode	code = done->data.result;
		Transfer   *transfer;
		Outcome		outcome;

		if (done->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, (char **) &transfer);
		verdict_of_transfer(transfer, code, &outcome);
		finish(transfer, &outcome);
	}
}

void
transfer_ready(const LoopEvent *event)
{
	int			running;

	/* one knows the socket, and the others do not mind */
	for (Pool *pool = pools; pool; pool = pool->next)
		curl_multi_socket_action(pool->multi, event->fd,
								 (event->readable ? CURL_CSELECT_IN : 0) | (event->writable ? CURL_CSELECT_OUT : 0),
								 &running);
}

void
transfer_step(void)
{
	int			running;

	for (Pool *pool = pools; pool; pool = pool->next)
	{
		if (pool->timer <= clock_ms())
		{
			pool->timer = CLOCK_NEVER;
			curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		}
		finish_done(pool->multi);
	}
}

int64_t
transfer_until(void)
{
	int64_t		until = CLOCK_NEVER;

	for (const Pool *pool = pools; pool; pool = pool->next)
		until = clock_earlier(until, pool->timer);
	return until;
}

int
transfer_count(void)
{
	return count;
}

void
transfer_close(void)
{
	while (transfers)
	{
		message_free(transfers->message);
		end(transfers);
	}
	while (pools)
	{
		Pool	   *pool = pools;

		pools = pool->next;
		free_pool(pool);
	}
}
