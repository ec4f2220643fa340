/*
 * fds.c - see fds.h.
 *
 * /proc/PID/fd/N says "pipe:[inode]", "socket:[inode]" or a path; what a socket is connected to, sockets.c finds out.  As long as the
 * link says the same, the descriptor is the same, and a second look costs one system call.
 */
#include "fds.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"
#include "file/words.h"

#define SOON_MS	 20   /* from the first look to the second */
#define AGAIN_MS 1000 /* to each later one */

/* --- one descriptor ------------------------------------------------------------------------------------------------------------------ */

static int read_link(uint32_t pid, uint32_t fd, char *to, size_t room)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/fd/%u", pid, fd);
	n = readlink(path, to, room - 1);
	if (n < 0)
		return -errno;
	to[n] = 0;
	return 0;
}

static uint32_t now_ms(void)
{
	struct timespec ts;
	uint32_t ms;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	ms = (uint32_t)(ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
	return ms ? ms : 1;
}

static uint64_t text_hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return h;
}

/* The name of what a link says; NULL: a socket that is not in the tables yet. */
static const char *describe(struct ct_fds *f, uint32_t pid, const char *link, uint64_t second)
{
	unsigned long inode = 0;

	if (sscanf(link, "socket:[%lu]", &inode) == 1)
		return ct_sockets_name(&f->sockets, pid, inode, second);
	return link;
}

static void tell(struct ct_fds *f, uint32_t process, uint32_t fd, uint32_t name)
{
	uint64_t v[CT_FIELDS_MAX] = {0};

	v[CT_F_fd_process] = process;
	v[CT_F_fd_fd] = fd;
	v[CT_F_fd_name] = name;
	ct_emit(f->slot, CT_EV_fd, v, ct_now());
}

/* The thread whose slot it is: is it still in this wait? */
static bool is_in(const struct ct_slot *s, uint64_t start)
{
	return atomic_load(&s->inflight.op) && s->inflight.start_ticks == start;
}

/*
 * @blocked: a thread that waits on it now, since @start; NULL: one did
 * Returns whether there is nothing more to find out for now.
 */
static bool look(struct ct_fds *f, uint32_t process, uint32_t fd, const struct ct_slot *blocked,
		 uint64_t start)
{
	uint64_t key = ((uint64_t)process << 32 | fd) + 1;
	struct ct_set_row *name = ct_set_at(&f->names, key, NULL),
			  *row = ct_set_at(&f->seen, key, NULL);
	uint32_t pid, now, hash;
	const char *text;
	char link[512] = "";

	if (!row || !name || !f->slot)
		return true;
	now = now_ms();
	if ((uint32_t)row->value && !(blocked && !(name->value & 1)) &&
	    now - (uint32_t)row->value < (name->value & 1 ? AGAIN_MS : SOON_MS))
		return true;
	pid = (uint32_t)ct_reap_pid(f->reap, process);
	if (!pid || read_link(pid, fd, link, sizeof(link)) < 0)
		return false;
	if (blocked && !is_in(blocked, start))
		blocked = NULL;
	hash = (uint32_t)(text_hash(link) >> 32);
	if (row->value >> 32 == hash && name->value) {
		if (!(name->value & 1))
			tell(f, process, fd, (uint32_t)(name->value >> 1));
		name->value |= 1;
	} else {
		text = describe(f, pid, link, now / 1000);
		name->value = 0;
		if (text)
			name->value =
				(uint64_t)ct_dict_string(&f->store->arena.dict, text, strlen(text))
				<< 1;
		else
			hash = 0; /* and look again */
		if (name->value)
			tell(f, process, fd, (uint32_t)(name->value >> 1));
		if (name->value && blocked) {
			tell(f, process, fd, (uint32_t)(name->value >> 1));
			name->value |= 1;
		}
	}
	row->value = (uint64_t)hash << 32 | now;
	return name->value != 0;
}

void ct_fds_seen(struct ct_fds *f, uint32_t process, uint32_t fd)
{
	look(f, process, fd, NULL, 0);
}

/* By slot the start of the last wait that was looked at: most go on from tick to tick. */
static uint64_t *start_at(struct ct_fds *f, uint32_t slot)
{
	uint64_t *starts;
	uint32_t n = f->starts_n;

	if (slot < n)
		return &f->starts[slot];
	n = slot * 2 + 64;
	starts = realloc(f->starts, n * sizeof(*starts));
	if (!starts)
		return NULL;
	memset(starts + f->starts_n, 0, (n - f->starts_n) * sizeof(*starts));
	f->starts = starts;
	f->starts_n = n;
	return &starts[slot];
}

void ct_fds_blocked(struct ct_fds *f, const struct ct_slot *s)
{
	uint32_t op = atomic_load_explicit(&s->inflight.op, memory_order_acquire);
	uint64_t start = s->inflight.start_ticks, object = s->inflight.object, *last;

	if (!op || !ct_op_has_fd(op) || !object)
		return;
	last = start_at(f, s->index);
	if (last && *last != start && is_in(s, start) &&
	    look(f, s->process, (uint32_t)(object - 1), s, start))
		*last = start;
}

void ct_fds_free(struct ct_fds *f)
{
	ct_set_free(&f->seen);
	ct_set_free(&f->names);
	ct_sockets_free(&f->sockets);
	free(f->starts);
}
