/*
 * test_qr.c
 *		QR codes: which symbol a text has, and that each drawing shows the same modules.
 *		What the symbol says is read back by a camera's software in test/t/015_qr.pl.
 */
#include "qr.h"

#include <stdlib.h>

#include <png.h>

#include "tap.h"

#define URI "otpauth://totp/ACME%20Co:alice%40example.com" \
	"?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30"

static OtpQr
encoded(const char *text)
{
	OtpQr		qr = {0, NULL, NULL};

	if (otp_qr_encode(text, strlen(text), &qr) != OTP_QR_OK)
		abort();
	return qr;
}

/* Is the 7 by 7 square whose corner is there a finder pattern, with light modules around it? */
static bool
finder_at(const OtpQr *qr, int left, int top)
{
	for (int y = -1; y <= 7; y++)
	{
		for (int x = -1; x <= 7; x++)
		{
			int			dx = abs(x - 3);
			int			dy = abs(y - 3);
			int			ring = dx > dy ? dx : dy;

			if (otp_qr_dark(qr, left + x, top + y) != (ring == 3 || ring < 2))
				return false;
		}
	}
	return true;
}

static void
test_encode(void)
{
	static char text[6000];
	OtpQr		qr = encoded(URI);
	OtpQr		again = encoded(URI);

	is_integer(qr.width, 49, "a URI has a symbol of version 8");
	ok(finder_at(&qr, 0, 0) && finder_at(&qr, qr.width - 7, 0) && finder_at(&qr, 0, qr.width - 7),
	   "with three finder patterns");
	ok(!finder_at(&qr, qr.width - 7, qr.width - 7), "and no fourth");
	ok(!otp_qr_dark(&qr, -1, 0) && !otp_qr_dark(&qr, 0, -1) && !otp_qr_dark(&qr, qr.width, 0) &&
	   !otp_qr_dark(&qr, 0, qr.width), "all is light outside");
	/* format information, ISO/IEC 18004 table C.1: level M is 00, masked 10, in its first two modules */
	ok(otp_qr_dark(&qr, 0, 8) && !otp_qr_dark(&qr, 1, 8), "the error correction level is M");
	ok(memcmp(qr.modules, again.modules, (size_t) (qr.width * qr.width)) == 0, "the same text, the same symbol");
	otp_qr_free(&again);
	otp_qr_free(&qr);
	ok(qr.modules == NULL && qr.width == 0, "nothing is left");

	qr = encoded("a");
	is_integer(qr.width, 21, "the least symbol");
	otp_qr_free(&qr);

	memset(text, 'a', sizeof(text));
	is_integer(otp_qr_encode(text, 2331, &qr), OTP_QR_OK, "the longest text");
	is_integer(qr.width, OTP_QR_WIDTH_MAX, "has the largest symbol");
	otp_qr_free(&qr);
	is_integer(otp_qr_encode(text, 2332, &qr), OTP_QR_TOO_LONG, "one longer");
	memset(text, 'A', sizeof(text));
	is_integer(otp_qr_encode(text, 3391, &qr), OTP_QR_OK, "capitals take less room");
	otp_qr_free(&qr);
	is_integer(otp_qr_encode(text, 3392, &qr), OTP_QR_TOO_LONG, "one longer");
	memset(text, '7', sizeof(text));
	is_integer(otp_qr_encode(text, 5596, &qr), OTP_QR_OK, "and digits less");
	otp_qr_free(&qr);
	is_integer(otp_qr_encode(text, 5597, &qr), OTP_QR_TOO_LONG, "one longer");
	text[0] = '\xc3';
	text[1] = '\xbc';
	is_integer(otp_qr_encode(text, 2330, &qr), OTP_QR_OK, "the longest text beyond ASCII");
	otp_qr_free(&qr);
	is_integer(otp_qr_encode(text, 2331, &qr), OTP_QR_TOO_LONG, "one longer");
}

/* The ink of a half block; false if there is none at *text, which goes on. */
static bool
read_block(const char **text, bool *upper, bool *lower)
{
	static const char *const blocks[] = {" ", "\xe2\x96\x84", "\xe2\x96\x80", "\xe2\x96\x88"};

	for (int i = 0; i < 4; i++)
	{
		if (strncmp(*text, blocks[i], strlen(blocks[i])) == 0)
		{
			*text += strlen(blocks[i]);
			*upper = i & 2;
			*lower = i & 1;
			return true;
		}
	}
	return false;
}

