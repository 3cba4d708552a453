/*
 * mask.c
 *		What of a destination and of a URL may be shown in a log.
 */
#include "mask.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DIGITS			"0123456789"
#define OF_A_NUMBER		DIGITS "+ -.()"
#define OF_A_HOST		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-._:[]"

/* with fewer digits, two of them would tell too much */
#define NUMBER_MIN		6

static bool
consists_of(const char *string, const char *characters)
{
	return *string && string[strspn(string, characters)] == '\0';
}

/* The bytes of the first character, as UTF-8. */
static int
first_character(const char *string)
{
	int			n = 1;

	while (n < 4 && ((unsigned char) string[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static void
mask_number(const char *number, char masked[MASK_SIZE])
{
	char		last[3] = "";
	int			digits = 0;

	for (; *number; number++)
	{
		if (!strchr(DIGITS, *number))
			continue;
		last[0] = last[1];
		last[1] = *number;
		digits++;
	}
	snprintf(masked, MASK_SIZE, "***%s", digits < NUMBER_MIN ? "" : last);
}

/*
 * The last two digits of a number, the first letter and the domain of a mail's address, and nothing
 * of anything else: a device's token is all that somebody needs to write to it.
 */
void
mask_destination(const char *destination, char masked[MASK_SIZE])
{
	const char *at = strrchr(destination, '@');

	if (consists_of(destination, OF_A_NUMBER))
		mask_number(destination, masked);
	else if (at && at != destination && (unsigned char) *destination > ' ' &&
			 consists_of(at + 1, OF_A_HOST) && strlen(at) < MASK_SIZE - 10)
		snprintf(masked, MASK_SIZE, "%.*s***%s", first_character(destination), destination, at);
	else
		snprintf(masked, MASK_SIZE, "***");
}

/* Scheme, host and port: no user, path, query or fragment. */
void
mask_origin(const char *url, char origin[MASK_SIZE])
{
	const char *authority = strstr(url, "://");
	char		host[MASK_SIZE];
	size_t		length;
	char	   *user_end;

	snprintf(origin, MASK_SIZE, "?");
	if (!authority || authority - url > 8)
		return;
	authority += 3;
	length = strcspn(authority, "/?#\\");
	if (length >= sizeof(host) - 16)
		return;
	memcpy(host, authority, length);
	host[length] = '\0';
	user_end = strrchr(host, '@');
	if (user_end)
		memmove(host, user_end + 1, strlen(user_end));
	if (consists_of(host, OF_A_HOST))
		snprintf(origin, MASK_SIZE, "%.*s%.280s", (int) (authority - url), url, host);
}
