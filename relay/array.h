/*
 * array.h
 *		Arrays as PostgreSQL writes them.
 */
#ifndef OTP_RELAY_ARRAY_H
#define OTP_RELAY_ARRAY_H

#include "text.h"

/* An empty text is an empty array; array_end() is to be called once, in the end. */
extern void array_add(Text *array, const char *value);
extern const char *array_end(Text *array);

#endif							/* OTP_RELAY_ARRAY_H */
