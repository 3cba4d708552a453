/*
 * import.c
 *		Authenticators out of files: otp_import_pskc, otp_import_csv.
 *
 * Token by token, in memory that does not grow.  The transaction sees to it that all of a file is
 * taken or nothing.
 */
#include "compat.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "args.h"
#include "core/pskc.h"
#include "core/secure.h"
#include "core/token_csv.h"
#include "enrollment.h"
#include "errors.h"
#include "events.h"
#include "private_call.h"
#include "store/policy.h"
#include "utf8.h"
#include "verify.h"

typedef struct Import Import;

/* A kind of file, and the function that imports it. */
typedef struct TokenFormat
{
	const char *function;		/* its name in messages */
	void		(*open) (Import *import);	/* takes the arguments; leaves reader NULL if there is no memory */
	OtpTokenStatus (*next) (void *reader, OtpToken *token, OtpTokenError *error);
	void		(*close) (void *reader);
	int			users_arg;
} TokenFormat;

/* An import under way. */
struct Import
{
	const TokenFormat *format;
	FunctionCallInfo fcinfo;
	void	   *reader;			/* NULL: not opened yet */
	OtpUtf8		text;			/* of the file */
	OtpPskcOptions options;
	OtpUtf8		password;
	Jsonb	   *users;			/* serial number → user; or NULL */
	const text *purpose;
	OtpPolicy	policy;
	OtpToken	token;			/* the last one that was read; all zeros: none */
	MemoryContext memory;		/* what is needed for one token */
};

/* What is wrong with a file, on a line of it. */
#define bad_line(line, ...) \
	ereport(ERROR, \
			errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), \
			errmsg("could not import line %zu: %s", (size_t) (line), __VA_ARGS__), \
			otp_errprivate())

/* In the encoding of the database; NULL if it is empty. */
static const text *
token_text(const Import *import, const char *utf8, int max, const char *name)
{
	char	   *value;
	size_t		length;

	if (*utf8 == '\0')
		return NULL;
	value = pg_any_to_server(utf8, strlen(utf8), PG_UTF8);
	length = strlen(value);
	if (length > max)
		bad_line(import->token.line, psprintf("%s must have at most %d bytes", name, max));
	return cstring_to_text_with_len(value, length);
}

/* The user whom a serial number is mapped to: a string or a number; NULL if it is mapped to none. */
static const text *
mapped_user(const Import *import, const text *serial)
{
	JsonbValue	key = {.type = jbvString};
	JsonbValue *value;

	if (import->users == NULL || serial == NULL)
		return NULL;
	key.val.string.val = VARDATA_ANY(serial);
	key.val.string.len = VARSIZE_ANY_EXHDR(serial);
	value = findJsonbValueFromContainer(&import->users->root, JB_FOBJECT, &key);
	if (value == NULL || value->type == jbvNull)
		return NULL;
	if (value->type == jbvString)
		return cstring_to_text_with_len(value->val.string.val, value->val.string.len);
	if (value->type == jbvNumeric)
		return cstring_to_text(DatumGetCString(DirectFunctionCall1(numeric_out,
																   NumericGetDatum(value->val.numeric))));
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("users must map a serial number to a string, a number or null"),
			otp_errprivate());
}

static const text *
user_of(const Import *import, const text *serial)
{
	const text *user = mapped_user(import, serial);

	if (user == NULL)
		user = token_text(import, import->token.user, OTP_USER_ID_MAX, "the user");
	if (user == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				errmsg("could not import line %zu: there is no user for the token", import->token.line),
				serial == NULL ? errdetail("It has no serial number either.") :
				errdetail("Its serial number is \"%s\".", text_to_cstring(serial)),
				errhint("Give the user in the argument users: {\"serial number\": \"user\"}."),
				otp_errprivate());
	if (VARSIZE_ANY_EXHDR(user) < 1 || VARSIZE_ANY_EXHDR(user) > OTP_USER_ID_MAX)
		bad_line(import->token.line,
				 psprintf("the user must have between 1 and %d bytes", OTP_USER_ID_MAX));
	return otp_checked_user(user);
}

