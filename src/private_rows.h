/*
 * private_rows.h
 *		Rows with codes or credentials in them, for a function that returns a set.
 */
#ifndef OTP_PRIVATE_ROWS_H
#define OTP_PRIVATE_ROWS_H

#include "compat.h"

#include "fmgr.h"
#include "utils/tuplestore.h"

/*
 * The rows that the caller of a function in FROM gets.  All are kept in memory, whatever work_mem says: no temporary file has
 * them.  Error: 0A000 if it was called elsewhere.
 */
extern Tuplestorestate *otp_private_rows(FunctionCallInfo fcinfo, TupleDesc *desc);

#endif							/* OTP_PRIVATE_ROWS_H */
