/*
 * mail.c
 *		The mail of a message, and how libcurl reads it.
 */
#include <string.h>

#include "mime.h"
#include "transfer.h"

static size_t
read_mail(char *buffer, size_t size, size_t count, void *arg)
{
	Transfer   *transfer = arg;
	size_t		n = transfer->mail.length - transfer->sent;

	if (n > size * count)
		n = size * count;
	memcpy(buffer, transfer->mail.data + transfer->sent, n);
	transfer->sent += n;
	return n;
}

/* libcurl begins anew when a connection that was kept open turns out to have been closed. */
static int
seek_mail(void *arg, curl_off_t offset, int origin)
{
	Transfer   *transfer = arg;

	if (origin != SEEK_SET || offset < 0 || (size_t) offset > transfer->mail.length)
		return CURL_SEEKFUNC_FAIL;
	transfer->sent = (size_t) offset;
	return CURL_SEEKFUNC_OK;
}

static void
set_login(CURL *easy, const Message *message)
{
	if (!message->field[FIELD_USERNAME])
		return;
	curl_easy_setopt(easy, CURLOPT_USERNAME, message->field[FIELD_USERNAME]);
	curl_easy_setopt(easy, CURLOPT_PASSWORD,
					 message->field[FIELD_PASSWORD] ? message->field[FIELD_PASSWORD] : "");
}

const char *
mail_prepare(Transfer *transfer)
{
	const Message *message = transfer->message;
	CURL	   *easy = transfer->easy;
	Mail		mail = {
		message->field[FIELD_SENDER], message->field[FIELD_SENDER_NAME],
		message->field[FIELD_DESTINATION], message->field[FIELD_SUBJECT], message->field[FIELD_PLAIN],
		message->field[FIELD_HTML], message->field[FIELD_KEY], time(NULL)
	};
	const char *fault = mime_write(&mail, &transfer->mail);

	if (fault)
		return fault;
	transfer->list = curl_slist_append(NULL, mail.destination);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail.sender);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->list);
	set_login(easy, message);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) transfer->mail.length);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_mail);
	curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_mail);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
	return NULL;
}
