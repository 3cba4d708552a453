/*
 * args.c
 *		The arguments that functions share, and where the stateful ones may be called.
 */
#include "compat.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "args.h"
#include "errors.h"
#include "store/policy.h"

void
otp_require_writable(const char *function)
{
	PreventCommandDuringRecovery(function);
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
}

const text *
otp_arg_text(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name),
				otp_errprivate());
	return PG_GETARG_TEXT_PP(n);
}

const text *
otp_checked_short_text(const text *value, int max, const char *name)
{
	int			length = VARSIZE_ANY_EXHDR(value);

	if (length < 1 || length > max)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must have between 1 and %d bytes, not %d", name, max, length),
				otp_errprivate());
	return value;
}

static bool
is_reserved(const text *user)
{
	size_t		length = strlen(OTP_PSEUDONYM_PREFIX);

	return VARSIZE_ANY_EXHDR(user) >= length &&
		memcmp(VARDATA_ANY(user), OTP_PSEUDONYM_PREFIX, length) == 0;
}

const text *
otp_checked_user(const text *user)
{
	(void) otp_checked_short_text(user, OTP_USER_ID_MAX, "user_id");
	if (is_reserved(user))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("user_id must not begin with \"%s\"", OTP_PSEUDONYM_PREFIX),
				otp_errprivate());
	return user;
}

const text *
otp_arg_user(FunctionCallInfo fcinfo, int n)
{
	return otp_checked_user(otp_arg_text(fcinfo, n, "user_id"));
}

const text *
otp_arg_claimed_user(FunctionCallInfo fcinfo, int n)
{
	const text *user = PG_ARGISNULL(n) ? NULL : PG_GETARG_TEXT_PP(n);

	if (user == NULL || VARSIZE_ANY_EXHDR(user) > OTP_USER_ID_MAX || is_reserved(user))
		return cstring_to_text("");
	return user;
}

const text *
otp_arg_purpose(FunctionCallInfo fcinfo, int n)
{
	return otp_checked_short_text(otp_arg_text(fcinfo, n, "purpose"), OTP_PURPOSE_MAX, "purpose");
}

const text *
otp_arg_context(FunctionCallInfo fcinfo, int n)
{
	return otp_arg_text(fcinfo, n, "context");
}

int64
otp_checked_counter(int64 counter)
{
	if (counter < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("counter must not be negative"),
				otp_errprivate());
	return counter;
}

const text *
otp_arg_short_text(FunctionCallInfo fcinfo, int n, int max, const char *name)
{
	return PG_ARGISNULL(n) ? NULL : otp_checked_short_text(PG_GETARG_TEXT_PP(n), max, name);
}
