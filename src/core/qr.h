/*
 * qr.h
 *		QR codes (ISO/IEC 18004): a text as a symbol, and the symbol drawn.
 *
 * Plain C over libqrencode and libpng; no PostgreSQL.
 */
#ifndef OTP_CORE_QR_H
#define OTP_CORE_QR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* modules of a symbol's side, at most: version 40 */
#define OTP_QR_WIDTH_MAX	177

/* light modules that are drawn around the symbol: ISO/IEC 18004, section 5.3.8 */
#define OTP_QR_QUIET		4

/* pixels of a module's side in a PNG */
#define OTP_QR_SCALE_MIN	1
#define OTP_QR_SCALE_MAX	32

/*
 * A symbol; otp_qr_free() wipes and frees it.  Whoever sees it can read the text:
 * it is as secret as that.
 */
typedef struct OtpQr
{
	int			width;			/* modules of a side, 21 to OTP_QR_WIDTH_MAX, always odd */
	uint8_t    *modules;		/* row by row; bit 0: dark */
	void	   *code;			/* libqrencode's */
} OtpQr;

typedef enum OtpQrStatus
{
	OTP_QR_OK,
	OTP_QR_TOO_LONG,
	OTP_QR_MEMORY				/* none left */
} OtpQrStatus;

/*
 * The least symbol that holds the text, with error correction level M: 15% of it may be
 * spoilt.  There is always one of 2331 bytes of ASCII, of capitals and digits up to 5596;
 * and of 2330 bytes of UTF-8 beyond ASCII, which is declared to be that (ECI 26).
 * text: UTF-8, at least one byte, none of them zero.
 *
 * libqrencode frees its working memory, which has held the text, without wiping it.
 */
extern OtpQrStatus otp_qr_encode(const char *text, size_t length, OtpQr *qr);

extern void otp_qr_free(OtpQr *qr);

/* Is the module dark?  x, y: from the symbol's upper left corner; outside of it all is light. */
extern bool otp_qr_dark(const OtpQr *qr, int x, int y);

/* room for what otp_qr_draw_utf8 and otp_qr_draw_svg write of this symbol */
extern size_t otp_qr_utf8_room(const OtpQr *qr);
extern size_t otp_qr_svg_room(const OtpQr *qr);

/*
 * Draws with half blocks (U+2580, U+2584, U+2588, space), two modules a character, in lines
 * that a line feed separates.  Returns the bytes written; there is no zero byte.
 * ink_is_light: the terminal writes light on dark, so what is light is written; else what
 * is dark.
 */
extern size_t otp_qr_draw_utf8(const OtpQr *qr, bool ink_is_light, char *text);

/*
 * Draws as an SVG document of one white rectangle and one black path, a module a unit.
 * It needs no declaration of its encoding, and can stand in an HTML page.
 * Returns the bytes written; there is no zero byte.
 */
extern size_t otp_qr_draw_svg(const OtpQr *qr, char *text);

/*
 * Draws as a PNG file of one bit a pixel.  *bytes: from malloc(); the caller wipes and frees it.
 * Libpng and zlib leave nothing in memory.  false: no memory left.
 */
extern bool otp_qr_draw_png(const OtpQr *qr, int scale, uint8_t **bytes, size_t *length);

#endif							/* OTP_CORE_QR_H */
