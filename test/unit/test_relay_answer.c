/*
 * test_relay_answer.c
 *		What an HTTP answer says of the message.
 *
 * Requirements: 31.
 */
#include "answer.h"

#include <stdlib.h>

#include "tap.h"

static const char *const kinds[] = {"delivered", "retry", "failed"};

/* Of a body that ends where the length says, so that the sanitizer sees a byte read beyond. */
static Outcome
judge(const AnswerRules *rules, long status, const char *body)
{
	Outcome		outcome;
	size_t		length = strlen(body);
	char	   *copy = malloc(length);

	if (length > 0)
		memcpy(copy, body, length);
	answer_judge(rules, &(Answer) {.status = status, .body = copy, .length = length, .whole = true}, &outcome);
	free(copy);
	return outcome;
}

/* Its kind, its error or the provider's id, and the note, as one line. */
static void
judged(const AnswerRules *rules, long status, const char *body, const char *want, const char *name)
{
	Outcome		outcome = judge(rules, status, body);
	char		got[600];

	snprintf(got, sizeof(got), "%s%s%s%s%s%s%s", kinds[outcome.kind], *outcome.error ? ": " : "", outcome.error,
			 *outcome.provider_id ? " " : "", outcome.provider_id, outcome.note ? "; " : "",
			 outcome.note ? outcome.note : "");
	is_string(got, want, name);
}

static void
test_status(void)
{
	const AnswerRules none = {0};
	const AnswerRules listed = {.accept_status = "200,202", .retry_status = "408,429,503"};

	judged(&none, 200, "", "delivered", "200");
	judged(&none, 299, "", "delivered", "299");
	judged(&none, 199, "", "failed: HTTP 199", "199");
	judged(&none, 300, "", "failed: HTTP 300", "300");
	judged(&listed, 202, "", "delivered", "a status that is listed");
	judged(&listed, 201, "", "failed: HTTP 201", "one of success that is not");
	judged(&listed, 429, "", "retry: HTTP 429", "one for later, in the middle");
	judged(&listed, 503, "", "retry: HTTP 503", "one for later, at the end");
	judged(&listed, 42, "", "failed: HTTP 42", "a part of one");
	judged(&listed, 0, "", "failed: HTTP 0", "none at all");
	judged(&(AnswerRules) {.accept_status = ""}, 200, "", "failed: HTTP 200", "an empty list");
	judged(&(AnswerRules) {.accept_status = "2x0,200"}, 200, "", "failed: HTTP 200", "a list that is none");
}

