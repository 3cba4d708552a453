/*
 * test_relay_options.c
 *		The relay's command line.
 */
#include "options.h"

#include "tap.h"

#define ARGS_MAX	12

static Options options;
static char problem[PROBLEM_SIZE];

/* With the arguments, which spaces part. */
static OptionsVerdict
parse(const char *line)
{
	static char copy[200];
	char	   *argv[ARGS_MAX + 2] = {"otp-relay"};
	int			argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word && argc <= ARGS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	*problem = '\0';
	return options_parse(argc, argv, &options, problem);
}

static void
wrong_is(const char *line, const char *want)
{
	ok(parse(line) == OPTIONS_WRONG, "wrong: %s", line);
	is_string(problem, want, "and why");
}

static void
test_right(void)
{
	ok(parse("") == OPTIONS_RUN, "nothing");
	ok(!options.dbname && !options.worker && !options.once && !options.check && !options.json, "then all is off");
	ok(options.batch == 500 && options.in_flight == 0 && options.lease == 60 && options.poll == 30, "or has its default");
	ok(parse("-d shop --once --batch=7 --in-flight 9 --lease=5 --poll=1 --worker=w --log-format=json") == OPTIONS_RUN,
	   "everything");
	is_string(options.dbname, "shop", "database");
	is_string(options.worker, "w", "worker");
	ok(options.once && options.json && !options.check, "--once, JSON");
	ok(options.batch == 7 && options.in_flight == 9 && options.lease == 5 && options.poll == 1, "numbers");
	ok(parse("--dbname=service=otp --check --log-format=text") == OPTIONS_RUN && options.check && !options.json, "--check");
	is_string(options.dbname, "service=otp", "a conninfo");
	ok(parse("--batch=1000") == OPTIONS_RUN && options.batch == 1000, "the greatest batch");
	ok(parse("--help") == OPTIONS_HELP, "--help");
	ok(parse("--once --version") == OPTIONS_VERSION, "--version");
}

static void
test_wrong(void)
{
	wrong_is("--batch=0", "--batch is a number from 1 to 1000");
	wrong_is("--batch=1001", "--batch is a number from 1 to 1000");
	wrong_is("--in-flight=99999999999999999999", "--in-flight is a number from 1 to 10000");
	wrong_is("--lease=4", "--lease is a number from 5 to 3600");
	wrong_is("--poll=+1", "--poll is a number from 1 to 3600");
	wrong_is("--poll=1s", "--poll is a number from 1 to 3600");
	wrong_is("--log-format=xml", "--log-format is text or json");
	wrong_is("--dbname", "an option lacks its value");
	wrong_is("--password=secret", "there is no such option");
	wrong_is("secret", "there are options only, no further arguments");
	wrong_is("--once --check", "--once and --check exclude each other");
}

/* Every option is in the help. */
static void
test_help(void)
{
	static const char *const names[] = {
		"--dbname", "--once", "--check", "--batch", "--in-flight", "--lease", "--poll", "--worker",
		"--log-format", "--help", "--version"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok(strstr(options_help, names[i]) != NULL, "help has %s", names[i]);
}

int
main(void)
{
	test_right();
	test_wrong();
	test_help();
	return done_testing();
}