/* Stores the token, active, because whoever hands in the file vouches for it. */
static int64
store_token(const Import *import, const text *user, const text *serial)
{
	const OtpToken *token = &import->token;
	bool		totp = token->kind == OTPAUTH_TOTP;
	OtpEnrollment enrollment = {
		.user = user,
		.kind = totp ? OTP_CREDENTIAL_TOTP : OTP_CREDENTIAL_HOTP,
		.secret = {token->algorithm, token->digits, token->period, token->key_length, token->key},
		.next_position = token->next,
		.drift = token->drift,
		.window_size = totp ? OTP_TOTP_WINDOW : OTP_HOTP_WINDOW,
		.active = true,
		.account = user,
		.serial = serial
	};

	enrollment.label = token_text(import, token->manufacturer, OTP_CREDENTIAL_TEXT_MAX,
								  "the manufacturer");
	enrollment.issuer = token_text(import, token->issuer, OTP_CREDENTIAL_TEXT_MAX, "the issuer");
	return otp_enrollment_store(&enrollment);
}

static void
import_token(const Import *import, ReturnSetInfo *result)
{
	const text *serial = token_text(import, import->token.serial, OTP_CREDENTIAL_TEXT_MAX,
									"the serial number");
	const text *user = user_of(import, serial);
	OtpMethod	method = import->token.kind == OTPAUTH_TOTP ? OTP_METHOD_TOTP : OTP_METHOD_HOTP;
	Datum		values[3];
	bool		nulls[3] = {false};

	values[0] = PointerGetDatum(serial);
	nulls[0] = serial == NULL;
	values[1] = PointerGetDatum(user);
	values[2] = Int64GetDatum(store_token(import, user, serial));
	otp_event_of_transaction(&import->policy, GetCurrentTimestamp(), user, import->purpose,
							 "imported", otp_method_name(method));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
import_all(Import *import, ReturnSetInfo *result)
{
	OtpTokenError error;
	OtpTokenStatus status;
	MemoryContext old = MemoryContextSwitchTo(import->memory);

	while ((status = import->format->next(import->reader, &import->token, &error)) == OTP_TOKEN_READ)
	{
		CHECK_FOR_INTERRUPTS();
		import_token(import, result);
		MemoryContextReset(import->memory);
	}
	MemoryContextSwitchTo(old);
	if (status == OTP_TOKEN_BAD)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				errmsg("could not import line %zu: %s", error.line, error.message),
				*error.name == '\0' ? 0 : errdetail("It has \"%s\".", error.name),
				otp_errprivate());
}

/* Of errors that do not say so themselves, such as 23505. */
static void
tell_line(void *arg)
{
	const Import *import = arg;

	if (import->token.line > 0)
		errcontext("token on line %zu", import->token.line);
}

static Jsonb *
arg_users(FunctionCallInfo fcinfo, int n)
{
	Jsonb	   *users = PG_ARGISNULL(n) ? NULL : PG_GETARG_JSONB_P(n);

	if (users != NULL && !JB_ROOT_IS_OBJECT(users))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("users must be an object"),
				errhint("Use {\"serial number\": \"user\"}."),
				otp_errprivate());
	return users;
}

static void
begin_import(Import *import)
{
	otp_require_writable(import->format->function);
	import->users = arg_users(import->fcinfo, import->format->users_arg);
	import->format->open(import);
	if (import->reader == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OUT_OF_MEMORY),
				errmsg("out of memory"),
				otp_errprivate());
	import->purpose = cstring_to_text(OTP_PURPOSE_ENROLL);
	otp_policy_get(import->purpose, &import->policy, NULL);
	import->memory = AllocSetContextCreate(CurrentMemoryContext, "otp import",
										   ALLOCSET_DEFAULT_SIZES);
	InitMaterializedSRF(import->fcinfo, MAT_SRF_USE_EXPECTED_DESC);
}

static void
run_import(void *argument)
{
	Import	   *import = argument;
	ErrorContextCallback callback = {
		.previous = error_context_stack,.callback = tell_line,.arg = import
	};

	error_context_stack = &callback;
	begin_import(import);
	import_all(import, (ReturnSetInfo *) import->fcinfo->resultinfo);
	error_context_stack = callback.previous;
}

