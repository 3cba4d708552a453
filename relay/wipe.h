/*
 * wipe.h
 *		Memory that is wiped before it is given back, and the end of the program when there is none.
 */
#ifndef OTP_RELAY_WIPE_H
#define OTP_RELAY_WIPE_H

#include <stddef.h>

/* These have the types of malloc() and the like, so that libraries can be told to use them. */
extern void *wiping_malloc(size_t size);
extern void *wiping_calloc(size_t count, size_t size);
extern void *wiping_realloc(void *memory, size_t size);
extern char *wiping_strdup(const char *string);
extern void wiping_free(void *memory);

/* These never return NULL. */
extern void *must_alloc(size_t size);
extern char *must_copy(const char *string);

extern void wipe(void *memory, size_t length);

/* What functions that have returned left on the stack. */
extern void wipe_stack(void);

#endif							/* OTP_RELAY_WIPE_H */
