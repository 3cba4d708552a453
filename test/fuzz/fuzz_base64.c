/*
 * fuzz_base64.c
 *		What is decoded has as many bytes as its symbols say; what is refused leaves nothing.
 */
#include "base64.h"

#include <stdlib.h>
#include <string.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[4096];
	size_t		symbols = 0;
	size_t		n = 0;

	memset(bytes, 0, sizeof(bytes));
	if (otp_base64_decode((const char *) data, size, bytes, sizeof(bytes), &n))
	{
		for (size_t i = 0; i < size; i++)
			symbols += data[i] != '=' && data[i] != ' ' && data[i] != '\t' && data[i] != '\n' &&
				data[i] != '\r';
		if (n != symbols * 3 / 4)
			abort();
	}
	else
	{
		for (size_t i = 0; i < sizeof(bytes); i++)
			if (bytes[i] != 0)
				abort();
	}
	return 0;
}
