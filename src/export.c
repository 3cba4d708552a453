/*
 * export.c
 *		otp_export: the secrets of a user's authenticators, for another system.
 */
#include "compat.h"

#include "access/table.h"
#include "access/xlog.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "args.h"
#include "core/secure.h"
#include "credential_seal.h"
#include "enrollment.h"
#include "errors.h"
#include "events.h"
#include "otpauth_uri.h"
#include "store/permanent.h"

#define PURPOSE	"export"

/* bytes that a character has in UTF-8, for one that it has in the database */
#define UTF8_GROWTH	3

/*
 * A name as the URI can have it: a colon or a control character is a hyphen there, and it is not
 * too long.  Nobody is to be locked in by his name.
 */
static const text *
showable(const text *name)
{
	int			max = GetDatabaseEncoding() == PG_UTF8 ? OTPAUTH_NAME_MAX : OTPAUTH_NAME_MAX / UTF8_GROWTH;
	char	   *shown = text_to_cstring(name);
	int			length = strlen(shown);

	if (length > max)
		length = pg_mbcliplen(shown, length, max);
	for (int i = 0; i < length; i++)
	{
		unsigned char c = shown[i];

		if (c == ':' || c < 0x20 || c == 0x7f)
			shown[i] = '-';
		else if (GetDatabaseEncoding() == PG_UTF8 && c == 0xc2 && (unsigned char) shown[i + 1] < 0xa0)
			shown[i] = shown[i + 1] = '-';
	}
	return cstring_to_text_with_len(shown, length);
}

static text *
uri_of(const OtpCredential *credential)
{
	uint8		key[OTP_KEY_MAX];
	OtpSecret	secret = {credential->algorithm, credential->digits, credential->period, 0, key};
	text	   *uri;

	secret.key_length = otp_credential_open(otp_data_key(credential->key_id), credential, key);
	PG_TRY();
	{
		uri = otp_uri(&secret,
					  credential->kind == OTP_CREDENTIAL_TOTP ? OTPAUTH_TOTP : OTPAUTH_HOTP,
					  credential->kind == OTP_CREDENTIAL_TOTP ? 0 : credential->last_position + 1,
					  showable(credential->account),
					  credential->issuer ? showable(credential->issuer) : NULL);
	}
	PG_FINALLY();
	{
		otp_wipe(key, sizeof(key));
	}
	PG_END_TRY();
	return uri;
}

static void
put_credential(ReturnSetInfo *result, const OtpCredential *credential)
{
	text	   *uri = uri_of(credential);
	Datum		values[3];
	bool		nulls[3] = {false};

	values[0] = Int64GetDatum(credential->id);
	values[1] = CStringGetTextDatum(otp_credential_kind_name(credential->kind));
	values[2] = PointerGetDatum(uri);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	otp_wipe(VARDATA(uri), VARSIZE(uri) - VARHDRSZ);
}

/* On disk before anyone sees a secret, and whatever becomes of the transaction. */
static void
record_export(const text *user, XLogRecPtr before)
{
	if (!otp_event_always(GetCurrentTimestamp(), user, cstring_to_text(PURPOSE), "exported"))
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_IN_USE),
				errmsg("could not record the export permanently"),
				errdetail("An index of table \"%s\" is being built concurrently.", "otp_event"),
				errhint("Try again once it is built."),
				otp_errprivate());
	otp_permanent_flush(before);
}

/* otp_export(user_id text) → setof record */
PG_FUNCTION_INFO_V1(otp_export);
Datum
otp_export(PG_FUNCTION_ARGS)
{
	const text *user = otp_arg_user(fcinfo, 0);
	XLogRecPtr	before = XactLastRecEnd;
	Relation	rel;
	Snapshot	snapshot;
	OtpCredentialRow *rows;
	int			count;

	otp_require_writable("otp_export()");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	rel = otp_table_open(OTP_TABLE_CREDENTIAL, user, AccessShareLock);
	snapshot = otp_snapshot_now();
	count = otp_credential_fetch_all(rel, snapshot, user, &rows);
	UnregisterSnapshot(snapshot);
	for (int i = 0; i < count; i++)
		if (rows[i].credential.state == OTP_CREDENTIAL_ACTIVE)
			put_credential((ReturnSetInfo *) fcinfo->resultinfo, &rows[i].credential);
	table_close(rel, NoLock);
	record_export(user, before);
	return (Datum) 0;
}
