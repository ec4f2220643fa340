/*
 * unreached_rows.c - rows of the process table: those that the preloaded object wrote itself, and those that are written for it.
 */
#include "unreached_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/filter.h"
#include "run/outside.h"

const char *ct_unreached_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static uint32_t text_id(const struct ct_unreached *u, const char *text)
{
	return ct_dict_string(&u->reap->store->arena.dict, text, strlen(text));
}

/* Arguments joined by spaces. */
static uint32_t read_arguments(const struct ct_unreached *u, const struct ct_unreached_process *p)
{
	char path[64], line[1024];
	ssize_t n, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, line, sizeof(line) - 1) : 0;
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return text_id(u, p->arguments ? p->arguments : ct_unreached_base(p->exe));
	for (i = 0; i < n; i++)
		if (!line[i])
			line[i] = ' ';
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = 0;
	return text_id(u, line);
}

/* The newest row of a process that runs, NULL none. */
static const struct ct_process_rec *newest_row(const struct ct_unreached *u, pid_t pid)
{
	const struct ct_reap *r = u->reap;
	size_t i;

	for (i = r->count; i-- > 0;)
		if (r->watched[i].trusted && !r->watched[i].ended && r->watched[i].pid == pid)
			return &r->store->arena.processes[r->watched[i].index];
	return NULL;
}

/* Has the object that is in it written a row for what it executes now? */
bool ct_unreached_has_row(const struct ct_unreached *u, const struct ct_unreached_process *p)
{
	const struct ct_process_rec *row = newest_row(u, p->pid);
	const struct ct_arena *a = &u->reap->store->arena;

	if (!row || (row->flags & CT_PROC_UNREACHED))
		return false;
	if (p->executed_ns && row->begin_ticks < ct_sched_ticks(u->sched, p->executed_ns))
		return false;
	return !p->exe || !row->exe || row->exe > a->dict.string_cap ||
	       !strcmp(a->dict.strings + row->exe - 1, p->exe);
}

static uint64_t row_begin(const struct ct_unreached *u, const struct ct_unreached_process *p,
			  bool forked)
{
	uint64_t ns = forked ? p->made_ns : p->executed_ns;

	return ns ? ct_sched_ticks(u->sched, ns) : ct_now();
}

/* A row of ours in the process table; false: it is full. */
static bool make_row(struct ct_unreached *u, struct ct_unreached_process *p)
{
	struct ct_arena *a = &u->reap->store->arena;
	struct ct_region *r = ct_arena_region(a->header, CT_REGION_PROCESSES);
	uint64_t limit = atomic_load(&a->shared->limit[CT_REGION_PROCESSES]);
	uint64_t i = atomic_load(&r->used);
	pid_t ppid = ct_outside_parent(p->pid);
	const struct ct_unreached_process *parent =
		ppid ? ct_unreached_find_process(u, ppid) : NULL;
	bool forked = parent && parent->state == CT_OUT && !p->executed_ns && parent->exe &&
		      !strcmp(parent->exe, p->exe);
	struct ct_process_rec *row;

	p->forked = forked;
	if (i < limit)
		i = atomic_fetch_add(&r->used, 1);
	if (i >= limit)
		return false;
	row = &a->processes[i];
	row->pid = (uint32_t)p->pid;
	row->ppid = ppid ? (uint32_t)ppid : (uint32_t)getpid();
	row->forked_from = forked ? parent->row : 0;
	row->begin_ticks = row_begin(u, p, forked);
	row->exit_status = CT_EXIT_UNKNOWN;
	row->exe = text_id(u, p->exe);
	row->cmdline = read_arguments(u, p);
	row->flags = CT_PROC_UNREACHED;
	if (!ct_filter_wants(a->shared->filter, ct_unreached_base(p->exe)))
		row->flags |= CT_PROC_LEFT_OUT;
	row->pid_namespace = forked ? 0 : u->reap->namespace;
	atomic_store_explicit(&row->state, CT_PROC_LIVE, memory_order_release);
	p->row = (uint32_t)i + 1;
	p->state = row->flags & CT_PROC_LEFT_OUT ? CT_LEFT : CT_OUT;
	return true;
}

static void tell(struct ct_unreached *u, struct ct_unreached_process *p)
{
	if (u->told_n == u->told_room) {
		size_t room = u->told_room ? u->told_room * 2 : 16;
		struct ct_unreached_told *rows = realloc(u->told, room * sizeof(*rows));

		if (!rows)
			return;
		u->told = rows;
		u->told_room = room;
	}
	u->told[u->told_n++] = (struct ct_unreached_told){p->row - 1, p->what, p->missed};
	p->told = u->told_n;
	p->missed = 0;
}

void ct_unreached_count_missed(struct ct_unreached *u, struct ct_unreached_process *p)
{
	if (p->told)
		u->told[p->told - 1].missed++;
	else
		p->missed++;
}

void ct_unreached_go_out(struct ct_unreached *u, struct ct_unreached_process *p, const char *what)
{
	p->what = what;
	if ((u->no_follow && (uint32_t)p->pid != u->reap->store->arena.shared->root_pid) ||
	    !make_row(u, p)) {
		p->state = CT_LEFT;
		return;
	}
	if (p->state != CT_OUT)
		return;
	tell(u, p);
	ct_unreached_begin_thread(u, p, (uint32_t)p->pid);
	p->stirred = true;
}
