/*
 * go_ops.c - see go_ops.h.
 */
#include "views/export/go_ops.h"

#include "file/words.h"
#include "views/profile/kinds.h"

struct ct_go_op ct_go_op(const struct ct_model *m, uint32_t op, uint32_t cell)
{
	enum ct_profile_kind kind = ct_profile_of(m, op, cell);
	const char *reason = "sync";

	switch (op) {
	case CT_OP_cond: reason = "sync.(*Cond).Wait"; break;
	case CT_OP_msgsnd:
	case CT_OP_mq_send: reason = "chan send"; break;
	case CT_OP_msgrcv:
	case CT_OP_mq_receive: reason = "chan receive"; break;
	default:
		if (ct_op_class(op) == CT_CLASS_IO) /* of an eventfd */
			reason = "chan receive";
		break;
	}
	switch (kind) {
	case CT_PROFILE_SYNC: return (struct ct_go_op){CT_GO_BLOCKS, reason};
	case CT_PROFILE_NET: return (struct ct_go_op){CT_GO_BLOCKS, "network"};
	case CT_PROFILE_SCHED: return (struct ct_go_op){CT_GO_YIELDS, "runtime.Gosched"};
	case CT_PROFILE_NONE: return (struct ct_go_op){CT_GO_BLOCKS, "sleep"};
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
