/*
 * classify.c - why a thread waited: contention, others, I/O, sleep, or nothing to do.
 *
 * Most of it is told by the operation.  What is not: whether a thread that waits to be told something is kept from working or
 * has nothing to work on.  The rule for idle, in full:
 *
 *   1. poll, select, epoll_wait and accept are idle: an event loop between events.  So is waiting for a signal.
 *   2. A wait on a condition variable, semaphore or futex, for input (read, recv, a message), or for completions (io_getevents,
 *      io_uring), is idle when it is the thread's resting place:
 *        - the thread is not the main thread of its process, and
 *        - among all (object, stack) the thread waited at, this is the one it spent most time at (for input: the stack alone
 *          counts, a worker serves one connection after another), and
 *        - the stack is complete and has at most CT_REST_FRAMES of the program's own frames, start routine included; frames of
 *          libc, libstdc++, the loader and ctrace do not count.  A worker's loop is near its start routine; a wait deep in the
 *          program's logic is a step of some work.
 *
 * Waits for a lock are never idle.  The rule looks at one thread at a time and at nothing but its waits, so that
 * a person can check it by hand; `ctrace threads --help` prints it.
 */
#include "model_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/words.h"
#include "model/classify.h"

/* A thread's time at one place: what rule 2 compares. */
struct rest {
	uint32_t thread, object, stack, cell;
	uint64_t total;
};

static bool is_runtime_path(const char *path)
{
	static const char *const names[] = {"libc.",   "libc-",	      "libpthread", "ld-linux",
					    "ld-2.",   "ld.so",	      "libstdc++",  "libc++",
					    "libgcc_", "libctrace.so"};
	const char *base = strrchr(path, '/');
	size_t i;

	base = base ? base + 1 : path;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(base, names[i], strlen(names[i])))
			return true;
	return !strcmp(base, "[vdso]");
}

bool ct_model_is_runtime(struct ct_model *m, uint64_t frame)
{
	uint32_t module = (uint32_t)(frame >> CT_FRAME_MODULE_SHIFT);
	const char *path;

	if (!module || module == CT_MODULE_TRUNCATED)
		return false;
	if (!m->module_runtime)
		m->module_runtime = calloc(1u << 16, 1);
	if (!m->module_runtime)
		return false;
	if (!m->module_runtime[module]) {
		path = m->tables.module_path ? m->tables.module_path(m->tables.ctx, module) : NULL;
		m->module_runtime[module] = path && is_runtime_path(path) ? 2 : 1;
	}
	return m->module_runtime[module] == 2;
}

/* The program's own frames of a stack; 0 when the stack is not there or was cut. */
static unsigned program_frames(struct ct_model *m, uint32_t stack)
{
	unsigned n = 0, steps = 0;

	while (stack && stack < m->tables.node_count && steps++ < 1024) {
		uint64_t frame = m->tables.nodes[stack].frame;

		if (frame >> CT_FRAME_MODULE_SHIFT == CT_MODULE_TRUNCATED)
			return 0;
		n += !ct_model_is_runtime(m, frame);
		stack = m->tables.nodes[stack].parent;
	}
	return n;
}

static bool takes_input(uint32_t op)
{
	return op == CT_OP_read || op == CT_OP_readv || op == CT_OP_recv || op == CT_OP_recvmsg ||
	       op == CT_OP_stdio_read || op == CT_OP_mq_receive || op == CT_OP_msgrcv;
}

static bool may_rest(uint32_t op)
{
	return op == CT_OP_cond || op == CT_OP_sem || op == CT_OP_futex ||
	       op == CT_OP_io_getevents || op == CT_OP_io_uring || takes_input(op);
}

bool ct_may_rest(struct ct_model *m, uint32_t op, uint32_t stack)
{
	unsigned frames = may_rest(op) ? program_frames(m, stack) : 0;

	return frames && frames <= CT_REST_FRAMES;
}

