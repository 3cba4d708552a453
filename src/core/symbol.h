/*
 * symbol.h
 *		Ranges of characters without branches, for the digits of encoded secrets.
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_SYMBOL_H
#define OTP_CORE_SYMBOL_H

/* All bits set, or none, of what an AND with a byte can see: is low <= c <= high? */
static inline unsigned
otp_between(unsigned c, unsigned low, unsigned high)
{
	return ((low - 1 - c) & (c - high - 1)) >> 8;
}

#endif							/* OTP_CORE_SYMBOL_H */
