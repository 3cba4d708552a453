/*
 * answer.c
 *		What an HTTP answer says of the message.
 *
 * The status decides first. Once it says that the message was taken over, an answer that cannot be
 * read does not take that back, not even where the channel wants a value in it: sending again could
 * deliver twice. Then there is no provider's id, and a note for the log.
 */
#include "answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wipe.h"

#define KEY_SIZE			256

/* a value that is longer might be the code, given back */
#define SHOWN_VALUE_MAX		3

/* a provider may be wrong about its clock, or about ours */
#define RETRY_AFTER_MAX		3600

static const char *const unreadable = "answer cannot be read";
static const char *const without_id = "answer has no usable id";

static bool
is_listed(const char *list, long status)
{
	while (list && *list)
	{
		char	   *end;

		if (strtol(list, &end, 10) == status && end != list)
			return true;
		if (*end != ',')
			return false;
		list = end + 1;
	}
	return false;
}

static bool
is_accepted(const AnswerRules *rules, long status)
{
	if (rules->accept_status)
		return is_listed(rules->accept_status, status);
	return status >= 200 && status <= 299;
}

/* The element that a step of a path names, or NULL. */
static json_t *
step_into(const json_t *json, const char *key)
{
	char	   *end;
	long		index;

	if (json_is_object(json))
		return json_object_get(json, key);
	index = strtol(key, &end, 10);
	if (!json_is_array(json) || *key < '0' || *key > '9' || *end != '\0')
		return NULL;
	return json_array_get(json, (size_t) index);
}

static const json_t *
walk(const json_t *json, const char *path)
{
	while (json && *path)
	{
		size_t		length = strcspn(path, ".");
		char		key[KEY_SIZE];

		if (length >= sizeof(key))
			return NULL;
		memcpy(key, path, length);
		key[length] = '\0';
		json = step_into(json, key);
		path += length + (path[length] == '.');
	}
	return json;
}

/* A copy that is to be freed, or NULL: there is none, or it is no single value. */
static char *
value_at(const json_t *json, const char *path)
{
	const json_t *value = walk(json, path);
	char		number[40];

	switch (value ? json_typeof(value) : JSON_NULL)
	{
		case JSON_STRING:
			return must_copy(json_string_value(value));
		case JSON_INTEGER:
			snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
			return must_copy(number);
		case JSON_REAL:
			snprintf(number, sizeof(number), "%.15g", json_real_value(value));
			return must_copy(number);
		case JSON_TRUE:
			return must_copy("true");
		case JSON_FALSE:
			return must_copy("false");
		default:
			return NULL;
	}
}

static bool
is_one_of(const char *value, const char *values)
{
	json_t	   *list = values ? json_loads(values, 0, NULL) : NULL;
	bool		found = false;
	size_t		i;
	json_t	   *one;

	json_array_foreach(list, i, one)
	{
		if (json_is_string(one) && strcmp(json_string_value(one), value) == 0)
			found = true;
	}
	json_decref(list);
	return found;
}

/* Without white space at its ends; false if it is empty, too long, or has control characters. */
static bool
keep_id(Outcome *outcome, const char *id, size_t length)
{
	while (length > 0 && strchr(" \t\r\n", id[length - 1]))
		length--;
	while (length > 0 && strchr(" \t\r\n", *id))
		id++, length--;
	if (length == 0 || length >= PROVIDER_ID_SIZE)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if ((unsigned char) id[i] < ' ' || id[i] == 0x7f)
			return false;
	}
	memcpy(outcome->provider_id, id, length);
	outcome->provider_id[length] = '\0';
	return true;
}

/* What comes in another way than JSON has not been looked at: the database wants UTF-8. */
static bool
is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		if ((unsigned char) text[i] > '~')
			return false;
	}
	return true;
}

static bool
keep_plain_id(Outcome *outcome, const char *id, size_t length)
{
	return is_ascii(id, length) && keep_id(outcome, id, length);
}

