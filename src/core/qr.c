/*
 * qr.c
 *		QR codes: a text as a symbol.
 */
#include "qr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qrencode.h>

#include "secure.h"

/* characters that the largest symbol holds, if they are digits */
#define LENGTH_MAX	5596

/* the number of UTF-8 among the extended channel interpretations */
#define ECI_UTF8	26

static bool
is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		if ((unsigned char) text[i] > 0x7f)
			return false;
	}
	return true;
}

/* As a string, since data would be bytes throughout: capitals and digits take less room. */
static QRcode *
encode_ascii(const char *text, size_t length)
{
	char	   *string = malloc(length + 1);
	QRcode	   *code;

	if (string == NULL)
		return NULL;
	memcpy(string, text, length);
	string[length] = '\0';
	code = QRcode_encodeString(string, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	otp_wipe(string, length);
	free(string);
	return code;
}

/* Without that header a reader has to guess, and takes some texts for Shift-JIS. */
static QRcode *
encode_utf8(const char *text, size_t length)
{
	QRinput    *input = QRinput_new2(0, QR_ECLEVEL_M);
	QRcode	   *code = NULL;

	if (input == NULL)
		return NULL;
	if (QRinput_appendECIheader(input, ECI_UTF8) == 0 &&
		QRinput_append(input, QR_MODE_8, (int) length, (const unsigned char *) text) == 0)
		code = QRcode_encodeInput(input);
	QRinput_free(input);
	return code;
}

OtpQrStatus
otp_qr_encode(const char *text, size_t length, OtpQr *qr)
{
	QRcode	   *code;

	if (length > LENGTH_MAX)
		return OTP_QR_TOO_LONG;
	errno = 0;
	code = is_ascii(text, length) ? encode_ascii(text, length) : encode_utf8(text, length);
	if (code == NULL)
		return errno == ERANGE ? OTP_QR_TOO_LONG : OTP_QR_MEMORY;
	*qr = (OtpQr) {code->width, code->data, code};
	return OTP_QR_OK;
}

void
otp_qr_free(OtpQr *qr)
{
	otp_wipe(qr->modules, (size_t) qr->width * (size_t) qr->width);
	QRcode_free(qr->code);
	*qr = (OtpQr) {0, NULL, NULL};
}

bool
otp_qr_dark(const OtpQr *qr, int x, int y)
{
	return x >= 0 && x < qr->width && y >= 0 && y < qr->width &&
		(qr->modules[y * qr->width + x] & 1) != 0;
}
