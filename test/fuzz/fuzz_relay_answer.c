/*
 * fuzz_relay_answer.c
 *		Whatever a provider answers and whatever the path, the verdict is one of three, an id is text without
 *		control characters, and an error has nothing of the answer but a small number.
 */
#include "answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
must(int truth)
{
	if (!truth)
		abort();
}

static void
look_at(const Outcome *outcome)
{
	size_t		error = strnlen(outcome->error, ERROR_SIZE);
	size_t		id = strnlen(outcome->provider_id, PROVIDER_ID_SIZE);

	must(outcome->kind <= OUTCOME_FAILED && error < ERROR_SIZE && id < PROVIDER_ID_SIZE);
	must((outcome->kind == OUTCOME_DELIVERED) == (error == 0));
	must(outcome->kind == OUTCOME_DELIVERED || id == 0);
	must(outcome->retry_after >= 0 && outcome->retry_after <= 3600);
	must(strspn(outcome->error, "HTP -0123456789,anwerysfulckv") == error);
	for (size_t i = 0; i < id; i++)
		must((unsigned char) outcome->provider_id[i] >= ' ' && outcome->provider_id[i] != 0x7f);
}

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path, a zero byte, the answer. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, 0, size);
	const char *path = (const char *) data;
	AnswerRules rules = {.retry_status = "429,503"};
	Answer		answer = {.status = 200, .whole = true};
	Outcome		outcome;

	if (!zero)
		return 0;
	answer.body = (const char *) zero + 1;
	answer.length = size - (size_t) (zero + 1 - data);
	rules.id_path = path;
	answer_judge(&rules, &answer, &outcome);
	must(outcome.kind == OUTCOME_DELIVERED);
	look_at(&outcome);

	rules.accept_path = path;
	rules.accept_values = "[\"0\"]";
	rules.retry_path = path;
	rules.retry_values = path;
	answer.header_id = path;
	answer.retry_after = size > 0 ? (int64_t) data[0] * 1000 - 1000 : 0;
	answer_judge(&rules, &answer, &outcome);
	look_at(&outcome);
	rules.accept_status = path;
	answer_judge(&rules, &answer, &outcome);
	look_at(&outcome);
	return 0;
}
