/*
 * credential.c
 *		Authenticators of a user: otp_enroll, otp_credentials, otp_revoke.
 */
#include "compat.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "args.h"
#include "core/secure.h"
#include "enrollment.h"
#include "errors.h"
#include "events.h"
#include "otpauth_uri.h"
#include "private_call.h"
#include "secret.h"
#include "store/policy.h"
#include "verify.h"

/* bytes of a secret that we make: 160 bits, RFC 4226 section 4, R6 */
#define SECRET_SIZE		20
#define SECRET_DIGITS	6
#define SECRET_PERIOD	30

#define CREDENTIALS_COLUMNS	16

static OtpCredentialKind
arg_kind(FunctionCallInfo fcinfo, int n)
{
	OtpauthKind kind = otp_kind_by_name(otp_arg_text(fcinfo, n, "kind"));

	return kind == OTPAUTH_TOTP ? OTP_CREDENTIAL_TOTP : OTP_CREDENTIAL_HOTP;
}

static int
arg_window(FunctionCallInfo fcinfo, int n, OtpCredentialKind kind)
{
	bool		totp = kind == OTP_CREDENTIAL_TOTP;
	int			max = totp ? OTP_TOTP_WINDOW_MAX : OTP_HOTP_WINDOW_MAX;
	int			size = totp ? OTP_TOTP_WINDOW : OTP_HOTP_WINDOW;

	if (!PG_ARGISNULL(n))
		size = PG_GETARG_INT32(n);
	if (size < 0 || size > max)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("window_size must be between 0 and %d", max),
				errdetail("Of an authenticator of kind \"%s\" it counts %s.",
						  otp_credential_kind_name(kind),
						  totp ? "time steps either side" : "counters ahead"),
				otp_errprivate());
	return size;
}

/* What the arguments say, but for the secret. */
static OtpEnrollment
arg_enrollment(FunctionCallInfo fcinfo)
{
	OtpEnrollment enrollment = {.user = otp_arg_user(fcinfo, 0)};
	OtpPolicy	policy;
	OtpLimits	limits;
	int64		counter;

	enrollment.kind = arg_kind(fcinfo, 1);
	enrollment.label = otp_arg_short_text(fcinfo, 2, OTP_CREDENTIAL_TEXT_MAX, "label");
	enrollment.issuer = otp_arg_short_text(fcinfo, 3, OTP_CREDENTIAL_TEXT_MAX, "issuer");
	enrollment.account = otp_arg_short_text(fcinfo, 5, OTP_CREDENTIAL_TEXT_MAX, "account");
	if (enrollment.account == NULL)
		enrollment.account = enrollment.user;
	counter = otp_checked_counter(PG_ARGISNULL(6) ? 0 : PG_GETARG_INT64(6));
	if (enrollment.kind == OTP_CREDENTIAL_HOTP)
		enrollment.next_position = counter;
	enrollment.window_size = arg_window(fcinfo, 7, enrollment.kind);
	otp_policy_get(cstring_to_text(OTP_PURPOSE_ENROLL), &policy, &limits);
	enrollment.lifetime = limits.enroll_lifetime;
	return enrollment;
}

static void
record_event(const text *user, const char *event, OtpCredentialKind kind)
{
	const text *purpose = cstring_to_text(OTP_PURPOSE_ENROLL);
	OtpPolicy	policy;

	otp_policy_get(purpose, &policy, NULL);
	otp_event_of_transaction(&policy, GetCurrentTimestamp(), user, purpose, event,
							 otp_credential_kind_name(kind));
}

typedef struct Enrolling
{
	FunctionCallInfo fcinfo;
	OtpEnrollment enrollment;
	uint8		key[SECRET_SIZE];	/* that we make */
	Datum		values[2];
} Enrolling;

static void
choose_secret(Enrolling *enrolling)
{
	FunctionCallInfo fcinfo = enrolling->fcinfo;
	OtpSecret	made = {OTP_SHA1, SECRET_DIGITS, SECRET_PERIOD, SECRET_SIZE, enrolling->key};

	if (!PG_ARGISNULL(4))
		otp_secret_read(PG_GETARG_OTP_SECRET(4), &enrolling->enrollment.secret);
	else if (pg_strong_random(enrolling->key, SECRET_SIZE))
		enrolling->enrollment.secret = made;
	else
		otp_openssl_error("make random numbers");
}

