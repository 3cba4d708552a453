/*
 * answer.h
 *		What an HTTP answer says of the message.
 */
#ifndef OTP_RELAY_ANSWER_H
#define OTP_RELAY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "outcome.h"

#define ANSWER_MAX			65536
#define HEADER_ID			"header:"
#define BODY_ID				"body:"

/* As the channel's row has it; any of them may be NULL. */
typedef struct AnswerRules
{
	const char *accept_status;	/* numbers with commas between them; NULL: 200 to 299 */
	const char *retry_status;
	const char *accept_path;
	const char *accept_values;	/* an array of JSON; NULL: any */
	const char *retry_path;
	const char *retry_values;	/* an array of JSON */
	const char *id_path;
} AnswerRules;

typedef struct Answer
{
	long		status;
	const char *body;
	size_t		length;
	bool		whole;			/* false: it was longer than ANSWER_MAX */
	const char *header_id;		/* value of the header that id_path names, or NULL */
	int64_t		retry_after;
} Answer;

extern void answer_judge(const AnswerRules *rules, const Answer *answer, Outcome *outcome);

#endif							/* OTP_RELAY_ANSWER_H */
