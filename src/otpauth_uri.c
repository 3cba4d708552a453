/*
 * otpauth_uri.c
 *		The otpauth:// URI by which an authenticator app takes a secret in.
 */
#include "compat.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "otpauth_uri.h"
#include "secret.h"
#include "utf8.h"

OtpauthKind
otp_kind_by_name(const text *name)
{
	if (VARSIZE_ANY_EXHDR(name) == 4)
	{
		if (memcmp(VARDATA_ANY(name), "totp", 4) == 0)
			return OTPAUTH_TOTP;
		if (memcmp(VARDATA_ANY(name), "hotp", 4) == 0)
			return OTPAUTH_HOTP;
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown kind of a one-time password"),
			errhint("Use totp or hotp."),
			otp_errprivate());
}

static OtpUtf8
checked_name(const text *value, const char *name)
{
	OtpUtf8		utf8 = otp_to_utf8(value);
	const char *fault = otpauth_name_fault(utf8.bytes, utf8.length);

	if (fault)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s %s", name, fault),
				otp_errprivate());
	return utf8;
}

text *
otp_uri(const OtpSecret *secret, OtpauthKind kind, int64 counter,
		const text *account, const text *issuer)
{
	OtpUtf8		shown = checked_name(account, "account");
	OtpUtf8		by = {NULL, 0, false};
	OtpauthLabel label;
	text	   *uri;

	if (issuer)
		by = checked_name(issuer, "issuer");
	label = (OtpauthLabel)
	{
		shown.bytes, shown.length, by.bytes, by.length
	};
	/* written where it is returned, so that no copy is left: ASCII, which is the same in every encoding */
	uri = palloc(VARHDRSZ + OTPAUTH_WRITE_MAX);
	SET_VARSIZE(uri, VARHDRSZ + otpauth_write(secret, kind, otp_checked_counter(counter), &label,
											  VARDATA(uri)));
	otp_utf8_free(&shown);
	otp_utf8_free(&by);
	return uri;
}

/*
 * otpauth_uri(secret otp_secret, account text, issuer text, kind text, counter bigint) → text
 *
 * Not STRICT: issuer may be NULL.
 */
PG_FUNCTION_INFO_V1(otpauth_uri);
Datum
otpauth_uri(PG_FUNCTION_ARGS)
{
	OtpSecret	secret;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		PG_RETURN_NULL();
	otp_secret_read(PG_GETARG_OTP_SECRET(0), &secret);
	PG_RETURN_TEXT_P(otp_uri(&secret, otp_kind_by_name(PG_GETARG_TEXT_PP(3)),
							 PG_GETARG_INT64(4), PG_GETARG_TEXT_PP(1),
							 PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2)));
}