static bool is_conversation(const char *name)
{
	return name && (!strncmp(name, "socket", 6) || !strncmp(name, "pipe", 4) ||
			!strncmp(name, "tcp", 3) || !strncmp(name, "udp", 3) ||
			!strncmp(name, "unix", 4) || !strncmp(name, "/dev/pts", 8) ||
			!strncmp(name, "/dev/tty", 8) || !strncmp(name, "anon_inode:", 11));
}

static const char *fd_name(const struct ct_model *m, const struct ct_cell *c)
{
	uint32_t name = ct_model_fd(m, c->object, c->op).name;

	return name ? m->tables.string(m->tables.ctx, name) : NULL;
}

static enum ct_why by_operation(const struct ct_model *m, const struct ct_cell *c)
{
	enum ct_op_class class = ct_op_class(c->op);

	if (c->op == CT_OP_accept)
		return CT_WHY_IDLE;
	/* without a record: but a short sleep is a sleep, and a short poll an event loop */
	if (c->op >= CT_OP_FIRST_CALL && c->op != CT_OP_sleep && class != CT_CLASS_POLL &&
	    !c->stack && !ct_model_place(m, c->object)->address)
		return CT_WHY_CALLS;
	switch (class) {
	case CT_CLASS_LOCK:
	case CT_CLASS_FILE_LOCK: return CT_WHY_LOCK;
	case CT_CLASS_SLEEP: return CT_WHY_SLEEP;
	case CT_CLASS_POLL:
	case CT_CLASS_SIGNAL: return CT_WHY_IDLE;
	case CT_CLASS_AIO: return CT_WHY_IO;
	/* who reads from a pipe or socket waits for somebody to write; who writes, for the kernel to take it */
	case CT_CLASS_IO:
		return takes_input(c->op) && is_conversation(fd_name(m, c)) ? CT_WHY_OTHERS
									    : CT_WHY_IO;
	case CT_CLASS_NET:
		return takes_input(c->op) || c->op == CT_OP_connect ? CT_WHY_OTHERS : CT_WHY_IO;
	default: return CT_WHY_OTHERS;
	}
}

static int by_rest(const void *a, const void *b)
{
	const struct rest *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return (x->stack > y->stack) - (x->stack < y->stack);
}

/* The cells [first, end) are one thread's: make its resting place idle. */
static void find_rest(struct ct_model *m, const struct rest *r, uint32_t n)
{
	uint32_t i, end, best = 0, best_end = 0;
	uint64_t most = 0, sum;

	if (ct_model_thread_at(m, r[0].thread)->main)
		return;
	for (i = 0; i < n; i = end) {
		sum = 0;
		for (end = i; end < n && r[end].object == r[i].object && r[end].stack == r[i].stack;
		     end++)
			sum += r[end].total;
		if (sum > most) {
			most = sum;
			best = i;
			best_end = end;
		}
	}
	for (i = best; i < best_end; i++) {
		struct ct_cell *c = ct_model_cell(m, r[i].cell);

		if (ct_may_rest(m, c->op, c->stack))
			c->why = CT_WHY_IDLE;
	}
}

int ct_classify(struct ct_model *m)
{
	struct rest *r = calloc(m->cells.count + 1u, sizeof(*r));
	uint32_t i, n = 0, end;

	if (!r)
		return -ENOMEM;
	for (i = 0; i < m->cells.count; i++) {
		struct ct_cell *c = ct_model_cell(m, i);

		c->why = (uint16_t)by_operation(m, c);
		if (!c->stack && c->op >= CT_OP_FIRST_CALL)
			continue; /* calls without a record: no wait to rest in */
		r[n++] = (struct rest){c->thread, takes_input(c->op) ? CT_NONE : c->object,
				       c->stack, i, ct_cell_total(c)};
	}
	qsort(r, n, sizeof(*r), by_rest);
	for (i = 0; i < n; i = end) {
		for (end = i; end < n && r[end].thread == r[i].thread;)
			end++;
		find_rest(m, &r[i], end - i);
	}
	free(r);
	return 0;
}
