/*
 * test_secure.c
 *		Comparison and wiping.
 *
 * Requirements: 23.
 */
#include "secure.h"

#include "tap.h"

int
main(void)
{
	uint8_t		a[64];
	uint8_t		b[64];
	int			noticed = 0;

	memset(a, 0xa5, sizeof(a));
	memcpy(b, a, sizeof(a));
	ok(otp_equal(a, b, sizeof(a)), "equal bytes");
	ok(otp_equal(a, "x", 0), "no bytes are equal");
	for (size_t bit = 0; bit < 8 * sizeof(b); bit++)
	{
		b[bit / 8] ^= (uint8_t) (1 << bit % 8);
		noticed += !otp_equal(a, b, sizeof(a));
		b[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	is_integer(noticed, 8 * sizeof(b), "each changed bit is noticed");

	otp_wipe(a + 1, sizeof(a) - 2);
	ok(all_zero(a + 1, sizeof(a) - 2), "wiped");
	ok(a[0] == 0xa5 && a[63] == 0xa5, "and no more than asked for");
	return done_testing();
}
