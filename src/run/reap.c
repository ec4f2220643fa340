/*
 * reap.c - see reap.h.
 *
 * A process that ends, by whatever, writes nothing about it; so its slots are put in order from here, with the recorder's own functions, once
 * nobody else can be writing in them.  That makes it vital not to mistake a living process for a dead one: a process in another pid
 * namespace writes a pid that is somebody else's here, or nobody's.  It is believed only when its namespace is ours, or when it was forked by one that is
 * believed and names it as its parent, or is seen to have the arena mapped, or found under /proc by its namespace; the others are left alone
 * until nobody has it mapped.
 */
#include "reap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/capture.h"
#include "file/namespace.h"
#include "run/ending.h"
#include "run/maps.h"
#include "run/outside.h"

#define OUTSIDE_LOOKS 8 /* how often a process of another namespace is looked for */
#define PID_ROUND_NS                                                                               \
	100000000 /* within this time no number is given out twice: the kernel goes through all others first */

int ct_reap_open(struct ct_reap *r, struct ct_store *store)
{
	struct stat st;

	memset(r, 0, sizeof(*r));
	r->store = store;
	r->namespace = stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
	r->ends = epoll_create1(EPOLL_CLOEXEC);
	return 0;
}

/* --- slots of the dead ---------------------------------------------------------------------------------------------------------------- */

void ct_reap_keep(struct ct_reap *r, const struct ct_slot *s)
{
	if (r->last_words_count == r->last_words_room) {
		size_t room = r->last_words_room ? r->last_words_room * 2 : 16;
		struct ct_slot *rows = realloc(r->last_words, room * sizeof(*rows));

		if (!rows)
			return;
		r->last_words = rows;
		r->last_words_room = room;
	}
	r->last_words[r->last_words_count++] = *s;
}

/* No thread outlives its process, whose end its parent may have told before we came to look. */
static uint64_t end_of_process(const struct ct_reap *r, uint32_t process)
{
	const struct ct_arena *a = &r->store->arena;

	return process < atomic_load(&a->shared->limit[CT_REGION_PROCESSES])
		       ? atomic_load(&a->processes[process].end_ticks)
		       : 0;
}

void ct_reap_bury(struct ct_reap *r, struct ct_slot *s, uint64_t ticks)
{
	if (!ticks)
		ticks = end_of_process(r, s->process);
	if (atomic_load(&s->inflight.op))
		ct_reap_keep(r, s);
	if (atomic_exchange(&ct_own(s)->unended, 0))
		atomic_fetch_sub(&r->store->arena.shared->unended, 1);
	ct_slot_bury_at(s, ticks ? ticks : ct_now());
}

static uint64_t slots_backed(const struct ct_store *s)
{
	return atomic_load(&s->arena.shared->limit[CT_REGION_SLOTS]);
}

/* Threads that nobody of ours saw the end of, in processes that live on. */
static void bury_left(struct ct_reap *r)
{
	struct ct_arena *a = &r->store->arena;
	uint64_t n = slots_backed(r->store), i;

	if (!atomic_load(&a->shared->unended))
		return;
	for (i = 0; i < n; i++) {
		struct ct_slot *s = ct_arena_slot(a, (uint32_t)i);

		if (!atomic_load(&ct_own(s)->unended) || s->process >= r->count ||
		    !ct_reap_numbers(r, s->process) || r->watched[s->process].ended)
			continue;
		/* the pid may be another process's by now, but then this one has ended and is buried whole */
		if (ct_slot_is_left(s, a->processes[s->process].pid))
			ct_slot_bury(s);
	}
}

/* @ticks: when it ended; 0: now */
static void bury(struct ct_reap *r, uint32_t process, uint64_t ticks)
{
	struct ct_process_rec *p = &r->store->arena.processes[process];
	uint64_t n = slots_backed(r->store), i, none = 0;

	/* first, and not when its parent has: its threads end with it */
	atomic_compare_exchange_strong(&p->end_ticks, &none, ticks ? ticks : ct_now());
	for (i = 0; i < n; i++) {
		struct ct_slot *s = ct_arena_slot(&r->store->arena, (uint32_t)i);

		if (atomic_load(&s->state) == CT_SLOT_CLAIMED && s->process == process && s->thread)
			ct_reap_bury(r, s, ticks);
	}
	atomic_store(&p->state, CT_PROC_ENDED);
}

