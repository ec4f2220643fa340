/*
 * fds.h - what the descriptors were that the program waited on: looked up from outside, while the program lives, and written into the
 * trace as fd records.  The program itself makes no call for it.
 */
#ifndef CT_RUN_FDS_H
#define CT_RUN_FDS_H

#include <stdint.h>

#include "run/reap.h"
#include "run/set.h"
#include "run/sockets.h"
#include "run/store.h"

struct ct_slot;

struct ct_fds {
	struct ct_store *store;
	const struct ct_reap *reap;
	struct ct_slot *slot; /* ctrace-run's own, for the records */
	struct ct_sockets sockets;
	struct ct_set
		seen; /* process, descriptor -> hash of what its link said, and when it was looked at */
	struct ct_set names; /* the same -> string id of the name << 1 | it was told twice */
	uint64_t *starts;    /* fds.c */
	uint32_t starts_n;
};

/*
 * ct_fds_seen - a wait on a descriptor has ended, and is in the trace: make sure its name is
 * Numbers are used again, and the look may be too late.  So it is looked at again soon, when there was another wait, and then after a second; a
 * name that was found again is told again, and readers believe it.
 * Context: tools.
 */
void ct_fds_seen(struct ct_fds *f, uint32_t process, uint32_t fd);

/*
 * ct_fds_blocked - a thread is blocked on a descriptor, if it is
 * What is found while it is needs no second look.
 * Context: tools.
 */
void ct_fds_blocked(struct ct_fds *f, const struct ct_slot *s);

void ct_fds_free(struct ct_fds *f);

#endif
