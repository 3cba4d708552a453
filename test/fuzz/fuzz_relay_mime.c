/*
 * fuzz_relay_mime.c
 *		A mail is lines of ASCII that end with CR LF, none of them too long, with a header of each kind: whatever
 *		its parts have in them. Addresses alone may have other bytes.
 */
#include "mime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* of RFC 5322, without the end */
#define LINE_LENGTH_MAX	998

static void
must(int truth)
{
	if (!truth)
		abort();
}

static void
look_at_lines(const char *line)
{
	static const char *const headers[] = {
		"Date: ", "From: ", "To: ", "Subject: ", " ", "Message-ID: ", "Auto-Submitted: ", "MIME-Version: ", "Content-"
	};
	bool		in_headers = true;

	while (*line)
	{
		const char *end = strstr(line, "\r\n");
		size_t		known = 0;

		must(end && end - line <= LINE_LENGTH_MAX && !memchr(line, '\n', (size_t) (end - line)) &&
			 !memchr(line, '\r', (size_t) (end - line)));
		if (end == line)
			in_headers = false;
		while (in_headers && known < 9 && strncmp(line, headers[known], strlen(headers[known])) != 0)
			known++;
		must(known < 9);
		for (const char *c = line; !in_headers && c < end; c++)
			must((*c >= ' ' && *c <= '~') || *c == '\t');
		line = end + 2;
	}
}

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Strings with zero bytes between them. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *copy = malloc(size + 1);
	const char *part[6];
	const char *next = copy;
	Text		text = {0};
	Mail		mail;

	memcpy(copy, data, size);
	copy[size] = '\0';
	for (int i = 0; i < 6; i++)
	{
		part[i] = next;
		if (next < copy + size)
			next += strlen(next) + 1;
		if (next > copy + size)
			next = copy + size;
	}
	mail = (Mail) {part[0], part[1], part[2], part[3], part[4], *part[5] ? part[5] : NULL, "0-a", 0};
	if (mime_write(&mail, &text))
		must(text.length == 0);
	else
	{
		must(text.length == strlen(text.data));
		look_at_lines(text.data);
	}
	text_free(&text);
	free(copy);
	return 0;
}