/* --- processes ---------------------------------------------------------------------------------------------------------------------------- */

/* A process of that number here has our arena mapped, so it is the one that wrote the row. */
static bool maps_arena(const struct ct_reap *r, pid_t pid)
{
	struct ct_maps maps;
	struct ct_map map;
	bool found = false;

	if (!ct_maps_open(&maps, pid))
		return false;
	while (!found && ct_maps_next(&maps, &map))
		found = strstr(map.path, r->store->path) != NULL;
	ct_maps_close(&maps);
	return found;
}

/* Its pid in our namespace; 0 when that cannot be told. */
static pid_t find_pid(const struct ct_reap *r, uint32_t index)
{
	const struct ct_process_rec *p = &r->store->arena.processes[index];
	uint64_t namespace = ct_process_namespace(r->store->arena.processes, index);
	uint32_t parent = p->forked_from;
	pid_t pid;

	if (!r->namespace)
		return 0;
	if (!namespace && parent && parent - 1 < r->count && r->watched[parent - 1].trusted) {
		/* the first one of a new namespace: of which, only its next image could tell */
		pid = ct_outside_child(r->watched[parent - 1].pid, p->pid);
		return pid && maps_arena(r, pid) ? pid : 0;
	}
	if (!namespace)
		return 0;
	if (namespace != r->namespace) {
		pid = ct_outside_find(namespace, p->pid);
		return pid && maps_arena(r, pid) ? pid : 0;
	}
	if (!parent)
		return (pid_t)p->pid;
	if (parent - 1 >= r->count || !r->watched[parent - 1].trusted)
		return 0;
	/* an orphan, as every daemon is, has another parent by the time of its first event */
	if (r->store->arena.processes[parent - 1].pid == p->ppid || maps_arena(r, (pid_t)p->pid))
		return (pid_t)p->pid;
	return 0;
}

pid_t ct_reap_pid(const struct ct_reap *r, uint32_t process)
{
	if (process < r->count)
		return r->watched[process].trusted ? r->watched[process].pid : 0;
	if (!r->namespace ||
	    ct_process_namespace(r->store->arena.processes, process) != r->namespace)
		return 0;
	return (pid_t)r->store->arena.processes[process].pid;
}

bool ct_reap_numbers(const struct ct_reap *r, uint32_t process)
{
	return process < r->count && r->watched[process].trusted &&
	       r->watched[process].pid == (pid_t)r->store->arena.processes[process].pid &&
	       ct_process_namespace(r->store->arena.processes, process) == r->namespace;
}

static void close_pidfd(struct ct_watched *w)
{
	if (w->pidfd >= 0)
		close(w->pidfd);
	w->pidfd = -1;
}

static void set_status(const struct ct_reap *r, const struct ct_watched *w, uint32_t status)
{
	uint32_t unknown = CT_EXIT_UNKNOWN;

	atomic_compare_exchange_strong(&r->store->arena.processes[w->index].exit_status, &unknown,
				       status);
}

/* Buried when it has ended; asked again, for how, until somebody has waited for it. */
static void look_at(struct ct_reap *r, struct ct_watched *w)
{
	uint32_t status;
	enum ct_ending end;

	if (w->pidfd >= 0)
		end = ct_ending_of(w->pidfd, w->pid, &status);
	else /* no descriptor to spare for it: ask by number */
		end = kill(w->pid, 0) < 0 && errno == ESRCH ? CT_ENDING_UNKNOWN : CT_ENDING_NOT;
	if (end == CT_ENDING_NOT) {
		w->alive = ct_now();
		return;
	}
	if (end == CT_ENDING_KNOWN)
		set_status(r, w, status);
	if (!w->ended) {
		w->ended = true;
		/* else it would be ready for ever */
		if (w->pidfd >= 0)
			epoll_ctl(r->ends, EPOLL_CTL_DEL, w->pidfd, NULL);
		bury(r, w->index, 0);
	}
	w->waiting = end == CT_ENDING_WAITING;
	if (!w->waiting)
		close_pidfd(w);
}

/*
 * Is the later row another image of the same process?  A number that was somebody's a moment ago is not given out again: we may come to look
 * when the process has ended, and what it ended with is the last image's.
 */
