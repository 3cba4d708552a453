/*
 * mime.c
 *		A mail as text: RFC 5322, 2045 to 2047, 3834.
 *
 * Lines end with CR LF, and all of it is ASCII, but for addresses that are not. A body is encoded as
 * quoted-printable, in which "=_" does not occur: so a boundary with "=_" in it is not in a body.
 */
#include "mime.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "wipe.h"

#define ADDRESS_MAX		254
#define LINE_MAX_QP		76
/* bytes of a word of RFC 2047: with what is around them in Base64, 75 characters at most */
#define WORD_BYTES		45
#define PLAIN_MAX		60

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
"Nov", "Dec"};

/* Nothing that could end the address, the line or the command that it stands in. */
bool
mime_is_address(const char *address)
{
	const char *at = strrchr(address, '@');

	if (!at || at == address || at[1] == '\0' || strlen(address) > ADDRESS_MAX)
		return false;
	for (; *address; address++)
	{
		if ((unsigned char) *address <= ' ' || *address == 0x7f || strchr("<>(),;:\\\"", *address))
			return false;
	}
	return true;
}

static bool
has_control(const char *string)
{
	for (; *string; string++)
	{
		if ((unsigned char) *string < ' ' || *string == 0x7f)
			return true;
	}
	return false;
}

static bool
is_plain(const char *string)
{
	for (const char *c = string; *c; c++)
	{
		if ((unsigned char) *c > '~')
			return false;
	}
	return strlen(string) <= PLAIN_MAX && !strstr(string, "=?");
}

/* So many bytes of whole characters, as UTF-8. */
static size_t
whole_characters(const char *string, size_t max)
{
	size_t		n = strlen(string);

	if (n <= max)
		return n;
	for (n = max; n > max - 4 && ((unsigned char) string[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

static void
put_words(Text *text, const char *string)
{
	char		base64[WORD_BYTES * 4 / 3 + 4];

	for (bool first = true; *string; first = false)
	{
		size_t		n = whole_characters(string, WORD_BYTES);

		EVP_EncodeBlock((unsigned char *) base64, (const unsigned char *) string, (int) n);
		text_format(text, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", base64);
		string += n;
	}
	wipe(base64, sizeof(base64));
}

static void
put_subject(Text *text, const char *subject)
{
	text_add(text, "Subject: ");
	if (is_plain(subject))
		text_add(text, subject);
	else
		put_words(text, subject);
	text_add(text, "\r\n");
}

static void
put_from(Text *text, const Mail *mail)
{
	text_add(text, "From:");
	if (mail->sender_name && *mail->sender_name && is_plain(mail->sender_name))
	{
		text_add(text, " \"");
		for (const char *c = mail->sender_name; *c; c++)
		{
			if (*c == '"' || *c == '\\')
				text_add_char(text, '\\');
			text_add_char(text, *c);
		}
		text_add_char(text, '"');
	}
	else if (mail->sender_name && *mail->sender_name)
	{
		text_add_char(text, ' ');
		put_words(text, mail->sender_name);
	}
	text_format(text, " <%s>\r\n", mail->sender);
}

static void
put_date(Text *text, time_t date)
{
	struct tm	t;

	gmtime_r(&date, &t);
	text_format(text, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday,
				months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* Of a character that stands for itself, and does not end its line. */
static bool
needs_no_quoting(const char *c)
{
	if (*c == ' ' || *c == '\t')
		return c[1] != '\0' && c[1] != '\r' && c[1] != '\n';
	return *c > ' ' && *c <= '~' && *c != '=';
}

static void
put_quoted_printable(Text *text, const char *body)
{
	int			column = 0;

	for (; *body; body++)
	{
		char		quoted[4] = {*body};

		if (*body == '\r' && body[1] == '\n')
			continue;
		if (*body == '\n' || *body == '\r')
		{
			text_add(text, "\r\n");
			column = 0;
			continue;
		}
		if (!needs_no_quoting(body))
			snprintf(quoted, sizeof(quoted), "=%02X", (unsigned char) *body);
		if (column + (int) strlen(quoted) >= LINE_MAX_QP)
		{
			text_add(text, "=\r\n");
			column = 0;
		}
		text_add(text, quoted);
		column += (int) strlen(quoted);
	}
	if (column > 0)
		text_add(text, "\r\n");
}

static void
put_part(Text *text, const char *type, const char *body)
{
	text_format(text, "Content-Type: text/%s; charset=utf-8\r\n"
				"Content-Transfer-Encoding: quoted-printable\r\n\r\n", type);
	put_quoted_printable(text, body);
}

static void
put_parts(Text *text, const Mail *mail)
{
	text_format(text, "Content-Type: multipart/alternative; boundary=\"=_%s\"\r\n\r\n", mail->key);
	text_format(text, "--=_%s\r\n", mail->key);
	put_part(text, "plain", mail->plain);
	text_format(text, "\r\n--=_%s\r\n", mail->key);
	put_part(text, "html", mail->html);
	text_format(text, "\r\n--=_%s--\r\n", mail->key);
}

static const char *
find_fault(const Mail *mail)
{
	if (!mail->sender || !mime_is_address(mail->sender))
		return "bad sender";
	if (!mail->destination || !mime_is_address(mail->destination))
		return "bad address";
	if (mail->sender_name && has_control(mail->sender_name))
		return "bad sender name";
	if (!mail->subject || has_control(mail->subject))
		return "bad subject";
	if (!mail->plain)
		return "no text";
	if (!mail->key || !*mail->key || mail->key[strspn(mail->key, "0123456789abcdef-")] != '\0')
		return "bad key";
	return NULL;
}

const char *
mime_write(const Mail *mail, Text *text)
{
	const char *fault = find_fault(mail);

	if (fault)
		return fault;
	put_date(text, mail->date);
	put_from(text, mail);
	text_format(text, "To: <%s>\r\n", mail->destination);
	put_subject(text, mail->subject);
	text_format(text, "Message-ID: <%s@%s>\r\n", mail->key, strrchr(mail->sender, '@') + 1);
	text_add(text, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
	if (mail->html)
		put_parts(text, mail);
	else
		put_part(text, "plain", mail->plain);
	return NULL;
}
