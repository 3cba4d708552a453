/*
 * work.h
 *		Takes messages, has them sent, and settles.
 */
#ifndef OTP_RELAY_WORK_H
#define OTP_RELAY_WORK_H

#include <stdbool.h>

#include "options.h"

/* Returns the program's exit status. */
extern int	work(const Options *options, int stop_fd);

#endif							/* OTP_RELAY_WORK_H */