static void
enroll(void *argument)
{
	Enrolling  *enrolling = argument;
	OtpEnrollment *enrollment = &enrolling->enrollment;
	bool		totp;

	otp_require_writable("otp_enroll()");
	*enrollment = arg_enrollment(enrolling->fcinfo);
	choose_secret(enrolling);
	totp = enrollment->kind == OTP_CREDENTIAL_TOTP;
	enrolling->values[0] = Int64GetDatum(otp_enrollment_store(enrollment));
	record_event(enrollment->user, "enrolled", enrollment->kind);
	enrolling->values[1] =
		PointerGetDatum(otp_uri(&enrollment->secret, totp ? OTPAUTH_TOTP : OTPAUTH_HOTP,
								enrollment->next_position, enrollment->account, enrollment->issuer));
}

static void
wipe_key(void *argument)
{
	otp_wipe(((Enrolling *) argument)->key, SECRET_SIZE);
}

/*
 * otp_enroll(user_id text, kind text, label text, issuer text, secret otp_secret, account text, counter bigint,
 *			  window_size integer) → (credential_id bigint, uri text)
 */
PG_FUNCTION_INFO_V1(otp_enroll);
Datum
otp_enroll(PG_FUNCTION_ARGS)
{
	Enrolling	enrolling = {.fcinfo = fcinfo};
	TupleDesc	desc;
	bool		nulls[2] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	otp_private_call(enroll, wipe_key, &enrolling);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, enrolling.values, nulls)));
}

static void
set_text(Datum *values, bool *nulls, int i, const text *value)
{
	nulls[i] = value == NULL;
	values[i] = PointerGetDatum(value);
}

static void
set_time(Datum *values, bool *nulls, int i, TimestampTz value)
{
	nulls[i] = TIMESTAMP_NOT_FINITE(value);
	values[i] = TimestampTzGetDatum(value);
}

/* In the order of otp_credentials()'s columns. */
static void
put_credential(ReturnSetInfo *result, const OtpCredential *credential)
{
	bool		hotp = credential->kind == OTP_CREDENTIAL_HOTP;
	bool		pending = credential->state == OTP_CREDENTIAL_PENDING;
	Datum		values[CREDENTIALS_COLUMNS];
	bool		nulls[CREDENTIALS_COLUMNS] = {false};

	values[0] = Int64GetDatum(credential->id);
	values[1] = CStringGetTextDatum(otp_credential_kind_name(credential->kind));
	values[2] = CStringGetTextDatum(pending ? "pending" : "active");
	set_text(values, nulls, 3, credential->label);
	set_text(values, nulls, 4, credential->issuer);
	set_text(values, nulls, 5, credential->account);
	set_text(values, nulls, 6, credential->serial);
	values[7] = CStringGetTextDatum(otp_algorithm_name(credential->algorithm));
	values[8] = Int32GetDatum(credential->digits);
	nulls[9] = hotp;
	values[9] = Int32GetDatum(credential->period);
	values[10] = Int32GetDatum(credential->window_size);
	nulls[11] = hotp;
	values[11] = Int32GetDatum(credential->drift);
	nulls[12] = !hotp;
	values[12] = Int64GetDatum(credential->last_position + 1);
	set_time(values, nulls, 13, credential->made_at);
	set_time(values, nulls, 14, credential->expires_at);
	set_time(values, nulls, 15, credential->used_at);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* otp_credentials(user_id text) → setof record */
PG_FUNCTION_INFO_V1(otp_credentials);
Datum
otp_credentials(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	Relation	rel = otp_table_open(OTP_TABLE_CREDENTIAL, user, AccessShareLock);
	Snapshot	snapshot = otp_snapshot_now();
	OtpCredentialRow *rows;
	int			count = otp_credential_fetch_all(rel, snapshot, user, &rows);

	UnregisterSnapshot(snapshot);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int i = 0; i < count; i++)
		put_credential((ReturnSetInfo *) fcinfo->resultinfo, &rows[i].credential);
	table_close(rel, NoLock);
	PG_RETURN_NULL();
}

/* otp_revoke(user_id text, credential_id bigint) → boolean */
PG_FUNCTION_INFO_V1(otp_revoke);
Datum
otp_revoke(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	OtpCredentialKind kind;
	bool		found;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", "credential_id"),
				otp_errprivate());
	otp_require_writable("otp_revoke()");
	found = otp_enrollment_revoke(user, PG_GETARG_INT64(1), &kind);
	if (found)
		record_event(user, "revoked", kind);
	PG_RETURN_BOOL(found);
}
