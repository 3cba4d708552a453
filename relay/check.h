/*
 * check.h
 *		--check: is each channel well, without sending anything?
 */
#ifndef OTP_RELAY_CHECK_H
#define OTP_RELAY_CHECK_H

#include "options.h"

/* Returns the program's exit status. */
extern int	check(const Options *options);

#endif							/* OTP_RELAY_CHECK_H */
