/*
 * qr.c
 *		Texts as QR codes: otp_qr, otp_qr_png.
 */
#include "compat.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"

#include "core/qr.h"
#include "core/secure.h"
#include "errors.h"
#include "utf8.h"

typedef enum Format
{
	FORMAT_UTF8,
	FORMAT_UTF8I,
	FORMAT_SVG
} Format;

static bool
is_named(const text *format, const char *name)
{
	return VARSIZE_ANY_EXHDR(format) == strlen(name) &&
		memcmp(VARDATA_ANY(format), name, strlen(name)) == 0;
}

static Format
format_by_name(const text *name)
{
	static const char *const names[] = {"utf8", "utf8i", "svg"};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (is_named(name, names[i]))
			return i;
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown format of a QR code"),
			errhint("Use utf8, utf8i or svg, or otp_qr_png()."),
			otp_errprivate());
}

static void
require_blocks(void)
{
	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("a QR code of half blocks needs the database encoding UTF8"),
				errhint("Use svg, or otp_qr_png()."),
				otp_errprivate());
}

static void
out_of_memory(void)
{
	ereport(ERROR,
			errcode(ERRCODE_OUT_OF_MEMORY),
			errmsg("out of memory"),
			otp_errprivate());
}

/* The caller frees what it gets by otp_qr_free(), also if an error is raised. */
static OtpQr
encode(const text *content)
{
	OtpUtf8		utf8 = otp_to_utf8(content);
	OtpQr		qr;
	OtpQrStatus status;

	if (utf8.length == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("content of a QR code must not be empty"),
				otp_errprivate());
	status = otp_qr_encode(utf8.bytes, utf8.length, &qr);
	otp_utf8_free(&utf8);
	if (status == OTP_QR_TOO_LONG)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("content is too long for a QR code"),
				errdetail("A QR code has room for 2331 bytes of ASCII or 2330 of other UTF-8, and for more capitals and digits."),
				otp_errprivate());
	if (status != OTP_QR_OK)
		out_of_memory();
	return qr;
}

/* Drawn where it is returned, so that no copy is left. */
static text *
draw(const OtpQr *qr, Format format)
{
	size_t		room = format == FORMAT_SVG ? otp_qr_svg_room(qr) : otp_qr_utf8_room(qr);
	text	   *picture = palloc(VARHDRSZ + room);
	size_t		length;

	if (format == FORMAT_SVG)
		length = otp_qr_draw_svg(qr, VARDATA(picture));
	else
		length = otp_qr_draw_utf8(qr, format == FORMAT_UTF8, VARDATA(picture));
	SET_VARSIZE(picture, VARHDRSZ + length);
	return picture;
}

static bytea *
draw_png(const OtpQr *qr, int scale)
{
	uint8	   *bytes;
	size_t		length;
	bytea	   *picture;

	if (!otp_qr_draw_png(qr, scale, &bytes, &length))
		out_of_memory();
	picture = palloc_extended(VARHDRSZ + length, MCXT_ALLOC_NO_OOM);
	if (picture)
	{
		SET_VARSIZE(picture, VARHDRSZ + length);
		memcpy(VARDATA(picture), bytes, length);
	}
	otp_wipe(bytes, length);
	free(bytes);
	if (picture == NULL)
		out_of_memory();
	return picture;
}

/* otp_qr(content text, format text) → text */
PG_FUNCTION_INFO_V1(otp_qr);
Datum
otp_qr(PG_FUNCTION_ARGS)
{
	Format		format = format_by_name(PG_GETARG_TEXT_PP(1));
	text	   *picture = NULL;
	OtpQr		qr;

	if (format != FORMAT_SVG)
		require_blocks();
	qr = encode(PG_GETARG_TEXT_PP(0));
	PG_TRY();
	{
		picture = draw(&qr, format);
	}
	PG_FINALLY();
	{
		otp_qr_free(&qr);
	}
	PG_END_TRY();
	PG_RETURN_TEXT_P(picture);
}

/* otp_qr_png(content text, scale integer) → bytea */
PG_FUNCTION_INFO_V1(otp_qr_png);
Datum
otp_qr_png(PG_FUNCTION_ARGS)
{
	int			scale = PG_GETARG_INT32(1);
	bytea	   *picture = NULL;
	OtpQr		qr;

	if (scale < OTP_QR_SCALE_MIN || scale > OTP_QR_SCALE_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("scale must be between %d and %d", OTP_QR_SCALE_MIN, OTP_QR_SCALE_MAX),
				otp_errprivate());
	qr = encode(PG_GETARG_TEXT_PP(0));
	PG_TRY();
	{
		picture = draw_png(&qr, scale);
	}
	PG_FINALLY();
	{
		otp_qr_free(&qr);
	}
	PG_END_TRY();
	PG_RETURN_BYTEA_P(picture);
}