static bool
utf8_shows(const OtpQr *qr, const char *text, bool ink_is_light)
{
	for (int y = -OTP_QR_QUIET; y < qr->width + OTP_QR_QUIET; y += 2)
	{
		for (int x = -OTP_QR_QUIET; x < qr->width + OTP_QR_QUIET; x++)
		{
			bool		upper;
			bool		lower;

			if (!read_block(&text, &upper, &lower) || upper == (otp_qr_dark(qr, x, y) == ink_is_light) ||
				lower == (otp_qr_dark(qr, x, y + 1) == ink_is_light))
				return false;
		}
		if (y + 2 < qr->width + OTP_QR_QUIET && *text++ != '\n')
			return false;
	}
	return *text == '\0';
}

static void
test_utf8(const char *content)
{
	OtpQr		qr = encoded(content);
	size_t		room = otp_qr_utf8_room(&qr);

	for (int light = 0; light < 2; light++)
	{
		char	   *text = calloc(1, room + 1);
		size_t		n = otp_qr_draw_utf8(&qr, light, text);

		ok(n <= room && strlen(text) == n, "%d modules have room as UTF-8", qr.width);
		ok(utf8_shows(&qr, text, light), "and are shown, %s", light ? "light on dark" : "dark on light");
		free(text);
	}
	otp_qr_free(&qr);
}

static void
test_svg(const char *content)
{
	OtpQr		qr = encoded(content);
	size_t		room = otp_qr_svg_room(&qr);
	char	   *text = malloc(room);
	char	   *copy = calloc(1, room + 1);
	size_t		n = otp_qr_draw_svg(&qr, text);
	int			side = qr.width + 8;
	bool	   *drawn = calloc((size_t) (side * side), sizeof(bool));
	bool		same = true;
	char		start[300];
	const char *at;
	int			x,
				y,
				run,
				used;

	ok(n <= room, "%d modules have room as SVG", qr.width);
	memcpy(copy, text, n);
	snprintf(start, sizeof(start), "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
			 " shape-rendering=\"crispEdges\"><rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>"
			 "<path stroke=\"#000\" d=\"", side, side, side, side);
	ok(strncmp(copy, start, strlen(start)) == 0, "its start");
	at = copy + strlen(start);
	while (sscanf(at, "M%d %d.5h%d%n", &x, &y, &run, &used) == 3)
	{
		while (run-- > 0)
			drawn[y * side + x++] = true;
		at += used;
	}
	is_string(at, "\"/></svg>\n", "its end");
	for (int i = 0; i < side * side; i++)
		same &= drawn[i] == otp_qr_dark(&qr, i % side - 4, i / side - 4);
	ok(same, "and they are shown");
	free(drawn);
	free(copy);
	free(text);
	otp_qr_free(&qr);
}

static void
test_png(const char *content, int scale)
{
	OtpQr		qr = encoded(content);
	int			side = (qr.width + 8) * scale;
	uint8_t    *pixels = malloc((size_t) side * (size_t) side);
	png_image	image = {.version = PNG_IMAGE_VERSION};
	uint8_t    *bytes;
	size_t		n;
	bool		same = true;

	ok(otp_qr_draw_png(&qr, scale, &bytes, &n), "%d modules as PNG, scale %d", qr.width, scale);
	is_integer(bytes[24], 1, "one bit a pixel");
	if (!png_image_begin_read_from_memory(&image, bytes, n))
		abort();
	image.format = PNG_FORMAT_GRAY;
	is_integer(image.width, side, "its width");
	is_integer(image.height, side, "its height");
	if (!png_image_finish_read(&image, NULL, pixels, side, NULL))
		abort();
	for (int y = 0; y < side; y++)
	{
		for (int x = 0; x < side; x++)
			same &= pixels[y * side + x] == (otp_qr_dark(&qr, x / scale - 4, y / scale - 4) ? 0 : 255);
	}
	ok(same, "and they are shown");
	free(pixels);
	free(bytes);
	otp_qr_free(&qr);
}

int
main(void)
{
	static char longest[2332];

	memset(longest, 'a', sizeof(longest) - 1);
	test_encode();
	test_utf8("a");
	test_utf8(URI);
	test_utf8(longest);
	test_svg("a");
	test_svg(URI);
	test_svg(longest);
	test_png("a", OTP_QR_SCALE_MIN);
	test_png(URI, 3);
	test_png(URI, 8);
	test_png(longest, OTP_QR_SCALE_MAX);
	return done_testing();
}
