/*
 * stack.h - the stack of the calling thread as one number.
 */
#ifndef CT_CAPTURE_STACK_H
#define CT_CAPTURE_STACK_H

#include "capture/dict.h"

#define CT_STACK_FRAMES 128 /* deeper stacks keep the innermost ones and are marked truncated */

/*
 * One for each thread: what the thread's last stacks looked like, and scratch.  The memory is the
 * caller's, aligned to 16 and zeroed at first.  Another thread of the same process may go on with
 * it after ct_stack_cache_adopt; another process, or the same one after exec, needs it zeroed.  A
 * forked child may keep its copy, but must not share one with its parent.
 */
#define CT_STACK_CACHE_BYTES 24576
struct ct_stack_cache;

/*
 * The stack this thread is known to run on: every address in [lo, hi) from the current stack
 * pointer upwards can be read.  lo = hi = 0 when it is not known.  With the stack pointer
 * elsewhere (coroutine, alternate signal stack) only the page it points into is read, and the
 * known stack again when a frame leads back there.
 */
struct ct_stack_bounds {
	uintptr_t lo, hi;
};

/**
 * ct_stack_cache_adopt - take over the cache of a thread that is gone, whatever it was doing.
 * Context: any thread, any signal; no allocation, no libc.
 */
void ct_stack_cache_adopt(struct ct_stack_cache *cache);

/**
 * ct_stack_capture - the id of the stack of whoever calls this.
 *
 * Frames of the object named as own to ct_module_init are left out.  A stack that could not be
 * followed to its end has a pseudo frame of module CT_MODULE_TRUNCATED outermost.
 * Returns 0 when nothing is known or the dictionary is full.
 * Uses at most 512 bytes of stack.
 * Context: any thread, any signal; no allocation, no libc.
 */
uint32_t ct_stack_capture(struct ct_dict *dict, struct ct_stack_cache *cache,
			  const struct ct_stack_bounds *bounds);

#endif
