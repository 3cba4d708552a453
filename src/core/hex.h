/*
 * hex.h
 *		Hexadecimal digits.
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_HEX_H
#define OTP_CORE_HEX_H

/* The value of a hexadecimal digit of any case, 0 to 15; -1 if it is none. */
static inline int
otp_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif							/* OTP_CORE_HEX_H */
