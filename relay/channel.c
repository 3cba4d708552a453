/*
 * channel.c
 *		The channels that messages have come for, and what waits for each of them.
 *
 * There is a limit to a channel's messages in flight, and none to all of them together: so a channel
 * whose provider does not answer takes no room that another needs.
 */
#include "channel.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "wipe.h"

#define HTTP_CAP	100
/* servers for mail allow few connections at once from one address */
#define SMTP_CAP	10

/* milliseconds: what is finished in that time waits here already when its turn comes */
#define AHEAD		100

static Channel *channels;
static int	default_cap;

void
channel_set_default_cap(int cap)
{
	default_cap = cap;
}

Channel *
channel_first(void)
{
	return channels;
}

static Channel *
find(const char *name)
{
	Channel    *channel = channels;

	while (channel && strcmp(channel->name, name) != 0)
		channel = channel->next;
	if (!channel)
	{
		channel = must_alloc(sizeof(Channel));
		channel->name = must_copy(name);
		channel->next = channels;
		channels = channel;
	}
	return channel;
}

/* The row of the channel may have changed since the last message. */
static void
learn(Channel *channel, const Message *message)
{
	const char *cap = message->field[FIELD_MAX_IN_FLIGHT];

	channel->cap = cap ? atoi(cap) : default_cap;
	if (channel->cap < 1)
		channel->cap = message->is_smtp ? SMTP_CAP : HTTP_CAP;
}

static int
load(const Channel *channel)
{
	return channel->in_flight + channel->waiting;
}

/*
 * Taking messages takes time, in which a quick provider would have nothing to do; and a slow one's messages are better left to
 * whoever has room for them. So the pace is measured.
 */
static void
learn_pace(Channel *channel, int64_t now)
{
	int64_t		passed = now - channel->finished_since;

	channel->finished++;
	if (passed < AHEAD)
		return;
	channel->ahead = (int) (channel->finished * AHEAD / passed);
	channel->finished = 0;
	channel->finished_since = now;
}

void
channel_put(Message *message)
{
	const char *name = message->field[FIELD_CHANNEL];
	Channel    *channel = find(name ? name : "");

	learn(channel, message);
	message->channel = channel;
	message->next = NULL;
	if (channel->last)
		channel->last->next = message;
	else
		channel->first = message;
	channel->last = message;
	channel->waiting++;
	if (load(channel) >= channel->cap + channel->ahead)
		channel->full = true;
}

/* The next message that may be begun, or NULL. */
Message *
channel_take(Channel *channel)
{
	Message    *message = channel->first;

	if (!message || channel->in_flight >= channel->cap)
		return NULL;
	channel->first = message->next;
	if (!channel->first)
		channel->last = NULL;
	channel->waiting--;
	channel->in_flight++;
	return message;
}

/*
 * A message is not in flight any more. Tells whether that has made room: not as soon as there is
 * room for one, because taking them one by one costs more.
 */
bool
channel_finished(Channel *channel, int64_t now)
{
	channel->in_flight--;
	learn_pace(channel, now);
	if (!channel->full || load(channel) > channel->cap * 3 / 4 + channel->ahead / 2)
		return false;
	channel->full = false;
	return true;
}

void
channel_skip_list(Text *list)
{
	for (const Channel *channel = channels; channel; channel = channel->next)
	{
		if (channel->full)
			array_add(list, channel->name);
	}
}

bool
channel_is_any_full(void)
{
	const Channel *channel = channels;

	while (channel && !channel->full)
		channel = channel->next;
	return channel != NULL;
}

int
channel_load(void)
{
	int			sum = 0;

	for (const Channel *channel = channels; channel; channel = channel->next)
		sum += load(channel);
	return sum;
}

/* For how many messages there is room in channels that are not full, or would be in one that is not known yet. */
int
channel_room(void)
{
	int			room = 0;

	for (const Channel *channel = channels; channel; channel = channel->next)
	{
		if (!channel->full)
			room += channel->cap + channel->ahead - load(channel);
	}
	return room > HTTP_CAP ? room : HTTP_CAP;
}

void
channel_close(void)
{
	while (channels)
	{
		Channel    *channel = channels;
		Message    *message;

		channels = channel->next;
		while ((message = channel->first) != NULL)
		{
			channel->first = message->next;
			message_free(message);
		}
		wiping_free(channel->name);
		wiping_free(channel);
	}
}
