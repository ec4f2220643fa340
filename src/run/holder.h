/*
 * holder.h - who still has a file mapped.  Whoever records maps the arena for as long as it lives: ctrace-run, its copy in the background,
 * every traced process, also one that was forked a moment ago and has no row in any table yet.
 */
#ifndef CT_RUN_HOLDER_H
#define CT_RUN_HOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * ct_holder_find - a process that has the file mapped
 * @path: absolute; the file may be gone
 * Returns its pid, 0 when there is none that we may look into.
 * Context: tools.
 */
pid_t ct_holder_find(const char *path);

/*
 * ct_holder_may - could the process with this number have it mapped?
 * True also for one that we may signal and may not look into: it is ours, and has made itself undumpable.
 * Context: tools.
 */
bool ct_holder_may(uint32_t pid, const char *path);

#endif
