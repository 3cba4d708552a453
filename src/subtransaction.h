/*
 * subtransaction.h
 *		What may fail without the rest.
 */
#ifndef OTP_SUBTRANSACTION_H
#define OTP_SUBTRANSACTION_H

#include "compat.h"

#include "utils/resowner.h"

/*
 * Does a step; false, as if it had not begun, if what is stored does not let it be done: text that is not of UTF-8
 * (class 22), or what is damaged (OT005).  So one row keeps no other one.  Memory is the current context's, and stays.
 */
extern bool otp_subtransaction(void (*step) (void *), void *argument, int *sqlstate);

/*
 * In PG_CATCH of a subtransaction of ours: rolls it back, with memory and resources as they were before it.  Returns the error, in that
 * memory, for ReThrowError().
 */
extern ErrorData *otp_subtransaction_abort(MemoryContext context, ResourceOwner resources);

#endif							/* OTP_SUBTRANSACTION_H */