static void
end_import(void *argument)
{
	Import	   *import = argument;

	otp_wipe(&import->token, sizeof(import->token));
	import->format->close(import->reader);
	otp_utf8_free(&import->text);
	otp_utf8_free(&import->password);
}

/* Imports a file, and closes it whatever happens. */
static Datum
import_file(FunctionCallInfo fcinfo, const TokenFormat *format)
{
	Import		import = {.format = format,.fcinfo = fcinfo};

	otp_private_call(run_import, end_import, &import);
	return (Datum) 0;
}

static int64
seconds_now(void)
{
	return GetCurrentTimestamp() / USECS_PER_SEC +
		(int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

/* The key or the password that a container is encrypted with. */
static void
arg_key_or_password(Import *import)
{
	FunctionCallInfo fcinfo = import->fcinfo;
	OtpPskcOptions *options = &import->options;

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("key and password must not both be given"),
				otp_errprivate());
	if (!PG_ARGISNULL(1))
	{
		bytea	   *key = PG_GETARG_BYTEA_PP(1);

		options->key = (const uint8 *) VARDATA_ANY(key);
		options->key_length = VARSIZE_ANY_EXHDR(key);
		if (options->key_length != 16 && options->key_length != 24 && options->key_length != 32)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("key must have 16, 24 or 32 bytes, not %zu", options->key_length),
					otp_errprivate());
	}
	if (!PG_ARGISNULL(2))
	{
		import->password = otp_to_utf8(PG_GETARG_TEXT_PP(2));
		options->password = import->password.bytes;
		options->password_length = import->password.length;
	}
}

static void
open_pskc(Import *import)
{
	const text *pskc = otp_arg_text(import->fcinfo, 0, "pskc");

	arg_key_or_password(import);
	import->options.now = seconds_now();
	import->text = otp_to_utf8(pskc);
	import->reader = otp_pskc_open(import->text.bytes, import->text.length, &import->options);
}

static OtpTokenStatus
next_in_pskc(void *reader, OtpToken *token, OtpTokenError *error)
{
	return otp_pskc_next(reader, token, error);
}

static void
close_pskc(void *reader)
{
	otp_pskc_close(reader);
}

/* otp_import_pskc(pskc text, key bytea, password text, users jsonb) → setof record */
PG_FUNCTION_INFO_V1(otp_import_pskc);
Datum
otp_import_pskc(PG_FUNCTION_ARGS)
{
	static const TokenFormat format = {
		"otp_import_pskc()", open_pskc, next_in_pskc, close_pskc, 3
	};

	return import_file(fcinfo, &format);
}

static OtpCsvFormat
arg_format(FunctionCallInfo fcinfo, int n)
{
	const char *name = text_to_cstring(otp_arg_text(fcinfo, n, "format"));

	if (strcmp(name, "oath") == 0)
		return OTP_CSV_OATH;
	if (strcmp(name, "yubico") == 0)
		return OTP_CSV_YUBICO;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown format of a CSV file"),
			errhint("Use oath or yubico."),
			otp_errprivate());
}

static void
open_csv(Import *import)
{
	const text *csv = otp_arg_text(import->fcinfo, 0, "csv");
	OtpCsvFormat format = arg_format(import->fcinfo, 1);

	import->text = otp_to_utf8(csv);
	import->reader = otp_csv_open(import->text.bytes, import->text.length, format);
}

static OtpTokenStatus
next_in_csv(void *reader, OtpToken *token, OtpTokenError *error)
{
	return otp_csv_next(reader, token, error);
}

static void
close_csv(void *reader)
{
	otp_csv_close(reader);
}

/* otp_import_csv(csv text, format text, users jsonb) → setof record */
PG_FUNCTION_INFO_V1(otp_import_csv);
Datum
otp_import_csv(PG_FUNCTION_ARGS)
{
	static const TokenFormat format = {
		"otp_import_csv()", open_csv, next_in_csv, close_csv, 2
	};

	return import_file(fcinfo, &format);
}
