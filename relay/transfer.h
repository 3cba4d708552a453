/*
 * transfer.h
 *		Messages in flight.
 */
#ifndef OTP_RELAY_TRANSFER_H
#define OTP_RELAY_TRANSFER_H

#include <curl/curl.h>

#include "loop.h"
#include "message.h"
#include "outcome.h"
#include "text.h"

typedef struct Transfer
{
	struct Transfer *next;
	struct Transfer *previous;
	Message    *message;
	CURL	   *easy;
	CURLM	   *multi;			/* that it is in */
	struct curl_slist *list;	/* headers, or the mail's recipients */
	Text		mail;			/* what is sent by SMTP */
	size_t		sent;			/* of it */
	Text		answer;
	bool		too_long;		/* the answer was, and has been cut off */
	int64_t		began;
} Transfer;

/* Is told of each message that is not in flight any more, and owns it then. */
typedef void (*Finished) (Message *message, const Outcome *outcome, int64_t ms);

extern void transfer_open(Finished finished);
extern void transfer_begin(Message *message, int64_t limit_ms);
extern void transfer_ready(const LoopEvent *event);
extern void transfer_step(void);
extern int64_t transfer_until(void);
extern int	transfer_count(void);
extern void transfer_close(void);

/* http.c and mail.c: NULL, or what keeps it from being sent */
extern const char *http_prepare(Transfer *transfer);
extern const char *mail_prepare(Transfer *transfer);

/* verdict.c */
extern void verdict_of_transfer(const Transfer *transfer, CURLcode code, Outcome *outcome);
extern const char *verdict_of_code(CURL *easy, CURLcode code);

/* secure.c */
typedef struct Limits
{
	bool		is_smtp;
	bool		allow_plaintext;
	const char *url;
	const char *ca_file;
	int64_t		limit_ms;
} Limits;

extern void secure_transfer(CURL *easy, const Limits *limits);

#endif							/* OTP_RELAY_TRANSFER_H */
