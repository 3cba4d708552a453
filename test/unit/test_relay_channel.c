/*
 * test_relay_channel.c
 *		How many messages the relay takes for a channel.
 */
#include "channel.h"

#include "array.h"
#include "tap.h"
#include "wipe.h"

#define CAP			100
#define CAP_TEXT	"100"

static void
put(const char *name, int count)
{
	for (int i = 0; i < count; i++)
	{
		Message    *message = must_alloc(sizeof(Message));

		message->field[FIELD_CHANNEL] = name;
		message->field[FIELD_TRANSPORT] = "http";
		message->field[FIELD_MAX_IN_FLIGHT] = CAP_TEXT;
		channel_put(message);
	}
}

/* Begins as many as may be. */
static int
begin(void)
{
	Message    *message;
	int			count = 0;

	while ((message = channel_take(channel_first())) != NULL)
	{
		message_free(message);
		count++;
	}
	return count;
}

/* Finishes and begins, milliseconds after milliseconds; whether that has made room once. */
static bool
finish(int count, int64_t *now, int per_ms)
{
	bool		room = false;

	for (int i = 0; i < count; i++)
	{
		*now += i % per_ms == 0;
		room = channel_finished(channel_first(), *now) || room;
		begin();
	}
	return room;
}

static void
skipped_is(const char *want)
{
	Text		list = {0};

	channel_skip_list(&list);
	is_string(array_end(&list), want, want);
	text_free(&list);
}

static void
test_silent(void)
{
	put("silent", CAP - 1);
	skipped_is("{}");
	put("silent", 1);
	skipped_is("{\"silent\"}");
	ok(begin() == CAP && channel_load() == CAP, "all are in flight");
	ok(channel_room() == CAP, "there is room for a channel that is not known yet");
	channel_close();
}

static void
test_slow(void)
{
	int64_t		now = 1000;

	put("slow", CAP);
	begin();
	for (int i = 1; i < CAP / 4; i++)
		ok(!channel_finished(channel_first(), now += 1000), "little room");
	ok(channel_finished(channel_first(), now += 1000), "a quarter of it is free");
	skipped_is("{}");
	put("slow", CAP / 4);
	skipped_is("{\"slow\"}");
	channel_close();
}

static void
test_quick(void)
{
	int64_t		now = 1000;
	int			taken = CAP;

	put("quick", CAP);
	begin();
	for (int i = 0; i < 100; i++)
	{
		if (finish(CAP / 4, &now, 10))
		{
			taken = channel_room();
			put("quick", taken);
			begin();
		}
	}
	ok(taken > CAP * 4, "ten a millisecond: more are taken at once than may be in flight, %d", taken);
	ok(channel_load() <= CAP + 1000, "and no more than go in a tenth of a second");
	channel_close();
}

int
main(void)
{
	test_silent();
	test_slow();
	test_quick();
	return done_testing();
}
