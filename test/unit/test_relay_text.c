/*
 * test_relay_text.c
 *		Texts that grow, and how values stand in log lines and in arrays.
 */
#include "text.h"

#include <stdlib.h>

#include "array.h"
#include "log.h"
#include "tap.h"
#include "wipe.h"

static Text text;

static const char *
json(const char *value)
{
	text_free(&text);
	log_put_json(&text, value);
	return text.data;
}

static const char *
plain(const char *value)
{
	text_free(&text);
	log_put_text(&text, value);
	return text.data;
}

static void
test_growth(void)
{
	for (int i = 0; i < 1000; i++)
		text_format(&text, "%d,", i % 10);
	ok(text.length == 2000 && strlen(text.data) == 2000 && strncmp(text.data + 1990, "5,6,7,8,9,", 11) == 0, "grows");
	text_append(&text, "a\0b", 3);
	ok(text.length == 2003 && text.data[2001] == '\0', "a zero byte is a byte");
	text_clear(&text);
	ok(text.length == 0 && all_zero(text.data, text.size), "cleared, it has nothing any more");
	text_format(&text, "%s", "");
	is_integer(text.length, 0, "nothing added");
}

static void
test_log(void)
{
	is_string(json("a\"b\\c\n\x7f"), "\"a\\\"b\\\\c\\u000a\\u007f\"", "a string of JSON");
	is_string(json("ä"), "\"ä\"", "UTF-8");
	is_string(plain("abc"), "abc", "one word");
	is_string(plain("a b"), "\"a b\"", "two words");
	is_string(plain(""), "\"\"", "none");
	is_string(plain("a=b"), "\"a=b\"", "an equals sign");
	is_string(plain("a\nb"), "\"a\\u000ab\"", "two lines are one");
}

static void
test_arrays(void)
{
	text_free(&text);
	is_string(array_end(&text), "{}", "an empty array");
	text_free(&text);
	array_add(&text, "a\"b\\c,{}");
	array_add(&text, NULL);
	array_add(&text, "");
	array_add(&text, "NULL");
	is_string(array_end(&text), "{\"a\\\"b\\\\c,{}\",NULL,\"\",\"NULL\"}", "an array");
}

static void
test_memory(void)
{
	char	   *memory = wiping_realloc(NULL, 10);

	strcpy(memory, "123456789");
	memory = wiping_realloc(memory, 10000);
	is_string(memory, "123456789", "grown, it has what it had");
	memory[9999] = 'x';
	memory = wiping_realloc(memory, 5);
	ok(memcmp(memory, "12345", 5) == 0, "and shrunk");
	ok(wiping_realloc(memory, 0) == NULL, "to nothing");
	wiping_free(NULL);
	memory = wiping_strdup("abc");
	is_string(memory, "abc", "a copy");
	wiping_free(memory);
	memory = wiping_calloc(3, 5);
	ok(all_zero(memory, 15), "zeros");
	wiping_free(memory);
}

int
main(void)
{
	test_growth();
	test_log();
	test_arrays();
	test_memory();
	text_free(&text);
	return done_testing();
}
