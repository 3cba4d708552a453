/*
 * mime.h
 *		A mail as text.
 */
#ifndef OTP_RELAY_MIME_H
#define OTP_RELAY_MIME_H

#include <stdbool.h>
#include <time.h>

#include "text.h"

typedef struct Mail
{
	const char *sender;			/* bare address */
	const char *sender_name;	/* or NULL */
	const char *destination;	/* bare address */
	const char *subject;
	const char *plain;
	const char *html;			/* or NULL */
	const char *key;			/* of the message; unique, and the same for each of its tries */
	time_t		date;
} Mail;

extern bool mime_is_address(const char *address);

/* NULL, or what is wrong with it; then nothing has been written. */
extern const char *mime_write(const Mail *mail, Text *text);

#endif							/* OTP_RELAY_MIME_H */
