/*
 * test_relay_mime.c
 *		A mail as text.
 */
#include "mime.h"

#include "tap.h"

#define KEY		"0b8a4a3e-0000-4000-8000-000000000001"

static const Mail plain_mail = {
	.sender = "code@shop.example", .sender_name = "Shop", .destination = "alice@example.com",
	.subject = "Your code", .plain = "Your code is 492039.\n", .key = KEY, .date = 1795662000
};

static Text text;

static const char *
write_mail(const Mail *mail)
{
	text_free(&text);
	return mime_write(mail, &text);
}

static bool
has(const char *part)
{
	return text.data && strstr(text.data, part);
}

static void
test_plain(void)
{
	ok(write_mail(&plain_mail) == NULL, "a mail of one part");
	is_string(text.data,
			  "Date: Thu, 26 Nov 2026 03:00:00 +0000\r\n"
			  "From: \"Shop\" <code@shop.example>\r\n"
			  "To: <alice@example.com>\r\n"
			  "Subject: Your code\r\n"
			  "Message-ID: <" KEY "@shop.example>\r\n"
			  "Auto-Submitted: auto-generated\r\n"
			  "MIME-Version: 1.0\r\n"
			  "Content-Type: text/plain; charset=utf-8\r\n"
			  "Content-Transfer-Encoding: quoted-printable\r\n"
			  "\r\n"
			  "Your code is 492039.\r\n", "as text");
}

static void
test_alternative(void)
{
	Mail		mail = plain_mail;

	mail.html = "<b>492039</b>";
	ok(write_mail(&mail) == NULL, "a mail of two parts");
	ok(has("Content-Type: multipart/alternative; boundary=\"=_" KEY "\"\r\n\r\n--=_" KEY "\r\nContent-Type: text/plain"),
	   "begins with the plain one");
	ok(has("\r\n\r\nYour code is 492039.\r\n\r\n--=_" KEY "\r\nContent-Type: text/html; charset=utf-8\r\n"),
	   "then the other one");
	ok(has("\r\n\r\n<b>492039</b>\r\n\r\n--=_" KEY "--\r\n"), "and an end");
}

static void
body_is(const char *body, const char *want, const char *name)
{
	Mail		mail = plain_mail;

	mail.plain = body;
	write_mail(&mail);
	is_string(strstr(text.data, "\r\n\r\n") + 4, want, name);
}

static void
test_bodies(void)
{
	char		line[200];

	body_is("", "", "an empty body");
	body_is("a=b", "a=3Db\r\n", "an equals sign");
	body_is("ä\n", "=C3=A4\r\n", "UTF-8");
	body_is("a \nb\t\nc ", "a=20\r\nb=09\r\nc=20\r\n", "white space at the end of a line");
	body_is("a b\tc", "a b\tc\r\n", "and within it");
	body_is("a\r\nb\rc\n\nd", "a\r\nb\r\nc\r\n\r\nd\r\n", "ends of lines of all kinds");
	body_is("a\x01\x7f", "a=01=7F\r\n", "control characters");
	body_is("--=_" KEY "--", "--=3D_" KEY "--\r\n", "something like a boundary");
	memset(line, 'x', sizeof(line));
	line[75] = '\0';
	body_is(line, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", "75 characters");
	line[75] = 'x';
	line[76] = '\0';
	body_is(line, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\nx\r\n", "76 go in two lines");
	line[74] = '=';
	body_is(line, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n=3Dx\r\n", "none ends within a quoted one");
}

static void
header_is(const char *subject, const char *want, const char *name)
{
	Mail		mail = plain_mail;

	mail.subject = subject;
	write_mail(&mail);
	ok(has(want), "%s", name);
}

static void
test_headers(void)
{
	Mail		mail = plain_mail;

	header_is("Kode Anda – 5 menit", "\r\nSubject: =?UTF-8?B?S29kZSBBbmRhIOKAkyA1IG1lbml0?=\r\n", "a subject in UTF-8");
	header_is("=?x", "\r\nSubject: =?UTF-8?B?PT94?=\r\n", "one that looks encoded");
	header_is("ääääääääääääääääääääääääääääääääää",
			  "\r\nSubject: =?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6Q=?=\r\n =?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOk?=\r\n",
			  "a long one goes in words of whole characters");
	header_is("", "\r\nSubject: \r\n", "an empty one");
	mail.sender_name = "Say \"Shop\" \\";
	write_mail(&mail);
	ok(has("\r\nFrom: \"Say \\\"Shop\\\" \\\\\" <code@shop.example>\r\n"), "a name with quotes");
	mail.sender_name = "Läden";
	write_mail(&mail);
	ok(has("\r\nFrom: =?UTF-8?B?TMOkZGVu?= <code@shop.example>\r\n"), "a name in UTF-8");
	mail.sender_name = NULL;
	write_mail(&mail);
	ok(has("\r\nFrom: <code@shop.example>\r\n"), "no name");
}

static void
refused_is(const Mail *mail, const char *want, const char *name)
{
	const char *fault = write_mail(mail);

	is_string(fault ? fault : "", want, name);
	is_integer(text.length, 0, "and nothing is written");
}

static void
test_injections(void)
{
	static const char *const addresses[] = {
		"alice", "@example.com", "alice@", "a b@example.com", "a@example.com\r\nBcc: x@example.com", "a@example.com\n",
		"<a@example.com>", "a>@example.com", "a@example.com,b@example.com", "\"a\"@example.com", ""
	};
	Mail		mail = plain_mail;
	char		longest[300];

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
	{
		mail = plain_mail;
		mail.destination = addresses[i];
		refused_is(&mail, "bad address", addresses[i]);
		mail = plain_mail;
		mail.sender = addresses[i];
		refused_is(&mail, "bad sender", addresses[i]);
	}
	memset(longest, 'a', sizeof(longest));
	longest[200] = '@';
	longest[254] = '\0';
	ok(mime_is_address(longest), "the longest address");
	longest[254] = 'a';
	longest[255] = '\0';
	ok(!mime_is_address(longest), "a longer one");
	mail = plain_mail;
	mail.subject = "x\r\nBcc: y@example.com";
	refused_is(&mail, "bad subject", "a subject of two lines");
	mail = plain_mail;
	mail.sender_name = "x\nBcc: y@example.com";
	refused_is(&mail, "bad sender name", "a name of two lines");
	mail = plain_mail;
	mail.key = "x\"; y";
	refused_is(&mail, "bad key", "a key that is none");
	mail.key = NULL;
	refused_is(&mail, "bad key", "no key");
	mail = plain_mail;
	mail.plain = NULL;
	refused_is(&mail, "no text", "no text");
}

int
main(void)
{
	test_plain();
	test_alternative();
	test_bodies();
	test_headers();
	test_injections();
	text_free(&text);
	return done_testing();
}
