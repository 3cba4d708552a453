/*
 * outcome.h
 *		What came of a try.
 */
#ifndef OTP_RELAY_OUTCOME_H
#define OTP_RELAY_OUTCOME_H

#include <stdint.h>

#define PROVIDER_ID_SIZE	256
#define ERROR_SIZE			120

typedef enum OutcomeKind
{
	OUTCOME_DELIVERED,			/* handed over to the provider */
	OUTCOME_RETRY,
	OUTCOME_FAILED				/* for good */
} OutcomeKind;

typedef struct Outcome
{
	OutcomeKind kind;
	char		error[ERROR_SIZE];	/* of our own words and numbers: nothing of request or answer */
	char		provider_id[PROVIDER_ID_SIZE];	/* empty: none */
	int64_t		retry_after;	/* seconds; 0: the server decides */
	const char *note;			/* for the log: what was odd about it; NULL: nothing */
} Outcome;

#endif							/* OTP_RELAY_OUTCOME_H */
