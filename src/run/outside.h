/*
 * outside.h - what /proc tells of a process: its state, its parent, and its number here when it knows only one of its own pid namespace.
 */
#ifndef CT_RUN_OUTSIDE_H
#define CT_RUN_OUTSIDE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * ct_outside_find - the process that has a pid in a pid namespace
 * @namespace: inode
 * Returns its pid in ours; 0 when there is none that we may look into.
 * Context: tools.
 */
pid_t ct_outside_find(uint64_t namespace, uint32_t pid);

/*
 * ct_outside_child - the child of a process that has a pid in whatever namespace it is in
 * @parent: in our namespace
 * Returns its pid in ours; 0 when there is none.
 * Context: tools.
 */
pid_t ct_outside_child(pid_t parent, uint32_t pid);

/*
 * ct_outside_own_tid - the number that a thread has for itself
 * @pid, @tid: in our namespace
 * Returns 0 when there is no such thread.
 * Context: tools.
 */
uint32_t ct_outside_own_tid(pid_t pid, uint32_t tid);

/*
 * ct_outside_stat - /proc/PID/stat from its third field on: the letter of the state, then numbers
 * @text: buffer of @room bytes; what does not fit is cut off
 * Returns a place in @text; NULL when there is no such process.
 * Context: tools.
 */
const char *ct_outside_stat(pid_t pid, char *text, size_t room);

/*
 * ct_outside_ipc - inode of the IPC namespace of a process; 0 not known
 * Context: tools.
 */
uint64_t ct_outside_ipc(pid_t pid);

/*
 * ct_outside_parent - pid of the parent; 0 not known
 * Context: tools.
 */
pid_t ct_outside_parent(pid_t pid);

#endif