static void
test_condition(void)
{
	const AnswerRules vonage = {
		.accept_path = "messages.0.status", .accept_values = "[\"0\", \"00\"]", .retry_path = "messages.0.status", .retry_values = "[\"1\", \"5\"]",
		.id_path = "messages.0.message-id"
	};
	const AnswerRules whatsapp = {.retry_path = "error.code", .retry_values = "[\"4\", \"130429\"]", .id_path = "messages.0.id"};
	const AnswerRules any = {.accept_path = "id"};

	judged(&vonage, 200, "{\"messages\":[{\"status\":\"0\",\"message-id\":\"a1\"}]}", "delivered a1", "the value that is wanted");
	judged(&vonage, 200, "{\"messages\":[{\"status\":0,\"message-id\":7}]}", "delivered 7", "as a number");
	judged(&vonage, 200, "{\"messages\":[{\"status\":\"1\"}]}", "retry: HTTP 200, answer says 1", "one for later");
	judged(&vonage, 200, "{\"messages\":[{\"status\":5}]}", "retry: HTTP 200, answer says 5", "one for later as a number");
	judged(&vonage, 200, "{\"messages\":[{\"status\":\"4\"}]}", "failed: HTTP 200, answer says 4", "another one");
	judged(&vonage, 200, "{\"messages\":[{\"status\":\"492039\"}]}", "failed: HTTP 200, answer refuses", "one that might be the code");
	judged(&vonage, 200, "{\"messages\":[{\"status\":\"a b\"}]}", "failed: HTTP 200, answer refuses", "one that might be text");
	judged(&vonage, 200, "{\"messages\":[]}", "failed: HTTP 200, answer lacks a value", "none");
	judged(&vonage, 200, "{\"messages\":{\"0\":{\"status\":\"0\"}}}", "delivered; answer has no usable id", "a member for an index");
	judged(&vonage, 200, "{\"messages\":[{\"status\":null}]}", "failed: HTTP 200, answer lacks a value", "null");
	judged(&vonage, 200, "{\"messages\":[{\"status\":[]}]}", "failed: HTTP 200, answer lacks a value", "an array");
	judged(&vonage, 200, "{\"messages\":[{\"status\":\"0\"", "delivered; answer cannot be read", "an answer that breaks off");
	judged(&vonage, 200, "", "delivered; answer cannot be read", "an empty answer");
	judged(&vonage, 500, "{\"messages\":[{\"status\":\"0\"}]}", "failed: HTTP 500", "the status decides first");
	judged(&vonage, 200, "{\"messages\":[{\"status\":\"00\"}]}", "delivered; answer has no usable id", "another value that is wanted");
	judged(&vonage, 500, "{\"messages\":[{\"status\":\"5\"}]}", "retry: HTTP 500", "one for later, with a status that is for good");
	judged(&whatsapp, 400, "{\"error\":{\"code\":130429}}", "retry: HTTP 400", "one for later, elsewhere");
	judged(&whatsapp, 400, "{\"error\":{\"code\":100}}", "failed: HTTP 400", "another one there");
	judged(&whatsapp, 400, "{\"error\":", "failed: HTTP 400", "an answer with such a status that breaks off");
	judged(&whatsapp, 200, "{\"messages\":[{\"id\":\"w1\"}]}", "delivered w1", "nothing there, and accepted");
	judged(&any, 200, "{\"id\":\"x\"}", "delivered", "any value");
	judged(&any, 200, "{\"name\":\"x\"}", "failed: HTTP 200, answer lacks a value", "and no value");
	judged(&(AnswerRules) {.accept_path = "ok", .accept_values = "[\"true\"]"}, 200, "{\"ok\":true}", "delivered", "true");
	judged(&(AnswerRules) {.accept_path = "ok", .accept_values = "[\"true\"]"}, 200, "{\"ok\":false}",
		   "failed: HTTP 200, answer refuses", "false");
	judged(&(AnswerRules) {.accept_path = "ok", .accept_values = "[\"1\"]", .retry_path = "ok", .retry_values = "{broken"}, 200, "{\"ok\":2}",
		   "failed: HTTP 200, answer says 2", "values for later that are no JSON");
}

static void
id_is(const char *path, const char *body, const char *want, const char *name)
{
	const AnswerRules rules = {.id_path = path};
	Outcome		outcome = judge(&rules, 200, body);

	ok(outcome.kind == OUTCOME_DELIVERED && !outcome.note == (*want != '\0'), "delivered: %s", name);
	is_string(outcome.provider_id, want, name);
}

