/*
 * loop.c
 *		Waits for descriptors: of signals, of the database, of transfers.
 */
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"

#define LONGEST_WAIT	60000

static int	epoll = -1;

void
loop_open(void)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
	{
		perror("otp-relay: epoll_create1");
		exit(1);
	}
}

void
loop_close(void)
{
	close(epoll);
}

/*
 * A library may have closed a descriptor and opened another of the same number, unseen by us: whether
 * the kernel knows it decides, not what we did last.
 */
void
loop_watch(LoopOwner owner, int fd, bool readable, bool writable)
{
	struct epoll_event event = {
		.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u),
		.data.u64 = (uint64_t) owner << 32 | (uint32_t) fd
	};

	if (event.events == 0)
		epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
	else if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) < 0 && errno == ENOENT)
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int
loop_wait(int64_t until, LoopEvent events[LOOP_EVENTS])
{
	struct epoll_event ready[LOOP_EVENTS];
	int64_t		wait = until - clock_ms();
	int			n;

	wait = wait < 0 ? 0 : wait > LONGEST_WAIT ? LONGEST_WAIT : wait;
	n = epoll_wait(epoll, ready, LOOP_EVENTS, (int) wait);
	for (int i = 0; i < n; i++)
	{
		uint32_t	what = ready[i].events;
		bool		broken = what & (EPOLLERR | EPOLLHUP);

		events[i] = (LoopEvent) {
			.owner = (LoopOwner) (ready[i].data.u64 >> 32),
			.fd = (int) (uint32_t) ready[i].data.u64,
			.readable = broken || (what & EPOLLIN),
			.writable = broken || (what & EPOLLOUT)
		};
	}
	return n < 0 ? 0 : n;
}
