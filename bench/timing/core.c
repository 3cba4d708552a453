/*
 * core.c
 *		Times two classes of calls of src/core, in random order: prints the class and the
 *		nanoseconds of each sample, for welch.c.
 *
 * The inputs of many samples are made beforehand, and each is copied to where the call reads
 * it, so that nothing but the bytes is different.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base32.h"
#include "hotp.h"
#include "secure.h"

#define LENGTH	32				/* symbols of what is compared and decoded */
#define BATCH	1024			/* samples whose inputs are made beforehand */

static const char right[LENGTH + 1] = "49203925716488301927465510293847";
static OtpHmac *key;
static char codes[3][OTP_DIGITS_MAX + 1];	/* of counters 1, 2, 3 */

/* What one sample works on, and what it comes to, so that no compiler leaves it out. */
static char input[LENGTH + 1];
static volatile int result;

/* The positive control: ends at the first difference. */
static void
leaky_equal(void)
{
	int			i = 0;

	while (i < LENGTH && input[i] == right[i])
		i++;
	result = i == LENGTH;
}

static void
equal(void)
{
	result = otp_equal(input, right, LENGTH);
}

static void
search(void)
{
	static const uint64_t counters[] = {1, 2, 3};
	int			match;

	result = otp_hotp_search(key, 6, input, 6, counters, 3, &match) ? match : -2;
}

static void
decode(void)
{
	uint8_t		bytes[LENGTH];
	size_t		n = 0;
	size_t		position;

	result = (int) otp_base32_decode(input, LENGTH, bytes, sizeof(bytes), &n, &position);
}

static void
wrong_first(int class, char *in)
{
	memcpy(in, right, LENGTH);
	in[class == 0 ? LENGTH - 1 : 0] ^= 1;
}

static void
match_first(int class, char *in)
{
	strcpy(in, codes[class == 0 ? 0 : 2]);
}

static void
match_none(int class, char *in)
{
	strcpy(in, codes[1]);
	if (class == 1)
		in[0] = (char) (in[0] == '9' ? '0' : in[0] + 1);
}

/* A wrong code with all digits but the last right, or none. */
static void
wrong_digits(int class, char *in)
{
	strcpy(in, codes[1]);
	for (int i = class == 0 ? 5 : 0; i < 6; i++)
		in[i] = (char) ((in[i] - '0' + 5) % 10 + '0');
}

/* One symbol throughout, or any. */
static void
symbols(int class, char *in)
{
	for (int i = 0; i < LENGTH; i++)
		in[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[class == 0 ? 0 : rand() % 32];
}

typedef struct Test
{
	const char *name;
	void		(*call) (void);
	void		(*make) (int class, char *in);
	int			repeat;			/* calls per sample, of those that are short */
} Test;

static const Test tests[] = {
	{"control", leaky_equal, wrong_first, 16},
	{"equal", equal, wrong_first, 16},
	{"search_place", search, match_first, 1},
	{"search_match", search, match_none, 1},
	{"search_digits", search, wrong_digits, 1},
	{"base32", decode, symbols, 4},
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static double
time_of(const Test *test, const char *in)
{
	double		start;

	memcpy(input, in, sizeof(input));
	start = now();
	for (int r = 0; r < test->repeat; r++)
		test->call();
	return (now() - start) / test->repeat;
}

/* What the first calls after the making of inputs take is not counted. */
static void
run(const Test *test, int samples)
{
	static char inputs[BATCH][LENGTH + 1];
	static int	classes[BATCH];
	static double times[BATCH];

	for (int done = 0; done < samples; done += BATCH)
	{
		for (int i = 0; i < BATCH; i++)
		{
			classes[i] = rand() / 8 % 2;
			test->make(classes[i], inputs[i]);
		}
		for (int i = 0; i < BATCH; i++)
			times[i] = time_of(test, inputs[i]);
		for (int i = BATCH / 16; i < BATCH; i++)
			printf("%d %.2f\n", classes[i], times[i]);
	}
}

int
main(int argc, char **argv)
{
	key = otp_hmac_new(OTP_SHA1);
	if (argc != 3 || !key || !otp_hmac_key(key, "12345678901234567890", 20))
		return 1;
	for (uint64_t c = 0; c < 3; c++)
		otp_hotp(key, 6, c + 1, codes[c]);
	srand((unsigned) time(NULL));
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
	{
		if (strcmp(tests[i].name, argv[1]) == 0)
		{
			run(&tests[i], atoi(argv[2]));
			return 0;
		}
	}
	return 1;
}
