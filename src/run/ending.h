/*
 * ending.h - how a process ended, asked from outside by somebody who is not its parent.
 */
#ifndef CT_RUN_ENDING_H
#define CT_RUN_ENDING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum ct_ending {
	CT_ENDING_NOT,	 /* it runs */
	CT_ENDING_KNOWN, /* it has ended, and this is how */
	CT_ENDING_WAITING, /* it has ended, its parent has not asked how, and so we cannot either: ask again */
	CT_ENDING_UNKNOWN /* it has ended, and nobody will tell */
};

/*
 * ct_ending_of - has a process ended, and how?
 * @pidfd:  of it
 * @pid:    of it, in our namespace
 * @status: as of wait(2), when the answer is CT_ENDING_KNOWN
 * The kernel tells since 6.15; before, only while the process waits for its parent, to who may look into it.
 * Context: tools.
 */
enum ct_ending ct_ending_of(int pidfd, pid_t pid, uint32_t *status);

#endif
