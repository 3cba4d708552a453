/*
 * utf8.c
 *		Text of the database in UTF-8.
 */
#include "compat.h"

#include "mb/pg_wchar.h"

#include "core/secure.h"
#include "errors.h"
#include "utf8.h"

/* PostgreSQL raises the error: a callback is all that can make it private. */
static void
hide_statement(void *arg)
{
	otp_errprivate();
}

OtpUtf8
otp_to_utf8(const text *value)
{
	ErrorContextCallback callback = {.previous = error_context_stack,.callback = hide_statement};
	char	   *bytes = VARDATA_ANY(value);
	size_t		length = VARSIZE_ANY_EXHDR(value);
	OtpUtf8		utf8;

	/* PostgreSQL would show the bytes, and what follows them */
	if (GetDatabaseEncoding() == PG_SQL_ASCII && !pg_verify_mbstr(PG_UTF8, bytes, length, true))
		ereport(ERROR,
				errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				errmsg("text is not UTF-8"),
				otp_errprivate());
	error_context_stack = &callback;
	utf8.bytes = pg_server_to_any(bytes, length, PG_UTF8);
	error_context_stack = callback.previous;
	utf8.copied = utf8.bytes != bytes;
	utf8.length = utf8.copied ? strlen(utf8.bytes) : length;
	return utf8;
}

void
otp_utf8_free(OtpUtf8 *utf8)
{
	if (!utf8->copied)
		return;
	otp_wipe(utf8->bytes, utf8->length);
	pfree(utf8->bytes);
}

void
otp_utf8_require(const text *value)
{
	OtpUtf8		utf8 = otp_to_utf8(value);

	otp_utf8_free(&utf8);
}
