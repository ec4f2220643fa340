/*
 * resolve.h - names and lines for every address of a recording, as a block of its trace, so that the trace can be read where the
 * binaries are not.
 */
#ifndef CT_RUN_RESOLVE_H
#define CT_RUN_RESOLVE_H

#include <stdbool.h>

#include "capture/arena.h"
#include "file/stream.h"
#include "run/set.h"

/*
 * ct_resolve - look up all frames of the stack trie, the start routines and the variables, and append a SYMBOLS block
 * @code, @data: frames beside those of the trie (drain.h)
 * @progress:    tell on stderr when it takes long
 * Returns 0 or -errno; without symbols the trace is as good, readers look them up themselves.
 * Context: tools.
 */
int ct_resolve(const struct ct_arena *arena, const struct ct_set *code, const struct ct_set *data,
	       struct ct_stream *out, bool progress);

#endif
