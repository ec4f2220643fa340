/*
 * kinds.c - see kinds.h.
 */
#include "views/profile/kinds.h"

#include <string.h>

#include "file/words.h"

static const char *const names[CT_PROFILES] = {"net", "sync", "syscall", "sched", "lock", "offcpu"};

const char *ct_profile_name(enum ct_profile_kind kind)
{
	return kind < CT_PROFILES ? names[kind] : "none";
}

enum ct_profile_kind ct_profile_find(const char *name)
{
	unsigned i;

	for (i = 0; i < CT_PROFILES; i++)
		if (!strcmp(names[i], name))
			break;
	return (enum ct_profile_kind)i;
}

static const char *fd_name(const struct ct_model *m, uint32_t op, uint32_t cell)
{
	const struct ct_cell *c = cell == CT_NONE ? NULL : ct_model_cell(m, cell);
	struct ct_fd_known known = {0, 0, false};
	const char *name;

	if (c && ct_model_place(m, c->object)->kind == CT_KIND_FD)
		known = ct_model_fd(m, c->object, op);
	name = known.name && m->tables.string ? m->tables.string(m->tables.ctx, known.name) : NULL;
	return name ? name : "";
}

/* What has an end that another thread, process or host holds; files are the kernel's alone, and so is what nobody told the name of. */
static enum ct_profile_kind of_descriptor(const char *name)
{
	static const struct {
		const char *begins;
		enum ct_profile_kind kind;
	} kinds[] = {{"socket", CT_PROFILE_NET},
		     {"pipe", CT_PROFILE_NET},
		     {"tcp", CT_PROFILE_NET},
		     {"udp", CT_PROFILE_NET},
		     {"unix", CT_PROFILE_NET},
		     {"anon_inode:[eventfd", CT_PROFILE_SYNC},
		     {"anon_inode:[timerfd", CT_PROFILE_NONE}};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(name, kinds[i].begins, strlen(kinds[i].begins)))
			return kinds[i].kind;
	return CT_PROFILE_SYSCALL;
}

enum ct_profile_kind ct_profile_of(const struct ct_model *m, uint32_t op, uint32_t cell)
{
	if (op < CT_OP_FIRST_CALL)
		return CT_PROFILE_SYNC;
	if (op == CT_OP_yield) /* ready all the time, and without a CPU */
		return CT_PROFILE_SCHED;
	switch (ct_op_class(op)) {
	case CT_CLASS_LOCK:
	case CT_CLASS_FILE_LOCK:
	case CT_CLASS_IPC:
	case CT_CLASS_QUEUE: return CT_PROFILE_SYNC;
	case CT_CLASS_NET:
	case CT_CLASS_POLL:
	case CT_CLASS_RESOLVE: return CT_PROFILE_NET;
	case CT_CLASS_SLEEP:
	case CT_CLASS_SIGNAL: return CT_PROFILE_NONE;
	case CT_CLASS_IO: return of_descriptor(fd_name(m, op, cell));
	default: return CT_PROFILE_SYSCALL;
	}
}
