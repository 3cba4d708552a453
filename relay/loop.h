/*
 * loop.h
 *		Waits for descriptors: of signals, of the database, of transfers.
 */
#ifndef OTP_RELAY_LOOP_H
#define OTP_RELAY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

typedef enum LoopOwner
{
	LOOP_SIGNAL,
	LOOP_DATABASE,
	LOOP_TRANSFER
} LoopOwner;

typedef struct LoopEvent
{
	LoopOwner	owner;
	int			fd;
	bool		readable;		/* an error or a hang-up makes it both */
	bool		writable;
} LoopEvent;

#define LOOP_EVENTS	256

extern void loop_open(void);
extern void loop_close(void);

/* Neither readable nor writable: not any more. */
extern void loop_watch(LoopOwner owner, int fd, bool readable, bool writable);
extern int	loop_wait(int64_t until, LoopEvent events[LOOP_EVENTS]);

#endif							/* OTP_RELAY_LOOP_H */