static bool is_next_image(struct ct_reap *r, struct ct_watched *w,
			  const struct ct_process_rec *next)
{
	const struct ct_process_rec *p = &r->store->arena.processes[w->index];
	uint64_t round =
		(uint64_t)PID_ROUND_NS * r->store->arena.header->ticks_per_second / 1000000000u;
	uint64_t known = w->alive > p->begin_ticks ? w->alive : p->begin_ticks;

	if (next->begin_ticks < known + round)
		return true;
	if (!w->ended)
		look_at(r, w);
	return !w->ended;
}

/* An exec, seen by the new image's row: the image before it under this pid is gone, though the process is not. */
static void end_image_before(struct ct_reap *r, uint32_t index, pid_t pid)
{
	struct ct_process_rec *rows = r->store->arena.processes;
	size_t i;

	for (i = r->count; i-- > 0;) {
		struct ct_watched *w = &r->watched[i];
		uint32_t unknown = CT_EXIT_UNKNOWN, status;

		if (w->index >= index || w->pid != pid || !w->trusted)
			continue;
		if (!is_next_image(r, w, &rows[index]))
			return;
		if (!w->ended)
			bury(r, w->index, rows[index].begin_ticks);
		w->ended = true;
		w->waiting = false;
		close_pidfd(w);
		atomic_store(&rows[w->index].end_ticks, rows[index].begin_ticks);
		rows[w->index].next_image = index + 1;
		status = atomic_exchange(&rows[w->index].exit_status, CT_EXIT_UNKNOWN);
		if (status != CT_EXIT_UNKNOWN)
			atomic_compare_exchange_strong(&rows[index].exit_status, &unknown, status);
		return;
	}
}

/* The row of its parent, where what it knows of it means nothing here. */
static void find_parent(const struct ct_reap *r, const struct ct_watched *w)
{
	struct ct_process_rec *p = &r->store->arena.processes[w->index];
	pid_t parent;
	size_t i;

	p->outside_pid = (uint32_t)w->pid;
	p->ipc_namespace = ct_outside_ipc(w->pid);
	if (p->forked_from || p->ppid)
		return;
	parent = ct_outside_parent(w->pid);
	for (i = r->count; parent && i-- > 0;)
		if (r->watched[i].trusted && r->watched[i].pid == parent &&
		    r->watched[i].index < w->index) {
			p->outside_parent = r->watched[i].index + 1;
			return;
		}
}

/* Its pid is known from now on. */
static void trust(struct ct_reap *r, struct ct_watched *w, pid_t pid)
{
	struct epoll_event e = {.events = EPOLLIN};
	size_t i;

	end_image_before(r, w->index, pid);
	w->trusted = true;
	w->pid = pid;
	w->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (w->pidfd < 0 && errno == ESRCH) {
		w->ended = true;
		bury(r, w->index, 0);
		return;
	}
	find_parent(r, w);
	if (w->pidfd >= 0 && r->ends >= 0)
		epoll_ctl(r->ends, EPOLL_CTL_ADD, w->pidfd, &e);
	/* what it executed may have been found before it was */
	for (i = w->index + 1; i < r->count; i++) {
		if (r->watched[i].trusted && r->watched[i].pid == pid) {
			end_image_before(r, r->watched[i].index, pid);
			break;
		}
	}
}

static void watch(struct ct_reap *r, uint32_t index)
{
	struct ct_watched *w;
	pid_t pid;

	if (r->count == r->room) {
		size_t room = r->room ? r->room * 2 : 64;
		struct ct_watched *rows = realloc(r->watched, room * sizeof(*rows));

		if (!rows)
			return;
		r->watched = rows;
		r->room = room;
	}
	w = &r->watched[r->count];
	*w = (struct ct_watched){.index = index, .pidfd = -1};
	pid = find_pid(r, index);
	r->count++;
	if (pid)
		trust(r, w, pid);
}

static void find_new(struct ct_reap *r)
{
	struct ct_arena *a = &r->store->arena;
	uint64_t used = atomic_load(&ct_arena_region(a->header, CT_REGION_PROCESSES)->used), i;
	uint64_t limit = atomic_load(&a->shared->limit[CT_REGION_PROCESSES]);

	/* in order, and none skipped: a row's number in `watched` is its index */
	for (i = r->count; i < used && i < limit; i++) {
		if (atomic_load(&a->processes[i].state) != CT_PROC_LIVE)
			break;
		watch(r, (uint32_t)i);
		if (r->count <= i)
			break;
	}
}

