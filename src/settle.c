/*
 * settle.c
 *		What became of messages that were taken: otp_delivered, otp_failed, otp_receipt.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "args.h"
#include "channel.h"
#include "errors.h"
#include "outbox.h"

#define PROVIDER_ID_MAX	512
#define ERROR_MAX		255
#define STATUS_MAX		63
#define RETRY_AFTER_MAX	(365.0 * USECS_PER_DAY)

/* The first two arguments.  22004 if one is null. */
static OtpLease
arg_lease(FunctionCallInfo fcinfo)
{
	OtpLease	lease;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", PG_ARGISNULL(0) ? "message_id" : "lease"));
	lease.message_id = PG_GETARG_INT64(0);
	lease.tries = PG_GETARG_INT32(1);
	return lease;
}

/* Text that must be there, and is not too long. */
static const text *
arg_required(FunctionCallInfo fcinfo, int n, int max, const char *name)
{
	(void) otp_arg_text(fcinfo, n, name);
	return otp_arg_short_text(fcinfo, n, max, name);
}

static int
settle_sent(const ArrayType *message_ids, const ArrayType *leases, const ArrayType *provider_ids)
{
	OtpOwner	owner;
	int			settled;

	otp_require_writable("otp_delivered()");
	otp_owner_begin(&owner);
	settled = otp_outbox_sent(&owner, message_ids, leases, provider_ids);
	otp_owner_end(&owner);
	return settled;
}

static const ArrayType *
array_of_one(Datum value, bool isnull, Oid type)
{
	int16		length;
	bool		by_value;
	char		align;
	int			one = 1;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	return construct_md_array(&value, &isnull, 1, &one, &one, type, length, by_value, align);
}

/* otp_delivered(message_id bigint, lease integer, provider_id text) → boolean */
PG_FUNCTION_INFO_V1(otp_delivered);
Datum
otp_delivered(PG_FUNCTION_ARGS)
{
	OtpLease	lease = arg_lease(fcinfo);
	const text *provider_id = otp_arg_short_text(fcinfo, 2, PROVIDER_ID_MAX, "provider_id");

	PG_RETURN_BOOL(settle_sent(array_of_one(Int64GetDatum(lease.message_id), false, INT8OID),
							   array_of_one(Int32GetDatum(lease.tries), false, INT4OID),
							   array_of_one(PointerGetDatum(provider_id), provider_id == NULL, TEXTOID)) > 0);
}

/* Checks an array argument; returns how many elements it has, `n` unless that is -1. */
static int
check_array(FunctionCallInfo fcinfo, int arg, Oid type, int n)
{
	static const char *const names[] = {"message_ids", "leases", "provider_ids"};
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", names[arg]));
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), type, length, by_value, align, &values, &nulls,
					  &count);
	if (n >= 0 && count != n)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must have %d elements, not %d", names[arg], n, count));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i] && type != TEXTOID)
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("%s must not have a null", names[arg]));
		if (!nulls[i] && type == TEXTOID)
			(void) otp_checked_short_text(DatumGetTextPP(values[i]), PROVIDER_ID_MAX, "provider_id");
	}
	return count;
}

/* otp_delivered(message_ids bigint[], leases integer[], provider_ids text[]) → integer */
PG_FUNCTION_INFO_V1(otp_delivered_all);
Datum
otp_delivered_all(PG_FUNCTION_ARGS)
{
	int			n = check_array(fcinfo, 0, INT8OID, -1);

	(void) check_array(fcinfo, 1, INT4OID, n);
	(void) check_array(fcinfo, 2, TEXTOID, n);
	PG_RETURN_INT32(settle_sent(PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_ARRAYTYPE_P(1), PG_GETARG_ARRAYTYPE_P(2)));
}

/* Microseconds; 0 if null or negative.  No code lives as long as the most that there is. */
static int64
arg_retry_after(FunctionCallInfo fcinfo, int n)
{
	Interval   *after = PG_ARGISNULL(n) ? NULL : PG_GETARG_INTERVAL_P(n);
	double		usecs;

	if (after == NULL)
		return 0;
	usecs = after->time + (after->day + (double) after->month * DAYS_PER_MONTH) * USECS_PER_DAY;
	return (int64) Min(Max(usecs, 0), RETRY_AFTER_MAX);
}

/* otp_failed(message_id bigint, lease integer, error text, retry boolean, retry_after interval) → boolean */
PG_FUNCTION_INFO_V1(otp_failed);
Datum
otp_failed(PG_FUNCTION_ARGS)
{
	OtpLease	lease = arg_lease(fcinfo);
	const text *error = arg_required(fcinfo, 2, ERROR_MAX, "error");
	bool		retry = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	OtpOwner	owner;
	bool		settled;

	otp_require_writable("otp_failed()");
	otp_owner_begin(&owner);
	if (retry)
		settled = otp_outbox_retry(&owner, &lease, error, arg_retry_after(fcinfo, 4));
	else
		settled = otp_outbox_failed(&owner, &lease, error);
	otp_owner_end(&owner);
	PG_RETURN_BOOL(settled);
}

/* otp_receipt(channel text, provider_id text, status text) → boolean */
PG_FUNCTION_INFO_V1(otp_receipt);
Datum
otp_receipt(PG_FUNCTION_ARGS)
{
	const text *channel = arg_required(fcinfo, 0, OTP_CHANNEL_MAX, "channel");
	const text *provider_id = arg_required(fcinfo, 1, PROVIDER_ID_MAX, "provider_id");
	const text *status = arg_required(fcinfo, 2, STATUS_MAX, "status");
	OtpOwner	owner;
	bool		known;

	otp_require_writable("otp_receipt()");
	otp_owner_begin(&owner);
	known = otp_outbox_receipt(&owner, channel, provider_id, status);
	otp_owner_end(&owner);
	PG_RETURN_BOOL(known);
}
