/*
 * private_call.c
 *		Calls whose statement has a code or a secret in it.
 */
#include "compat.h"

#include "tcop/tcopprot.h"

#include "errors.h"
#include "private_call.h"

void
otp_private_call(OtpPrivateStep call, OtpPrivateStep wipe, void *argument)
{
	const char *statement = debug_query_string;

	PG_TRY();
	{
		debug_query_string = NULL;
		error_context_stack = NULL;
		call(argument);
	}
	PG_CATCH();
	{
		(void) otp_errprivate();
		debug_query_string = statement;
		wipe(argument);
		PG_RE_THROW();
	}
	PG_END_TRY();
	debug_query_string = statement;
	wipe(argument);
}
