/*
 * main.c
 *		otp-relay carries the messages of the PostgreSQL extension otp to their providers.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "check.h"
#include "database.h"
#include "harden.h"
#include "log.h"
#include "options.h"
#include "work.h"

static int	stop_pipe[2];
static volatile sig_atomic_t told_to_stop;

/* Who says it twice does not want to wait. */
static void
stop(int signal_number)
{
	int			was = errno;

	(void) signal_number;
	if (told_to_stop || write(stop_pipe[1], "", 1) != 1)
		_exit(1);
	told_to_stop = 1;
	errno = was;
}

static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};

	if (pipe(stop_pipe) < 0)
	{
		perror("otp-relay: pipe");
		_exit(1);
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static void
name_worker(Options *options)
{
	static char name[100];

	if (options->worker)
		return;
	if (gethostname(name, sizeof(name) - 20) < 0)
		strcpy(name, "?");
	name[sizeof(name) - 20] = '\0';
	snprintf(name + strlen(name), 20, ":%ld", (long) getpid());
	options->worker = name;
}

static int
run(Options *options)
{
	int			status;

	log_as_json(options->json);
	if (!database_conninfo_is_good(options->dbname))
	{
		log_line(LOG_ERROR, "the connection string cannot be read", NULL);
		return 2;
	}
	if (database_conninfo_has_password(options->dbname))
		log_line(LOG_WARNING, "everybody here can read the password on the command line;"
				 " a service file or a password file keeps it", NULL);
	harden();
	name_worker(options);
	if (options->check)
		status = check(options);
	else
	{
		catch_signals();
		status = work(options, stop_pipe[0]);
	}
	curl_global_cleanup();
	return status;
}

int
main(int argc, char **argv)
{
	Options		options;
	char		problem[PROBLEM_SIZE];

	switch (options_parse(argc, argv, &options, problem))
	{
		case OPTIONS_HELP:
			fputs(options_help, stdout);
			return 0;
		case OPTIONS_VERSION:
			puts("otp-relay " OTP_RELAY_VERSION);
			return 0;
		case OPTIONS_WRONG:
			fprintf(stderr, "otp-relay: %s\nTry \"otp-relay --help\".\n", problem);
			return 2;
		default:
			return run(&options);
	}
}
