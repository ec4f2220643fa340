/*
 * fds.c - names of descriptors.
 *
 * They are looked up from outside, mostly after the wait, when the number may be another file's already.  So a name that contradicts what was done
 * on the number is not its name; and one that was found only once is not sure, nor is one that contradicts anything else done on the number.
 */
#include "model_int.h"

#include <string.h>

#include "file/words.h"

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* What an operation can only be done on. */
#define NEEDS_SOCKET 1u
#define NEEDS_PATH   2u
#define NEEDS_QUEUE  4u
#define NEEDS_EPOLL  8u
#define NEEDS_URING  16u

uint32_t ct_fd_needs(uint32_t op)
{
	switch (op) {
	case CT_OP_epoll_wait: return NEEDS_EPOLL;
	case CT_OP_io_uring: return NEEDS_URING;
	case CT_OP_pread:
	case CT_OP_pwrite:
	case CT_OP_fsync:
	case CT_OP_allocate:
	case CT_OP_file_lock: return NEEDS_PATH;
	default: break;
	}
	switch (ct_op_class(op)) {
	case CT_CLASS_NET: return NEEDS_SOCKET;
	case CT_CLASS_QUEUE: return NEEDS_QUEUE;
	default: return 0;
	}
}

/* A name of no kind that is known contradicts nothing. */
static bool contradicts(const char *name, uint32_t needs)
{
	if (begins(name, "pipe:"))
		return needs != 0;
	if (begins(name, "socket") || begins(name, "tcp") || begins(name, "udp") ||
	    begins(name, "unix"))
		return needs & ~NEEDS_SOCKET;
	if (begins(name, "anon_inode:"))
		return needs & ~(NEEDS_EPOLL | NEEDS_URING);
	if (name[0] == '/')
		return needs & ~(NEEDS_PATH | NEEDS_QUEUE);
	return false;
}

struct ct_fd_known ct_model_fd(const struct ct_model *m, uint32_t object, uint32_t op)
{
	struct ct_fd_known known = {0, 0, false};
	uint32_t i, last = 0;
	const char *name;

	for (i = m->objects[object].names; i;) {
		const struct ct_fd_name *f = ct_pool_at(&m->fd_names, i - 1);
		const char *text =
			m->tables.string ? m->tables.string(m->tables.ctx, f->name) : NULL;

		i = f->next;
		if (!text || contradicts(text, ct_fd_needs(op))) {
			last = 0;
			continue;
		}
		if (!known.name)
			known.name = f->name;
		else if (f->name == known.name && last == known.name)
			known.sure |= !known.earlier;
		else if (f->name != last)
			known.earlier++;
		last = f->name;
	}
	name = known.name ? m->tables.string(m->tables.ctx, known.name) : NULL;
	if (name && contradicts(name, m->objects[object].needs))
		known.sure = false;
	return known;
}
