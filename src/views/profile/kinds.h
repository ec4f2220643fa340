/*
 * kinds.h - the profiles, and which of them a wait belongs to.  It is Go's division; exports to Go's format ask here, too.
 */
#ifndef CT_VIEWS_PROFILE_KINDS_H
#define CT_VIEWS_PROFILE_KINDS_H

#include "model/model.h"

enum ct_profile_kind {
	CT_PROFILE_NET,	    /* sockets, pipes, pollers, name look-ups */
	CT_PROFILE_SYNC,    /* other threads: mutexes, condition variables, semaphores, joins... */
	CT_PROFILE_SYSCALL, /* other recorded calls */
	CT_PROFILE_SCHED,   /* ready, and without a CPU */
	CT_PROFILE_LOCK,    /* locks, charged to who held them */
	CT_PROFILE_OFFCPU,  /* everything off the CPU */
	CT_PROFILES,
	CT_PROFILE_NONE =
		CT_PROFILES /* a sleep, a wait for a signal: off the CPU, and in no other profile */
};

/*
 * ct_profile_name, ct_profile_find - "sync" for a kind; the kind of this name, CT_PROFILE_NONE when there is none
 * Context: tools.
 */
const char *ct_profile_name(enum ct_profile_kind kind);
enum ct_profile_kind ct_profile_find(const char *name);

/*
 * ct_profile_of - the profile that a wait belongs to, of the first four, or CT_PROFILE_NONE
 * @cell: tells the descriptor; CT_NONE: not known
 * Context: tools.
 */
enum ct_profile_kind ct_profile_of(const struct ct_model *m, uint32_t op, uint32_t cell);

#endif
