/*
 * arena.h - where this process records to: the arena that ctrace-run made, or a ring of our own.  Either becomes ct_cap.arena.
 */
#ifndef CT_PRELOAD_ARENA_H
#define CT_PRELOAD_ARENA_H

#include <stdbool.h>

/*
 * ct_arena_open - map the arena of a path
 * Returns false when there is none that can be used; ct_cap.arena.header is 0 then.
 * Context: start-up, one thread; no allocation, no libc.
 */
bool ct_arena_open(const char *path);

/*
 * ct_arena_make - make a ring in the folder that CTRACE_DIR names, as ctrace.COMM.PID.ctrace; ct_cap.clock has been chosen
 * Returns false when it cannot be made; no file is left then.
 * Context: start-up, one thread; no allocation, no libc.
 */
bool ct_arena_make(char **env, const char *comm);

#endif
