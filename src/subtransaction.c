/*
 * subtransaction.c
 *		What may fail without the rest.
 */
#include "compat.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "errors.h"
#include "subtransaction.h"

/*
 * Whoever catches an error ends his own subtransaction, as he thinks: he would end one that is open within it, and go on with
 * its role, and with what his own has done.
 */
ErrorData *
otp_subtransaction_abort(MemoryContext context, ResourceOwner resources)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = resources;
	return error;
}

bool
otp_subtransaction(void (*step) (void *), void *argument, int *sqlstate)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner resources = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		step(argument);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error = otp_subtransaction_abort(context, resources);

		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION &&
			error->sqlerrcode != ERRCODE_OTP_SEALED_DAMAGED)
			ReThrowError(error);
		*sqlstate = error->sqlerrcode;
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = resources;
	return done;
}
