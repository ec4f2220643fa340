/*
 * calls.c - see calls.h.  Not in the table: what waits for a disk alone (open, stat), and what never returns.
 */
#include "calls.h"

#include <stddef.h>
#include <sys/syscall.h>

#define CALL(name)                                                                                 \
	case SYS_##name: return #name;

const char *ct_call_waiting(uint32_t number)
{
	switch (number) {
#ifdef SYS_poll
		CALL(poll)
		CALL(select)
		CALL(pause)
		CALL(epoll_wait)
#endif
		CALL(read)
		CALL(write)
		CALL(pread64)
		CALL(pwrite64)
		CALL(readv)
		CALL(writev)
		CALL(preadv)
		CALL(pwritev)
		CALL(preadv2)
		CALL(pwritev2)
		CALL(nanosleep)
		CALL(clock_nanosleep)
		CALL(connect)
		CALL(accept)
		CALL(accept4)
		CALL(sendto)
		CALL(recvfrom)
		CALL(sendmsg)
		CALL(recvmsg)
		CALL(sendmmsg)
		CALL(recvmmsg)
		CALL(wait4)
		CALL(waitid)
		CALL(semop)
		CALL(semtimedop)
		CALL(msgsnd)
		CALL(msgrcv)
		CALL(mq_timedsend)
		CALL(mq_timedreceive)
		CALL(flock)
		CALL(fcntl)
		CALL(fsync)
		CALL(fdatasync)
		CALL(sync_file_range)
		CALL(rt_sigtimedwait)
		CALL(rt_sigsuspend)
		CALL(futex)
		CALL(io_getevents)
		CALL(pselect6)
		CALL(ppoll)
		CALL(epoll_pwait)
		CALL(sendfile)
		CALL(splice)
		CALL(tee)
		CALL(vmsplice)
		CALL(copy_file_range)
	/* numbers that are the same everywhere; older headers do not have them */
	case 426: return "io_uring_enter";
	case 441: return "epoll_pwait2";
	case 449: return "futex_waitv";
	case 455: return "futex_wait";
	default: return NULL;
	}
}
