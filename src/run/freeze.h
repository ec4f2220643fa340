/*
 * freeze.h - a private copy of an arena as it was at one moment, taken while others write into it.
 *
 * Nobody is stopped or waits for it.  What was recorded up to the moment is in the copy, and nothing that came later: a thread that has written
 * on meanwhile is cut there, so that one thread's wait and another's release belong together.
 */
#ifndef CT_RUN_FREEZE_H
#define CT_RUN_FREEZE_H

#include "run/store.h"
#include "sys/clock.h"

/*
 * ct_freeze - put a copy in the place where the arena is mapped
 * @s:      the arena; afterwards the copy is at the same addresses, private, with memory behind all its parts, and the file is not
 *          mapped any more.  So this is for a process that was forked for it.
 * @moment: set to the time that is frozen
 * Nobody may give chunks back meanwhile (ct_drain_take()).  Programs may make room in a ring: what that takes away before it was copied is counted as
 * overwritten, which it is.  The copy's slots have the chunks that were open then; ct_mend_frozen() closes them.
 * Returns 0 or -errno; then nothing has changed.
 * Context: tools; ct_cap.arena is the same arena, and its clock runs.
 */
int ct_freeze(struct ct_store *s, struct ct_clock_sample *moment);

#endif
