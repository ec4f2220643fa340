/*
 * go_ops.c - see go_ops.h.
 */
#include "views/export/go_ops.h"

#include <string.h>

#include "file/words.h"

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static struct ct_go_op blocks(const char *reason)
{
	return (struct ct_go_op){CT_GO_BLOCKS, reason};
}

/* Reading and writing: of what?  Files are system calls, and so is what nobody told the name of. */
static struct ct_go_op input_output(const struct ct_model *m, uint32_t op, uint32_t cell)
{
	static const struct ct_go_op call = {CT_GO_CALLS, NULL};
	const struct ct_cell *c = cell == CT_NONE ? NULL : ct_model_cell(m, cell);
	struct ct_fd_known known = {0, 0, false};
	const char *name;

	if (c && ct_model_place(m, c->object)->kind == CT_KIND_FD)
		known = ct_model_fd(m, c->object, op);
	name = known.name && m->tables.string ? m->tables.string(m->tables.ctx, known.name) : NULL;
	if (!name)
		return call;
	if (begins(name, "socket") || begins(name, "tcp") || begins(name, "udp") ||
	    begins(name, "unix") || begins(name, "pipe:"))
		return blocks("network");
	if (begins(name, "anon_inode:[eventfd"))
		return blocks("chan receive");
	if (begins(name, "anon_inode:[timerfd"))
		return blocks("sleep");
	return call;
}

struct ct_go_op ct_go_op(const struct ct_model *m, uint32_t op, uint32_t cell)
{
	switch (op) {
	case CT_OP_cond: return blocks("sync.(*Cond).Wait");
	case CT_OP_yield: return (struct ct_go_op){CT_GO_YIELDS, "runtime.Gosched"};
	case CT_OP_msgsnd:
	case CT_OP_mq_send: return blocks("chan send");
	case CT_OP_msgrcv:
	case CT_OP_mq_receive: return blocks("chan receive");
	default: break;
	}
	switch (ct_op_class(op)) {
	case CT_CLASS_LOCK:
	case CT_CLASS_SEM:
	case CT_CLASS_BARRIER:
	case CT_CLASS_ONCE:
	case CT_CLASS_JOIN:
	case CT_CLASS_FUTEX:
	case CT_CLASS_FILE_LOCK:
	case CT_CLASS_IPC: return blocks("sync");
	case CT_CLASS_NET:
	case CT_CLASS_POLL:
	case CT_CLASS_RESOLVE: return blocks("network");
	case CT_CLASS_SLEEP:
	case CT_CLASS_SIGNAL: return blocks("sleep");
	case CT_CLASS_IO: return input_output(m, op, cell);
	default: return (struct ct_go_op){CT_GO_CALLS, NULL};
	}
}

const char *ct_go_op_function(uint32_t op, bool wake)
{
	static const struct {
		uint32_t op;
		const char *wait, *wake;
	} known[] = {
		{CT_OP_mutex, "pthread_mutex_lock", "pthread_mutex_unlock"},
		{CT_OP_rwlock_read, "pthread_rwlock_rdlock", "pthread_rwlock_unlock"},
		{CT_OP_rwlock_write, "pthread_rwlock_wrlock", "pthread_rwlock_unlock"},
		{CT_OP_spin, "pthread_spin_lock", "pthread_spin_unlock"},
		{CT_OP_cond, "pthread_cond_wait", "pthread_cond_signal"},
		{CT_OP_sem, "sem_wait", "sem_post"},
		{CT_OP_barrier, "pthread_barrier_wait", "pthread_barrier_wait"},
		{CT_OP_once, "pthread_once", "pthread_once"},
		{CT_OP_join, "pthread_join", "pthread_exit"},
		{CT_OP_futex, "futex_wait", "futex_wake"},
		{CT_OP_sleep, "nanosleep", NULL},
		{CT_OP_yield, "sched_yield", NULL},
		{CT_OP_process, "waitpid", NULL},
		{CT_OP_resolve, "getaddrinfo", NULL},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].op == op)
			return wake && known[i].wake ? known[i].wake : known[i].wait;
	return ct_op_key(op);
}