/* One that was not to be found when it was new. */
static void look_again(struct ct_reap *r, struct ct_watched *w)
{
	pid_t pid;

	if (w->looks >= OUTSIDE_LOOKS)
		return;
	w->looks++;
	pid = find_pid(r, w->index);
	if (pid)
		trust(r, w, pid);
}

void ct_reap_look(struct ct_reap *r)
{
	size_t i;

	find_new(r);
	bury_left(r);
	for (i = 0; i < r->count; i++) {
		struct ct_watched *w = &r->watched[i];

		if (!w->trusted && !w->ended)
			look_again(r, w);
		else if (w->waiting || (w->trusted && !w->ended))
			look_at(r, w);
	}
}

void ct_reap_exit(struct ct_reap *r, pid_t pid, int status)
{
	size_t i;

	ct_reap_look(r);
	for (i = r->count; i-- > 0;) {
		struct ct_process_rec *p = &r->store->arena.processes[r->watched[i].index];

		if (r->watched[i].trusted && r->watched[i].pid == pid) {
			atomic_store(&p->exit_status, (uint32_t)status);
			return;
		}
	}
}

unsigned ct_reap_living(const struct ct_reap *r)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < r->count; i++)
		n += r->watched[i].trusted && !r->watched[i].ended;
	return n;
}

bool ct_reap_unsettled(const struct ct_reap *r)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		const struct ct_watched *w = &r->watched[i];
		const struct ct_process_rec *p = &r->store->arena.processes[w->index];

		if (w->trusted || w->ended || w->looks >= OUTSIDE_LOOKS)
			continue;
		/* here its number is what it says it is, and nobody has it */
		if (ct_process_namespace(r->store->arena.processes, w->index) == r->namespace &&
		    kill((pid_t)p->pid, 0) < 0 && errno == ESRCH)
			continue;
		return true;
	}
	return false;
}

void ct_reap_close(struct ct_reap *r)
{
	uint64_t n = slots_backed(r->store), i;
	bool is_shared = ct_store_is_shared(r->store);

	for (i = 0; i < r->count && !is_shared; i++) {
		if (!r->watched[i].ended)
			bury(r, r->watched[i].index, 0);
		r->watched[i].ended = true;
	}
	for (i = 0; i < n; i++) {
		const struct ct_slot *s = ct_arena_slot(&r->store->arena, (uint32_t)i);

		if (atomic_load(&s->state) == CT_SLOT_CLAIMED && s->thread &&
		    atomic_load(&s->inflight.op))
			ct_reap_keep(r, s);
	}
}

void ct_reap_free_slots(struct ct_reap *r)
{
	struct ct_arena *a = &r->store->arena;
	uint64_t n = slots_backed(r->store), i;

	for (i = 0; i < n; i++) {
		uint64_t bit = 1ull << (i % 64);

		/* nobody's while we hold it */
		if (!(atomic_fetch_and(&a->shared->slot_free[i / 64], ~bit) & bit))
			continue;
		if (ct_own(ct_arena_slot(a, (uint32_t)i))->owed_count)
			ct_owed_write(ct_arena_slot(a, (uint32_t)i));
		ct_chunk_finish(ct_arena_slot(a, (uint32_t)i));
		atomic_fetch_or(&a->shared->slot_free[i / 64], bit);
	}
}

void ct_reap_strays(struct ct_reap *r)
{
	struct ct_arena *a = &r->store->arena;
	uint32_t slots = atomic_load(&a->shared->limit[CT_REGION_SLOTS]),
		 chunks = atomic_load(&a->shared->limit[CT_REGION_CHUNKS]), i;

	for (i = 0; i < chunks; i++) {
		struct ct_chunk *c = &a->chunks[i];

		/* open, or sealed and never marked; to mark one twice does no harm */
		if (c->magic != CT_CHUNK_MAGIC || atomic_load(&c->state) == CT_CHUNK_FREE ||
		    c->slot >= slots || atomic_load(&ct_arena_slot(a, c->slot)->chunk) == i + 1)
			continue;
		atomic_store(&c->state, CT_CHUNK_SEALED);
		atomic_fetch_or(&a->shared->chunk_sealed[i / 64], 1ull << (i % 64));
	}
}

void ct_reap_free(struct ct_reap *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		close_pidfd(&r->watched[i]);
	if (r->store)
		close(r->ends);
	free(r->watched);
	free(r->last_words);
}
