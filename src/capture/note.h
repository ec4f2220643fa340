/*
 * note.h - what a program says of itself: tasks, regions, logs, labels, and recording on and off.  include/ctrace/ctrace.h says what each
 * means; these are its functions, as the preloaded object exports them.
 *
 * It is not an API: nothing here knows how a program found it.  Names are interned (name.c), because the same few come all the time; messages
 * and values go into the records themselves, because they never come again.
 */
#ifndef CT_CAPTURE_NOTE_H
#define CT_CAPTURE_NOTE_H

#include "capture/capture.h"

#define CT_NAME_BYTES 120   /* of a name, the NUL not counted; longer ones end in "..." */
#define CT_TEXT_KEPT  1000  /* of a message or value */
#define CT_TEXT_COUNT 65535 /* lengths are not counted further */

/*
 * ct_name - string id of a name, the same for all threads and processes that use it
 * @s: the calling thread's slot
 * Returns 0 for NULL, the empty name, and when there is no room for more (counted as CT_LOSS_DICT_FULL, each time).
 * Context: any thread, any signal; no allocation, no libc.
 */
uint32_t ct_name(struct ct_slot *s, const char *name);

/*
 * ct_note_* - as ctrace_* in ctrace.h
 * Context: any thread, any signal; no allocation, no libc.
 */
uint64_t ct_note_task_begin(const char *name, uint64_t parent);
void ct_note_task_end(uint64_t task);
uint64_t ct_note_region_begin(const char *name, uint64_t task);
void ct_note_region_end(uint64_t region);
void ct_note_log(uint64_t task, const char *category, const char *message);
void ct_note_label(const char *key, const char *value);

/*
 * ct_note_stop, ct_note_start - record nothing more in this process; record again
 * Return 0, EALREADY, EAGAIN (no room to note it, nothing was changed) or ENOSYS (not recorded at all).
 * Context: any thread, any signal; no allocation, no libc.
 */
int ct_note_stop(void);
int ct_note_start(void);

/*
 * ct_note_snapshot - ask ctrace-run for a snapshot
 * Returns 0, EINVAL, EBUSY, EOPNOTSUPP (no ctrace-run) or ENOSYS (no arena).
 * Context: any thread, any signal; no allocation, no libc, no system call.
 */
int ct_note_snapshot(const char *name);

/*
 * ct_note_is_snapshot_name - may a snapshot have this name?
 * Context: any; no allocation, no libc.
 */
bool ct_note_is_snapshot_name(const char *name);

/* ct_note_enabled - is this process recorded at this moment?  Whether this thread has room for it, its first record shows. */
bool ct_note_enabled(void);

#endif
