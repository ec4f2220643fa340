/*
 * go_ops.h - what a wait is in a Go trace: blocked for one of the reasons of Go's own runtime, in a system call, or yielding.
 *
 * `go tool trace` sorts by the text of a reason: its network profile takes `network`, its synchronization profile what contains `sync`, `chan` or
 * `select`, and its system call profile system calls.  Viewers colour only the texts they know.  So no others are written, and what was waited in is told by
 * the innermost frame of the stack.
 */
#ifndef CT_VIEWS_GO_OPS_H
#define CT_VIEWS_GO_OPS_H

#include "model/model.h"

enum ct_go_how { CT_GO_BLOCKS, CT_GO_CALLS, CT_GO_YIELDS };

struct ct_go_op {
	enum ct_go_how how;
	const char *reason; /* of CT_GO_BLOCKS and CT_GO_YIELDS */
};

/*
 * ct_go_op - how the waits of a cell are told
 * @cell: CT_NONE: only the operation is known
 * Context: tools.
 */
struct ct_go_op ct_go_op(const struct ct_model *m, uint32_t op, uint32_t cell);

/*
 * ct_go_op_function - the function a thread waits in, and the one that ends such a wait
 * Context: tools.
 */
const char *ct_go_op_function(uint32_t op, bool wake);

#endif
