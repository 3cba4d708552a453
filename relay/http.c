/*
 * http.c
 *		The request of a message.
 */
#include <string.h>

#include "transfer.h"
#include "wipe.h"

#define HEADER_SIZE		8192

#define TOKEN	"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
is_header(const char *line)
{
	size_t		name = strspn(line, TOKEN);

	return name > 0 && line[name] == ':' && !strpbrk(line, "\r\n");
}

static void
append(Transfer *transfer, const char *line)
{
	struct curl_slist *list = curl_slist_append(transfer->list, line);

	if (list)
		transfer->list = list;
}

/* libcurl takes "Name:" for one of its own headers that is to be left out, and "Name;" for an empty one. */
static bool
append_header(Transfer *transfer, char *line)
{
	char	   *value;

	if (!is_header(line))
		return false;
	value = strchr(line, ':') + 1;
	if (value[strspn(value, " \t")] == '\0')
		strcpy(value - 1, ";");
	append(transfer, line);
	return true;
}

static bool
append_headers(Transfer *transfer, const char *headers)
{
	char		line[HEADER_SIZE];
	bool		right = true;

	while (right && headers && *headers)
	{
		size_t		length = strcspn(headers, "\n");

		right = length < sizeof(line);
		if (right)
		{
			memcpy(line, headers, length);
			line[length] = '\0';
			right = append_header(transfer, line);
			headers += length + (headers[length] == '\n');
		}
	}
	wipe(line, sizeof(line));
	return right;
}

/* A body goes with POST and PUT; without one, nothing is to say of which type it is. */
static void
set_body(const Transfer *transfer, const char *method)
{
	const Message *message = transfer->message;
	const char *body = message->field[FIELD_BODY];

	if (strcmp(method, "GET") == 0)
	{
		curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L);
		return;
	}
	curl_easy_setopt(transfer->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE,
					 (curl_off_t) message->length[FIELD_BODY]);
	curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, body ? body : "");
	curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, method);
}

const char *
http_prepare(Transfer *transfer)
{
	const Message *message = transfer->message;
	const char *method = message->field[FIELD_METHOD] ? message->field[FIELD_METHOD] : "POST";

	if (strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0 && strcmp(method, "GET") != 0)
		return "no such method";
	append(transfer, "Expect:");
	if (!message->field[FIELD_BODY])
		append(transfer, "Content-Type:");
	if (!append_headers(transfer, message->field[FIELD_HEADERS]))
		return "bad header";
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->list);
	curl_easy_setopt(transfer->easy, CURLOPT_USERAGENT, "otp-relay/" OTP_RELAY_VERSION);
	/* with TLS it may turn out to be HTTP/2: rather another request on that connection than another connection */
	if (strncmp(message->field[FIELD_URL], "https:", 6) == 0)
		curl_easy_setopt(transfer->easy, CURLOPT_PIPEWAIT, 1L);
	set_body(transfer, method);
	return NULL;
}
