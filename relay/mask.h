/*
 * mask.h
 *		What of a destination and of a URL may be shown in a log.
 */
#ifndef OTP_RELAY_MASK_H
#define OTP_RELAY_MASK_H

#include <stddef.h>

#define MASK_SIZE	300

extern void mask_destination(const char *destination, char masked[MASK_SIZE]);
extern void mask_origin(const char *url, char origin[MASK_SIZE]);

#endif							/* OTP_RELAY_MASK_H */
