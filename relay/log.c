/*
 * log.c
 *		Lines of the log, on stderr.
 */
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const level_name[] = {"info", "warning", "error"};
static bool is_json;
static unsigned int lost;		/* lines that nobody has taken */

void
log_as_json(bool json)
{
	is_json = json;
}

/* A string of JSON. */
void
log_put_json(Text *line, const char *value)
{
	text_add_char(line, '"');
	for (; *value; value++)
	{
		if (*value == '"' || *value == '\\')
			text_format(line, "\\%c", *value);
		else if ((unsigned char) *value < ' ' || *value == 0x7f)
			text_format(line, "\\u%04x", *value);
		else
			text_add_char(line, *value);
	}
	text_add_char(line, '"');
}

/* Quoted where it would not be one word. */
void
log_put_text(Text *line, const char *value)
{
	bool		plain = *value != '\0';

	for (const char *c = value; *c; c++)
	{
		if ((unsigned char) *c <= ' ' || *c == '"' || *c == '\\' || *c == '=' || *c == 0x7f)
			plain = false;
	}
	if (plain)
		text_add(line, value);
	else
		log_put_json(line, value);
}

static void
put_time(Text *line)
{
	struct timespec now;
	struct tm	parts;
	char		seconds[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &parts);
	text_format(line, is_json ? "{\"time\":\"%s.%03ldZ\"" : "%s.%03ldZ", seconds,
				now.tv_nsec / 1000000);
}

static void
put(Text *line, const char *name, const char *value)
{
	if (is_json)
	{
		text_format(line, ",\"%s\":", name);
		log_put_json(line, value);
	}
	else
	{
		text_format(line, " %s=", name);
		log_put_text(line, value);
	}
}

/*
 * Whether a line can be written without waiting for whoever reads: he may have stopped, and messages have not.  What there is room for
 * in a pipe is a page at least, which is longer than a line.
 */
static bool
has_room(void)
{
	struct pollfd fd = {.fd = STDERR_FILENO,.events = POLLOUT};

	return poll(&fd, 1, 0) != 0;
}

/* A whole line in one write, so that those of several processes do not mix. */
static void
write_line(const Text *line)
{
	size_t		done = 0;

	while (done < line->length)
	{
		ssize_t		n = write(STDERR_FILENO, line->data + done, line->length - done);

		if (n <= 0)
			return;
		done += (size_t) n;
	}
}

static void
tell_lost(void)
{
	char		count[16];

	if (lost == 0 || !has_room())
		return;
	snprintf(count, sizeof(count), "%u", lost);
	lost = 0;
	log_line(LOG_WARNING, "lines of the log were lost", "lines", count, NULL);
}

void
log_line(LogLevel level, const char *event, ...)
{
	Text		line = {0};
	const char *name;
	va_list		args;

	tell_lost();
	put_time(&line);
	if (is_json)
	{
		put(&line, "level", level_name[level]);
		put(&line, "event", event);
	}
	else
		text_format(&line, " %s %s", level_name[level], event);
	va_start(args, event);
	while ((name = va_arg(args, const char *)) != NULL)
	{
		const char *value = va_arg(args, const char *);

		if (value)
			put(&line, name, value);
	}
	va_end(args);
	text_add(&line, is_json ? "}\n" : "\n");
	if (has_room())
		write_line(&line);
	else
		lost++;
	text_free(&line);
}