static void
find_id(const AnswerRules *rules, const Answer *answer, const json_t *json, Outcome *outcome)
{
	bool		kept = false;

	if (strncmp(rules->id_path, HEADER_ID, strlen(HEADER_ID)) == 0)
		kept = answer->header_id &&
			keep_plain_id(outcome, answer->header_id, strlen(answer->header_id));
	else if (strcmp(rules->id_path, BODY_ID) == 0)
		kept = answer->whole && keep_plain_id(outcome, answer->body, answer->length);
	else
	{
		char	   *value = value_at(json, rules->id_path);

		kept = value && keep_id(outcome, value, strlen(value));
		wiping_free(value);
	}
	if (!kept && !outcome->note)
		outcome->note = without_id;
}

static void
refuse(Outcome *outcome, OutcomeKind kind, const Answer *answer, const char *value)
{
	outcome->kind = kind;
	outcome->retry_after = answer->retry_after;
	if (!value)
		snprintf(outcome->error, ERROR_SIZE, "HTTP %ld", answer->status);
	else if (strlen(value) <= SHOWN_VALUE_MAX && strspn(value, "-0123456789") == strlen(value))
		snprintf(outcome->error, ERROR_SIZE, "HTTP %ld, answer says %s", answer->status, value);
	else
		snprintf(outcome->error, ERROR_SIZE, "HTTP %ld, answer refuses", answer->status);
}

/* Whether what is not accepted is to be tried again by what the answer says. */
static bool
is_for_later(const AnswerRules *rules, const json_t *json)
{
	char	   *value = rules->retry_path ? value_at(json, rules->retry_path) : NULL;
	bool		result = value && is_one_of(value, rules->retry_values);

	wiping_free(value);
	return result;
}

/* The further condition: whether the value in the answer is one that is wanted. */
static bool
value_is_right(const AnswerRules *rules, const Answer *answer, const json_t *json, Outcome *outcome)
{
	char	   *value = value_at(json, rules->accept_path);
	bool		right = value && (!rules->accept_values || is_one_of(value, rules->accept_values));
	OutcomeKind kind = is_for_later(rules, json) ? OUTCOME_RETRY : OUTCOME_FAILED;

	if (value && !right)
		refuse(outcome, kind, answer, value);
	else if (!value)
	{
		outcome->kind = kind;
		snprintf(outcome->error, ERROR_SIZE, "HTTP %ld, answer lacks a value", answer->status);
	}
	wiping_free(value);
	return right;
}

/* The status alone, unless that is for good, and the answer says more. */
static void
judge_status(const AnswerRules *rules, const Answer *answer, const json_t *json, Outcome *outcome)
{
	bool		later = is_listed(rules->retry_status, answer->status) || is_for_later(rules, json);

	refuse(outcome, later ? OUTCOME_RETRY : OUTCOME_FAILED, answer, NULL);
}

static bool
is_of_json(const char *path)
{
	return path && strncmp(path, HEADER_ID, strlen(HEADER_ID)) != 0 && strcmp(path, BODY_ID) != 0;
}

void
answer_judge(const AnswerRules *rules, const Answer *given, Outcome *outcome)
{
	Answer		answer = *given;
	json_t	   *json = NULL;

	*outcome = (Outcome) {.kind = OUTCOME_DELIVERED};
	if (answer.retry_after < 0 || answer.retry_after > RETRY_AFTER_MAX)
		answer.retry_after = answer.retry_after < 0 ? 0 : RETRY_AFTER_MAX;
	if (rules->accept_path || rules->retry_path || is_of_json(rules->id_path))
		json = answer.whole ? json_loadb(answer.body, answer.length, JSON_DECODE_ANY, NULL) : NULL;
	if (!is_accepted(rules, answer.status))
		judge_status(rules, &answer, json, outcome);
	else
	{
		if (!json && (rules->accept_path || is_of_json(rules->id_path)))
			outcome->note = unreadable;
		if ((!json || !rules->accept_path || value_is_right(rules, &answer, json, outcome)) &&
			rules->id_path)
			find_id(rules, &answer, json, outcome);
	}
	json_decref(json);
}