static void
test_id(void)
{
	char		body[700] = "{\"id\":\"";
	char		id[300];

	id_is("id", "{\"id\":\"SM1\"}", "SM1", "a member");
	id_is("result.message_id", "{\"result\":{\"message_id\":4711}}", "4711", "a member of a member");
	id_is("messages.1.id", "{\"messages\":[{\"id\":1},{\"id\":2}]}", "2", "of the second element");
	id_is("messages.-1.id", "{\"messages\":[{\"id\":1}]}", "", "no index below zero");
	id_is("messages.9999999999999999999.id", "{\"messages\":[{\"id\":1}]}", "", "no index of that size");
	id_is("messages. 0.id", "{\"messages\":[{\"id\":1}]}", "", "an index is digits");
	id_is("0", "[\"a\"]", "a", "of an array");
	id_is("id", "\"id\"", "", "of a string there are no members");
	id_is("id.x", "{\"id\":\"SM1\"}", "", "nor of a member that is a string");
	id_is("id", "{\"id\":\"\"}", "", "an empty one is none");
	id_is("id", "{\"id\":{}}", "", "nor is an object");
	id_is("id", "{\"id\":\"a\\nb\"}", "", "nor one of two lines");
	id_is("id", "{\"id\":\"a\\u0000b\"}", "", "nor one with a zero byte");
	id_is("id", "{\"id\":\" a \"}", "a", "without spaces around it");
	id_is("id", "{\"id\":\"\\u00e4\"}", "ä", "UTF-8");
	id_is("id", "{\"id\":\"\xe4\"}", "", "and not Latin 1");
	id_is("id", "{\"id\":1.5}", "1.5", "a number with a fraction");
	id_is("", "{\"id\":1}", "", "an empty path");
	id_is("a..b", "{\"a\":{\"\":{\"b\":\"x\"}}}", "x", "an empty step");
	memset(id, 'x', sizeof(id));
	id[PROVIDER_ID_SIZE - 1] = '\0';
	snprintf(body, sizeof(body), "{\"id\":\"%s\"}", id);
	id_is("id", body, id, "the longest");
	snprintf(body, sizeof(body), "{\"id\":\"%sx\"}", id);
	id_is("id", body, "", "one that is longer");
	memset(id, 'y', sizeof(id));
	id[sizeof(id) - 1] = '\0';
	id_is(id, "{\"id\":1}", "", "a step that is too long");
	id_is("body:", "m-1\r\n", "m-1", "the body");
	id_is("body:", "two\nlines", "", "but not two lines");
	id_is("body:", "\xe4", "", "nor anything but ASCII");
	id_is("body:", "", "", "nor an empty one");
	id_is("header:X-Id", "{}", "", "a header that is not there");
}

static void
test_header(void)
{
	const AnswerRules rules = {.id_path = "header:X-Id"};
	Outcome		outcome;

	answer_judge(&rules, &(Answer) {.status = 200, .body = "", .whole = true, .header_id = " m-1 "}, &outcome);
	is_string(outcome.provider_id, "m-1", "a header");
	answer_judge(&rules, &(Answer) {.status = 200, .body = "", .whole = true, .header_id = "\xc3\xa4"}, &outcome);
	is_string(outcome.provider_id, "", "but ASCII only");
	answer_judge(&rules, &(Answer) {.status = 200, .body = "", .whole = false, .header_id = "m-1"}, &outcome);
	is_string(outcome.provider_id, "m-1", "a header of an answer that is too long");
}

static void
test_too_long(void)
{
	const AnswerRules rules = {.id_path = "id", .accept_path = "status", .accept_values = "[\"0\"]"};
	Outcome		outcome;

	answer_judge(&rules, &(Answer) {.status = 200, .body = "{\"id\":1,\"status\":1}", .length = 19}, &outcome);
	ok(outcome.kind == OUTCOME_DELIVERED && !*outcome.provider_id, "what was cut off is not read");
	answer_judge(&rules, &(Answer) {.status = 400, .body = "", .length = 0}, &outcome);
	ok(outcome.kind == OUTCOME_FAILED, "and its status counts");
	answer_judge(&(AnswerRules) {.id_path = "body:"}, &(Answer) {.status = 200, .body = "m", .length = 1}, &outcome);
	is_string(outcome.provider_id, "", "nor is it an id");
}

static int64_t
retry_after(int64_t given)
{
	Outcome		outcome;

	answer_judge(&(AnswerRules) {.retry_status = "429"},
				 &(Answer) {.status = 429, .body = "", .whole = true, .retry_after = given}, &outcome);
	return outcome.retry_after;
}

static void
test_retry_after(void)
{
	is_integer(retry_after(0), 0, "no Retry-After");
	is_integer(retry_after(7), 7, "Retry-After");
	is_integer(retry_after(100000), 3600, "an hour at most");
	is_integer(retry_after(-5), 0, "not before now");
}

int
main(void)
{
	test_status();
	test_condition();
	test_id();
	test_header();
	test_too_long();
	test_retry_after();
	return done_testing();
}
