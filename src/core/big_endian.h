/*
 * big_endian.h
 *		Numbers as bytes, the most significant first.
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_BIG_ENDIAN_H
#define OTP_CORE_BIG_ENDIAN_H

#include <stdint.h>

/* Without a loop: so the compiler makes one store of it. */
static inline void
otp_put_32(uint8_t out[4], uint32_t number)
{
	out[0] = (uint8_t) (number >> 24);
	out[1] = (uint8_t) (number >> 16);
	out[2] = (uint8_t) (number >> 8);
	out[3] = (uint8_t) number;
}

static inline void
otp_put_64(uint8_t out[8], uint64_t number)
{
	otp_put_32(out, (uint32_t) (number >> 32));
	otp_put_32(out + 4, (uint32_t) number);
}

#endif							/* OTP_CORE_BIG_ENDIAN_H */
