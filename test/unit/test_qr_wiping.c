/*
 * test_qr_wiping.c
 *		QR codes: all memory is wiped before it is given back, and nothing is lost when
 *		there is none to be had.
 *
 * The sources are compiled once more, with functions of other names, and take their
 * memory here: all of it zero, as it has to be when it comes back.  So do libpng and zlib.
 * A symbol is libqrencode's memory; of that only the modules can be looked at.
 *
 * Requirements: 23.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <png.h>
#include <qrencode.h>

static void *take(size_t size);
static void give(void *p);
static void give_code(QRcode *code);

#define otp_qr_encode wiping_encode
#define otp_qr_free wiping_free
#define otp_qr_dark wiping_dark
#define otp_qr_draw_png wiping_draw_png
#define malloc take
#define free give
#define QRcode_free give_code

#include "../../src/core/qr.c"
#include "../../src/core/qr_png.c"

#undef malloc
#undef free
#undef QRcode_free

#include "tap.h"

/* what qr_png.c notes of a piece of memory before it, and leaves there */
#define NOTE	sizeof(Header)

static long allowed = -1;		/* allocations until one fails; -1: none fails */
static int	taken;
static int	live;
static int	unwiped;

static void *
take(size_t size)
{
	size_t	   *p;

	if (allowed == 0)
		return NULL;
	if (allowed > 0)
		allowed--;
	p = calloc(1, 16 + size);
	if (p == NULL)
		abort();
	*p = size;
	taken++;
	live++;
	return p + 16 / sizeof(size_t);
}

static void
give(void *p)
{
	size_t	   *start;

	if (p == NULL)
		return;
	start = (size_t *) p - 16 / sizeof(size_t);
	if (*start > NOTE)
		unwiped += !all_zero((uint8_t *) p + NOTE, *start - NOTE);
	live--;
	free(start);
}

static void
give_code(QRcode *code)
{
	unwiped += !all_zero(code->data, (size_t) (code->width * code->width));
	QRcode_free(code);
}

static const char uri[] = "otpauth://totp/alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

static void
test_encode(void)
{
	static char long_text[2500];
	OtpQr		qr;

	is_integer(otp_qr_encode(uri, strlen(uri), &qr), OTP_QR_OK, "a symbol");
	otp_qr_free(&qr);
	ok(taken > 0 && live == 0, "takes memory, and gives it back");
	memset(long_text, 'x', sizeof(long_text));
	is_integer(otp_qr_encode(long_text, sizeof(long_text), &qr), OTP_QR_TOO_LONG, "too long a text");
	is_integer(live, 0, "gives memory back");
	is_integer(otp_qr_encode("\xc3\xbc", 2, &qr), OTP_QR_OK, "a symbol of UTF-8");
	otp_qr_free(&qr);
	allowed = 0;
	is_integer(otp_qr_encode(uri, strlen(uri), &qr), OTP_QR_MEMORY, "without memory");
	allowed = -1;
	is_integer(unwiped, 0, "all was wiped");
}

static void
test_png(void)
{
	OtpQr		qr;
	uint8_t    *bytes;
	size_t		n;
	int			needed;
	int			failures = 0;

	if (otp_qr_encode(uri, strlen(uri), &qr) != OTP_QR_OK)
		abort();
	taken = 0;
	ok(otp_qr_draw_png(&qr, 32, &bytes, &n), "a PNG file");
	is_integer(live, 1, "is all that is left");
	needed = taken;
	ok(needed > 5, "libpng and zlib take their memory here");
	otp_wipe(bytes, n);
	give(bytes);
	is_integer(unwiped, 0, "all was wiped");

	for (allowed = 0; allowed < needed;)
	{
		long		now = allowed;

		failures += !otp_qr_draw_png(&qr, 32, &bytes, &n);
		allowed = now + 1;
	}
	allowed = -1;
	is_integer(failures, needed, "fails whichever piece of memory is not to be had");
	is_integer(live, 0, "and keeps none");
	is_integer(unwiped, 0, "and wipes all");
	otp_qr_free(&qr);
	is_integer(unwiped, 0, "the symbol too");
}

int
main(void)
{
	test_encode();
	test_png();
	return done_testing();
}
