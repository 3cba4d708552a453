/*
 * text.c
 *		A text that grows, and whose memory is wiped.
 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wipe.h"

#define TEXT_SIZE	256

static void
make_room(Text *text, size_t length)
{
	size_t		size = text->size ? text->size : TEXT_SIZE;
	char	   *moved;

	if (text->size > text->length + length)
		return;
	while (size <= text->length + length)
		size *= 2;
	moved = must_alloc(size);
	if (text->data)
		memcpy(moved, text->data, text->length);
	wiping_free(text->data);
	text->data = moved;
	text->size = size;
}

void
text_append(Text *text, const char *data, size_t length)
{
	make_room(text, length);
	if (length > 0)
		memcpy(text->data + text->length, data, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void
text_add(Text *text, const char *string)
{
	text_append(text, string, strlen(string));
}

void
text_add_char(Text *text, char c)
{
	text_append(text, &c, 1);
}

void
text_format(Text *text, const char *format, ...)
{
	va_list		args;
	int			length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length <= 0)
		return;
	make_room(text, (size_t) length);
	va_start(args, format);
	vsnprintf(text->data + text->length, (size_t) length + 1, format, args);
	va_end(args);
	text->length += (size_t) length;
}

void
text_clear(Text *text)
{
	wipe(text->data, text->size);
	text->length = 0;
}

void
text_free(Text *text)
{
	wiping_free(text->data);
	*text = (Text) {0};
}
