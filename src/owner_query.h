/*
 * owner_query.h
 *		Queries over the extension's tables, as their owner.
 *
 * For what is a query by nature: the outbox, of which rows are picked, skipped when locked, and updated in
 * sets.  As PostgreSQL checks foreign keys: the caller needs no privilege on any table, and nothing of the
 * query depends on the caller's search_path.
 */
#ifndef OTP_OWNER_QUERY_H
#define OTP_OWNER_QUERY_H

#include "compat.h"

#include "executor/spi.h"

#define OTP_QUERY_ARGS	24

/* A query, whose plan is kept: one static variable each. */
typedef struct OtpQuery
{
	const char *sql;			/* @ stands for the schema of the extension, quoted */
	int			nargs;
	Oid			types[OTP_QUERY_ARGS];
	NameData	schema;			/* that the plan is for */
	SPIPlanPtr	plan;			/* NULL: none yet */
} OtpQuery;

/* Who called, to be put back. */
typedef struct OtpOwner
{
	Oid			schema;
	Oid			caller;
	int			security_context;
	int			guc_level;
} OtpOwner;

/*
 * From here on to otp_owner_end(), queries run as the owner of the tables, and memory is SPI's.  An error
 * ends it as well.
 *
 * Error: 42P01 if the extension, or a table of its version, is not there.
 */
extern void otp_owner_begin(OtpOwner *owner);
extern void otp_owner_end(const OtpOwner *owner);

/*
 * Runs a query over what there is now, whatever the isolation level.  nulls: NULL if no value is null, else as
 * of SPI.  Returns how many rows there are; they stand in SPI_tuptable.
 */
extern uint64 otp_query_run(const OtpOwner *owner, OtpQuery *query, Datum *values,
							const char *nulls);

/* A column, from 1, of a row of the last query; *isnull may be NULL if it cannot be null. */
extern Datum otp_query_value(uint64 row, int column, bool *isnull);

/* The same as text, or NULL if null. */
extern const text *otp_query_text(uint64 row, int column);

#endif							/* OTP_OWNER_QUERY_H */
