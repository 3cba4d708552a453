/*
 * fuzz_pskc.c
 *		Whatever is taken for a PSKC container, without and with a key: what it gives keeps to
 *		the limits, and with a key gives no secret that was not encrypted.
 */
#define _GNU_SOURCE			/* memmem */
#include "pskc.h"

#include "token.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_all(const uint8_t *data, size_t size, const OtpPskcOptions *options)
{
	OtpPskc    *pskc = otp_pskc_open((const char *) data, size, options);
	size_t		lines = count_lines(data, size);
	OtpToken	token;
	OtpTokenError error = {NULL, "", 0};
	OtpTokenStatus status;

	must(pskc != NULL);
	while ((status = otp_pskc_next(pskc, &token, &error)) == OTP_TOKEN_READ)
	{
		check_token(&token, lines);
		must(!options->key || memmem(data, size, "EncryptedValue", 14) != NULL);
	}
	check_end(&token, status, &error, lines);
	otp_pskc_close(pskc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* that of RFC 6030's Figure 6 */
	static const uint8_t key[16] = {
		0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56,
		0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12,
	};
	OtpPskcOptions plain = {.now = 1147651200};
	OtpPskcOptions keyed = {.key = key, .key_length = sizeof(key), .now = 1147651200};

	read_all(data, size, &plain);
	read_all(data, size, &keyed);
	return 0;
}
