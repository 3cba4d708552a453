/*
 * clock.h
 *		Milliseconds of a clock that nobody sets.
 */
#ifndef OTP_RELAY_CLOCK_H
#define OTP_RELAY_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER	INT64_MAX

static inline int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t
clock_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

#endif							/* OTP_RELAY_CLOCK_H */
