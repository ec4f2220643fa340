/*
 * go_stacks.h - stacks and frames of a trace in the form that a Go trace has them.
 *
 * A frame of ours may be several lines (functions compiled into others), and readers of Go traces know a frame by its pc: so each different (function,
 * file, line) gets a pc that nothing else has.
 */
#ifndef CT_VIEWS_GO_STACKS_H
#define CT_VIEWS_GO_STACKS_H

#include "views/analyze/view.h"
#include "views/export/go_wire.h"

/* Stacks that are not of an operation. */
enum { CT_GO_PREEMPTED = 254, CT_GO_OUTSIDE = 255 };

struct ct_go_stacks {
	struct ct_view *v;
	struct ct_go_wire *wire;
	struct ct_table lines;	/* (function, file, line); the row is the pc */
	struct ct_table frames; /* frame -> its lines */
	uint32_t *of_frames;	/* rows of lines */
	uint32_t of_frames_n, of_frames_room;
	bool failed;
};

/*
 * ct_go_stacks_init, ct_go_stacks_free
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_go_stacks_init(struct ct_go_stacks *s, struct ct_view *v);
void ct_go_stacks_free(struct ct_go_stacks *s);

/*
 * ct_go_stack_key - of a stack whose innermost frame is the function of an operation
 * @stack: 0: only that frame
 * Context: tools; no allocation.
 */
static inline uint64_t ct_go_stack_key(uint32_t stack, uint32_t op, bool wake)
{
	return (uint64_t)wake << 40 | (uint64_t)(op & 255) << 32 | stack | 1ull << 41;
}

/*
 * ct_go_start_key - of the start of a thread: its routine, which is what the goroutine is called by
 * Context: tools.
 */
uint64_t ct_go_start_key(struct ct_go_stacks *s, const struct ct_thread *t);

/* ct_go_plain_key - of a stack as it is; 0 for stack 0 */
static inline uint64_t ct_go_plain_key(uint32_t stack)
{
	return stack ? 1ull << 42 | stack : 0;
}

/* ct_go_stack_frames - the frames of a key: for struct ct_go_wire_options */
size_t ct_go_stack_frames(void *stacks, uint64_t key, struct ct_go_frame frame[CT_GO_FRAMES_MAX]);

#endif
