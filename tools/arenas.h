/*
 * arenas.h - finds the traces that are being written on this machine now.
 *
 * Traced processes map their arena, so /proc/PID/maps tells where it is, whoever made it and wherever it lies; arenas of
 * ctrace-run are in /dev/shm besides, which also finds those of processes that are gone.
 */
#ifndef CT_TOOLS_ARENAS_H
#define CT_TOOLS_ARENAS_H

#include <stddef.h>
#include <stdint.h>

/*
 * ct_arenas_find - paths of all arenas that can be seen, each once
 * Returns an array for ct_arenas_free(); NULL with *n = 0 when there are none.
 * Context: tools.
 */
char **ct_arenas_find(size_t *n);

/*
 * ct_arenas_free - NULL is allowed
 * Context: tools.
 */
void ct_arenas_free(char **paths, size_t n);

/*
 * ct_arena_of - path of the trace a process writes, or wrote until just now
 * Looks at the process, then at the arenas in /dev/shm, then at the traces in the current directory, the
 * newest first.
 * Returns a string to free(), or NULL.
 * Context: tools.
 */
char *ct_arena_of(uint32_t pid);

#endif
