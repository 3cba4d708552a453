/*
 * tap.h
 *		The Test Anything Protocol, as far as the unit tests speak it.
 */
#ifndef OTP_TEST_TAP_H
#define OTP_TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int	tap_run;
static int	tap_failed;

static inline bool
tap_report(bool passed, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static inline bool
tap_report(bool passed, const char *file, int line, const char *format, ...)
{
	char		name[200];
	va_list		args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	for (char *c = name; *c; c++)
	{
		if ((unsigned char) *c < ' ' || *c == '#')
			*c = '?';			/* would mean something in TAP */
	}
	printf("%s %d - %s\n", passed ? "ok" : "not ok", ++tap_run, name);
	if (!passed)
	{
		tap_failed++;
		printf("# at %s:%d\n", file, line);
	}
	return passed;
}

static inline bool
tap_bytes(bool same, const void *got, const void *want, size_t n, const char *file, int line,
		  const char *name)
{
	if (tap_report(same, file, line, "%s", name))
		return true;
	for (int side = 0; side < 2; side++)
	{
		const uint8_t *bytes = side ? want : got;

		printf("# %s ", side ? "want" : "got ");
		for (size_t i = 0; i < n; i++)
			printf("%02x", bytes[i]);
		putchar('\n');
	}
	return false;
}

static inline bool
tap_string(const char *got, const char *want, const char *file, int line, const char *name)
{
	if (tap_report(strcmp(got, want) == 0, file, line, "%s", name))
		return true;
	printf("# got  %s\n# want %s\n", got, want);
	return false;
}

static inline bool
tap_integer(long long got, long long want, const char *file, int line, const char *name)
{
	if (tap_report(got == want, file, line, "%s", name))
		return true;
	printf("# got  %lld\n# want %lld\n", got, want);
	return false;
}

#define ok(passed, ...) tap_report(passed, __FILE__, __LINE__, __VA_ARGS__)
#define is_string(got, want, name) tap_string(got, want, __FILE__, __LINE__, name)
#define is_integer(got, want, name) tap_integer((long long) (got), want, __FILE__, __LINE__, name)
#define is_bytes(got, want, n, name) \
	tap_bytes(memcmp(got, want, n) == 0, got, want, n, __FILE__, __LINE__, name)

static inline bool
all_zero(const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (((const uint8_t *) bytes)[i] != 0)
			return false;
	}
	return true;
}

/* Hexadecimal digits into bytes; returns how many bytes. */
static inline size_t
from_hex(const char *hex, uint8_t *bytes)
{
	size_t		n = strlen(hex) / 2;
	unsigned	byte;

	for (size_t i = 0; i < n; i++)
	{
		sscanf(hex + 2 * i, "%2x", &byte);
		bytes[i] = (uint8_t) byte;
	}
	return n;
}

static inline int
done_testing(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed > 0;
}

#endif							/* OTP_TEST_TAP_H */
