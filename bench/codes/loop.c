/*
 * loop.c
 *		Codes in a loop, outside of any database: liboath's and those of src/core.
 *		Prints a name and the microseconds per code on each line.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <liboath/oath.h>

#include "hotp.h"

#define CODES	500000
#define KEY		"12345678901234567890"
#define FIRST	1767225600		/* 2026 */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static void
check(bool passed, const char *what)
{
	if (passed)
		return;
	fprintf(stderr, "loop: %s failed\n", what);
	exit(1);
}

static double
time_liboath(char *code)
{
	double		start = now();

	for (int64_t i = 0; i < CODES; i++)
		check(oath_totp_generate2(KEY, strlen(KEY), FIRST + i * 31, 30, 0, 6, 0, code) == OATH_OK,
			  "liboath");
	return now() - start;
}

/* set_key: set the key for each code, as if it were another secret's? */
static double
time_core(const OtpDigestMethod *method, bool set_key, char *code)
{
	OtpHmac    *hmac = otp_hmac_new_by(method, OTP_SHA1);
	double		time;
	double		start;

	check(hmac && otp_hmac_key(hmac, KEY, strlen(KEY)), "a key");
	start = now();
	for (int64_t i = 0; i < CODES; i++)
	{
		check(!set_key || otp_hmac_key(hmac, KEY, strlen(KEY)), "a key");
		check(otp_hotp(hmac, 6, (uint64_t) otp_totp_step(FIRST + i * 31, 30), code), "a code");
	}
	time = now() - start;
	otp_hmac_free(hmac);
	return time;
}

static void
report(const char *name, double time, const char *code, const char *want)
{
	check(strcmp(code, want) == 0, name);
	printf("%s %f\n", name, time / CODES);
}

int
main(void)
{
	char		want[16];
	char		code[16];
	double		time;

	check(oath_init() == OATH_OK, "liboath");
	time = time_liboath(want);
	report("liboath", time, want, want);
	time = time_core(otp_digest_method(), false, code);
	report("core_kept", time, code, want);
	time = time_core(otp_digest_method(), true, code);
	report("core_set", time, code, want);
	time = time_core(&otp_digest_evp, false, code);
	report("core_evp", time, code, want);
	return 0;
}
