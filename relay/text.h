/*
 * text.h
 *		A text that grows, and whose memory is wiped.
 */
#ifndef OTP_RELAY_TEXT_H
#define OTP_RELAY_TEXT_H

#include <stddef.h>

/* All zero is an empty one. The data, if there is any, ends with a zero byte that does not count. */
typedef struct Text
{
	char	   *data;
	size_t		length;
	size_t		size;
} Text;

extern void text_append(Text *text, const char *data, size_t length);
extern void text_add(Text *text, const char *string);
extern void text_add_char(Text *text, char c);
extern void text_format(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern void text_clear(Text *text);
extern void text_free(Text *text);

#endif							/* OTP_RELAY_TEXT_H */
