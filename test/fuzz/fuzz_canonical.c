/*
 * fuzz_canonical.c
 *		A canonical code has only digits and upper case letters, and its own
 *		canonical form is itself.
 */
#include "canonical.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
must(int truth)
{
	if (!truth)
		abort();
}

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char nothing[OTP_CODE_MAX + 1];
	char		code[OTP_CODE_MAX + 1];
	char		again[OTP_CODE_MAX + 1];
	size_t		n = otp_canonical((const char *) data, size, code);

	if (n == 0)
	{
		must(memcmp(code, nothing, sizeof(nothing)) == 0);
		return 0;
	}
	must(n >= OTP_CODE_MIN && n <= OTP_CODE_MAX && n <= size && strlen(code) == n);
	must(strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n);
	must(otp_canonical(code, n, again) == n && strcmp(code, again) == 0);
	return 0;
}
