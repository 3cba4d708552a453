/*
 * qr_text.c
 *		QR codes drawn as text: half blocks and SVG.
 */
#include "qr.h"

#include <stdio.h>
#include <string.h>

/* "M172 172.5h7" is the longest run of a path but for the first and the last digits */
#define RUN_MAX		(sizeof("M999 999.5h999") - 1)

/* what is around the runs of a path, with the greatest numbers */
#define SVG_START \
	"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">" \
	"<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path stroke=\"#000\" d=\""
#define SVG_END		"\"/></svg>\n"
#define SVG_AROUND	(sizeof(SVG_START) + sizeof(SVG_END) + 4 * 3)

static int
side(const OtpQr *qr)
{
	return qr->width + 2 * OTP_QR_QUIET;
}

static int
lines(const OtpQr *qr)
{
	return (side(qr) + 1) / 2;
}

size_t
otp_qr_utf8_room(const OtpQr *qr)
{
	return (size_t) lines(qr) * ((size_t) side(qr) * 3 + 1);
}

size_t
otp_qr_draw_utf8(const OtpQr *qr, bool ink_is_light, char *text)
{
	/* by whether the upper and the lower half are inked */
	static const char *const blocks[2][2] = {{" ", "\xe2\x96\x84"}, {"\xe2\x96\x80", "\xe2\x96\x88"}};
	char	   *at = text;

	for (int line = 0; line < lines(qr); line++)
	{
		int			y = 2 * line - OTP_QR_QUIET;

		if (line > 0)
			*at++ = '\n';
		for (int x = -OTP_QR_QUIET; x < qr->width + OTP_QR_QUIET; x++)
		{
			bool		upper = otp_qr_dark(qr, x, y) != ink_is_light;
			bool		lower = otp_qr_dark(qr, x, y + 1) != ink_is_light;
			const char *block = blocks[upper][lower];
			size_t		n = strlen(block);

			memcpy(at, block, n);
			at += n;
		}
	}
	return (size_t) (at - text);
}

size_t
otp_qr_svg_room(const OtpQr *qr)
{
	size_t		runs = (size_t) qr->width * ((size_t) qr->width + 1) / 2;

	return SVG_AROUND + runs * RUN_MAX;
}

/* The dark runs of a row, each a stroke along its middle. */
static char *
draw_row(const OtpQr *qr, int y, char *at)
{
	for (int x = 0; x < qr->width; x++)
	{
		int			start = x;

		while (otp_qr_dark(qr, x, y))
			x++;
		if (x > start)
			at += sprintf(at, "M%d %d.5h%d", start + OTP_QR_QUIET, y + OTP_QR_QUIET, x - start);
	}
	return at;
}

size_t
otp_qr_draw_svg(const OtpQr *qr, char *text)
{
	char	   *at = text;

	at += sprintf(at, SVG_START, side(qr), side(qr), side(qr), side(qr));
	for (int y = 0; y < qr->width; y++)
		at = draw_row(qr, y, at);
	at += sprintf(at, SVG_END);
	return (size_t) (at - text);
}
