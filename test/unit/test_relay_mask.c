/*
 * test_relay_mask.c
 *		What of a destination and of a URL may be shown in a log.
 *
 * Requirements: 24.
 */
#include "mask.h"

#include "tap.h"

static void
destination_is(const char *destination, const char *want, const char *name)
{
	char		masked[MASK_SIZE];

	memset(masked, 'x', sizeof(masked));
	mask_destination(destination, masked);
	is_string(masked, want, name);
}

static void
test_destinations(void)
{
	char		text[1000];

	destination_is("+6281234567890", "***90", "a number");
	destination_is("(030) 1234-56 7", "***67", "with what stands between digits");
	destination_is("123456", "***56", "the shortest");
	destination_is("12345", "***", "a shorter one");
	destination_is("", "***", "nothing");
	destination_is("alice@example.com", "a***@example.com", "a mail's address");
	destination_is("ä@example.com", "ä***@example.com", "whole characters");
	destination_is("a@b@example.com", "a***@example.com", "its domain is what the last @ begins");
	destination_is("@example.com", "***", "no local part");
	destination_is("alice@exa mple", "***", "no domain");
	destination_is("alice@", "***", "an empty domain");
	destination_is("\n@example.com", "***", "a control character");
	destination_is("fGhI:APA91bH", "***", "a device's token");
	destination_is("+62812x4567890", "***", "no number");
	memset(text, 'a', sizeof(text));
	text[5] = '@';
	text[sizeof(text) - 1] = '\0';
	destination_is(text, "***", "a domain that is too long");
}

static void
origin_is(const char *url, const char *want, const char *name)
{
	char		origin[MASK_SIZE];

	memset(origin, 'x', sizeof(origin));
	mask_origin(url, origin);
	is_string(origin, want, name);
}

static void
test_origins(void)
{
	char		text[1000] = "https://";

	origin_is("https://api.example.com/bot123:secret/send?token=secret#secret", "https://api.example.com", "a path");
	origin_is("https://api.example.com?token=secret", "https://api.example.com", "a query");
	origin_is("https://api.example.com#secret", "https://api.example.com", "a fragment");
	origin_is("https://user:secret@api.example.com:8443/x", "https://api.example.com:8443", "a user");
	origin_is("https://user:sec@ret@api.example.com/x", "https://api.example.com", "a password with @");
	origin_is("https://[::1]:8443/x", "https://[::1]:8443", "an address of IPv6");
	origin_is("smtp://mail.example.com:587", "smtp://mail.example.com:587", "nothing but an origin");
	origin_is("https://sec ret/x", "?", "no host");
	origin_is("https:///x", "?", "an empty host");
	origin_is("secret", "?", "no URL");
	origin_is("secretsecret://x", "?", "a scheme that is too long");
	origin_is("https://a\\@secret", "https://a", "a backslash, which some take for a slash");
	memset(text + 8, 'a', sizeof(text) - 9);
	text[sizeof(text) - 1] = '\0';
	origin_is(text, "?", "a host that is too long");
}

int
main(void)
{
	test_destinations();
	test_origins();
	return done_testing();
}
