/*
 * options.h
 *		The command line.
 */
#ifndef OTP_RELAY_OPTIONS_H
#define OTP_RELAY_OPTIONS_H

#include <stdbool.h>

#define PROBLEM_SIZE	160

typedef struct Options
{
	const char *dbname;			/* a name or a conninfo; NULL: as the environment says */
	const char *worker;			/* NULL: host and process */
	int			batch;
	int			in_flight;		/* 0: the transport's own */
	int			lease;			/* seconds, at least */
	int			poll;			/* seconds, at most */
	bool		once;
	bool		check;
	bool		json;			/* log lines are JSON */
} Options;

typedef enum OptionsVerdict
{
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_WRONG
} OptionsVerdict;

extern const char options_help[];

extern OptionsVerdict options_parse(int argc, char **argv, Options *options,
									char problem[PROBLEM_SIZE]);

#endif							/* OTP_RELAY_OPTIONS_H */
