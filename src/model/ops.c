/*
 * ops.c - operations as kinds of objects, and words for operations that may be of a later version.
 */
#include "model.h"

#include "file/words.h"

const char *ct_op_say(uint32_t op)
{
	const char *label = ct_op_label(op);

	return label ? label : "unknown operation";
}

const char *ct_op_key(uint32_t op)
{
	const char *name = ct_op_name(op);

	return name ? name : "unknown";
}

enum ct_kind ct_kind_of(uint32_t op)
{
	switch (op) {
	case CT_OP_mutex: return CT_KIND_MUTEX;
	case CT_OP_rwlock_read:
	case CT_OP_rwlock_write: return CT_KIND_RWLOCK;
	case CT_OP_spin: return CT_KIND_SPIN;
	case CT_OP_cond: return CT_KIND_COND;
	case CT_OP_sem: return CT_KIND_SEM;
	case CT_OP_barrier: return CT_KIND_BARRIER;
	case CT_OP_once: return CT_KIND_ONCE;
	case CT_OP_join: return CT_KIND_THREAD;
	case CT_OP_futex: return CT_KIND_FUTEX;
	case CT_OP_sleep: return CT_KIND_SLEEP;
	case CT_OP_yield: return CT_KIND_CALL;
	case CT_OP_poll:
	case CT_OP_select: return CT_KIND_POLL;
	default: break;
	}
	switch (ct_op_class(op)) {
	case CT_CLASS_RESOLVE:
	case CT_CLASS_PROCESS:
	case CT_CLASS_SIGNAL: return CT_KIND_CALL;
	case CT_CLASS_IPC: return CT_KIND_IPC;
	default: return ct_op_has_fd(op) ? CT_KIND_FD : CT_KIND_OTHER;
	}
}
