/*
 * options.c
 *		The command line.
 *
 * No option takes a credential: everybody on the machine can read a command line.
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char	options_help[] =
	"otp-relay carries the messages of the PostgreSQL extension otp to their providers.\n"
	"\n"
	"Usage: otp-relay [option …]\n"
	"\n"
	"  -d, --dbname=CONNINFO   database to connect to, as psql takes it; else the\n"
	"                          environment says (PGHOST, PGDATABASE, PGSERVICE …)\n"
	"      --once              work until nothing is due, then exit\n"
	"      --check             test each channel without sending, and exit\n"
	"      --batch=N           messages taken at once, 1 to 1000 (500)\n"
	"      --in-flight=N       messages in flight per channel that sets no number\n"
	"                          (100 by HTTP, 10 by SMTP)\n"
	"      --lease=SECONDS     lease of a message that was taken, at least (60)\n"
	"      --poll=SECONDS      look for messages at least so often (30)\n"
	"      --worker=NAME       name of this process in the database (host:pid)\n"
	"      --log-format=FORMAT text or json (text)\n"
	"      --help, --version   print this or the version, and exit\n";

enum
{
	OPT_ONCE = 256,
	OPT_CHECK,
	OPT_BATCH,
	OPT_IN_FLIGHT,
	OPT_LEASE,
	OPT_POLL,
	OPT_WORKER,
	OPT_LOG_FORMAT,
	OPT_HELP,
	OPT_VERSION
};

static const struct option known[] = {
	{"dbname", required_argument, NULL, 'd'},
	{"once", no_argument, NULL, OPT_ONCE},
	{"check", no_argument, NULL, OPT_CHECK},
	{"batch", required_argument, NULL, OPT_BATCH},
	{"in-flight", required_argument, NULL, OPT_IN_FLIGHT},
	{"lease", required_argument, NULL, OPT_LEASE},
	{"poll", required_argument, NULL, OPT_POLL},
	{"worker", required_argument, NULL, OPT_WORKER},
	{"log-format", required_argument, NULL, OPT_LOG_FORMAT},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0}
};

static OptionsVerdict
number(const char *name, const char *text, int min, int max, int *value, char *problem)
{
	char	   *end;
	long		n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n < min || n > max)
	{
		snprintf(problem, PROBLEM_SIZE, "--%s is a number from %d to %d", name, min, max);
		return OPTIONS_WRONG;
	}
	*value = (int) n;
	return OPTIONS_RUN;
}

static OptionsVerdict
log_format(const char *text, bool *json, char *problem)
{
	*json = strcmp(text, "json") == 0;
	if (*json || strcmp(text, "text") == 0)
		return OPTIONS_RUN;
	snprintf(problem, PROBLEM_SIZE, "--log-format is text or json");
	return OPTIONS_WRONG;
}

static OptionsVerdict
take(int option, Options *options, char *problem)
{
	switch (option)
	{
		case 'd':
			options->dbname = optarg;
			return OPTIONS_RUN;
		case OPT_ONCE:
			options->once = true;
			return OPTIONS_RUN;
		case OPT_CHECK:
			options->check = true;
			return OPTIONS_RUN;
		case OPT_BATCH:
			return number("batch", optarg, 1, 1000, &options->batch, problem);
		case OPT_IN_FLIGHT:
			return number("in-flight", optarg, 1, 10000, &options->in_flight, problem);
		case OPT_LEASE:
			return number("lease", optarg, 5, 3600, &options->lease, problem);
		case OPT_POLL:
			return number("poll", optarg, 1, 3600, &options->poll, problem);
		case OPT_WORKER:
			options->worker = optarg;
			return OPTIONS_RUN;
		case OPT_LOG_FORMAT:
			return log_format(optarg, &options->json, problem);
		case OPT_HELP:
			return OPTIONS_HELP;
		case OPT_VERSION:
			return OPTIONS_VERSION;
		default:
			/* what is wrong may be a credential that stands where none belongs: it is not repeated */
			snprintf(problem, PROBLEM_SIZE, "%s", option == ':' ?
					 "an option lacks its value" : "there is no such option");
			return OPTIONS_WRONG;
	}
}

OptionsVerdict
options_parse(int argc, char **argv, Options *options, char problem[PROBLEM_SIZE])
{
	OptionsVerdict verdict = OPTIONS_RUN;
	int			option;

	*options = (Options) {.batch = 500, .lease = 60, .poll = 30};
	optind = 0;
	opterr = 0;
	while (verdict == OPTIONS_RUN &&
		   (option = getopt_long(argc, argv, ":d:", known, NULL)) != -1)
		verdict = take(option, options, problem);
	if (verdict == OPTIONS_RUN && optind < argc)
	{
		snprintf(problem, PROBLEM_SIZE, "there are options only, no further arguments");
		return OPTIONS_WRONG;
	}
	if (verdict == OPTIONS_RUN && options->once && options->check)
	{
		snprintf(problem, PROBLEM_SIZE, "--once and --check exclude each other");
		return OPTIONS_WRONG;
	}
	return verdict;
}
