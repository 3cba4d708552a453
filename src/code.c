/*
 * code.c
 *		Type otp: a one-time code in canonical form.
 *
 * A value is a varlena of OTP_CODE_MIN to OTP_CODE_MAX upper-case letters and digits.
 */
#include "compat.h"

#include "catalog/namespace.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "code.h"
#include "core/secure.h"
#include "errors.h"

/* bytes of text that are looked at; more than any code with separators has */
#define INPUT_MAX	1024

/* the same in UTF-8, at most */
#define UTF8_MAX	(INPUT_MAX * MAX_CONVERSION_GROWTH + 1)

size_t
otp_canonical_text(const char *string, size_t length, char code[OTP_CODE_MAX + 1])
{
	int			encoding = GetDatabaseEncoding();
	unsigned char utf8[UTF8_MAX];
	Oid			conversion;
	size_t		result = 0;

	if (length > INPUT_MAX)
		return 0;
	/* SQL_ASCII does not say what its bytes mean; UTF-8 is checked for. */
	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return otp_canonical(string, length, code);

	conversion = FindDefaultConversionProc(encoding, PG_UTF8);
	if (OidIsValid(conversion) &&
		pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8,
									  (unsigned char *) unconstify(char *, string),
									  length, utf8, UTF8_MAX, true) == (int) length)
		result = otp_canonical((char *) utf8, strlen((char *) utf8), code);
	otp_wipe(utf8, sizeof(utf8));
	return result;
}

Datum
otp_make_code(const char *code, size_t length)
{
	return PointerGetDatum(cstring_to_text_with_len(code, length));
}

static Datum
code_from_text(const char *string, size_t length, void *escontext)
{
	char		code[OTP_CODE_MAX + 1];
	size_t		n = otp_canonical_text(string, length, code);
	Datum		result;

	if (n == 0)
		otp_ereturn(escontext,
					errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type %s", "otp"),
					errdetail("A one-time code has %d to %d letters and digits.",
							  OTP_CODE_MIN, OTP_CODE_MAX),
					otp_errprivate());
	result = otp_make_code(code, n);
	otp_wipe(code, sizeof(code));
	return result;
}

PG_FUNCTION_INFO_V1(otp_in);
Datum
otp_in(PG_FUNCTION_ARGS)
{
	char	   *string = PG_GETARG_CSTRING(0);

	return code_from_text(string, strlen(string), fcinfo->context);
}

PG_FUNCTION_INFO_V1(otp_out);
Datum
otp_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(text_to_cstring(PG_GETARG_TEXT_PP(0)));
}

PG_FUNCTION_INFO_V1(otp_recv);
Datum
otp_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			length;
	char	   *string = pq_getmsgtext(buf, buf->len - buf->cursor, &length);
	Datum		result = code_from_text(string, length, NULL);

	otp_wipe(string, length);
	return result;
}

PG_FUNCTION_INFO_V1(otp_send);
Datum
otp_send(PG_FUNCTION_ARGS)
{
	text	   *code = PG_GETARG_TEXT_PP(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendtext(&buf, VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* In constant time, whatever the lengths. */
static bool
codes_equal(const text *a, const text *b)
{
	char		x[OTP_CODE_MAX] = {0};
	char		y[OTP_CODE_MAX] = {0};
	bool		equal;

	memcpy(x, VARDATA_ANY(a), Min(VARSIZE_ANY_EXHDR(a), OTP_CODE_MAX));
	memcpy(y, VARDATA_ANY(b), Min(VARSIZE_ANY_EXHDR(b), OTP_CODE_MAX));
	equal = otp_equal(x, y, OTP_CODE_MAX);
	otp_wipe(x, sizeof(x));
	otp_wipe(y, sizeof(y));
	return equal;
}

PG_FUNCTION_INFO_V1(otp_eq);
Datum
otp_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(codes_equal(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)));
}

PG_FUNCTION_INFO_V1(otp_ne);
Datum
otp_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!codes_equal(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)));
}
