/*
 * classify.h - the rule for idle waits in words, for the help texts; the reasons are in classify.c.
 */
#ifndef CT_MODEL_CLASSIFY_H
#define CT_MODEL_CLASSIFY_H

#define CT_REST_FRAMES 5

#define CT_IDLE_RULE                                                                               \
	"Idle is told apart from waiting.  A wait is idle when it is\n"                            \
	"  - poll, select, epoll_wait, accept or a wait for a signal, or\n"                        \
	"  - a wait on a condition variable, semaphore or futex, for input (read, recv, a\n"       \
	"    message) or for asynchronous I/O (io_getevents, io_uring), that is the thread's\n"    \
	"    resting place: the thread is not the main thread, it waited nowhere longer\n"         \
	"    in all, and the place is at most 4 of the program's frames below its start "          \
	"routine.\n"                                                                               \
	"Waits for a lock, of a file too, are never idle.\n"

#endif
