/*
 * unreached_threads.c - the threads of processes out of reach: each has a slot of ours from when it is first known of until it is gone.
 */
#include "unreached_int.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "capture/capture.h"

#define ROOM_EVERY 8 /* fewer than ct_store_grow() makes room for */

/* In by_tid: it has ended as far as we have seen, and the kernel may yet tell. */
#define ENDED UINT64_MAX

bool ct_unreached_told_end(struct ct_unreached *u, uint32_t tid)
{
	struct ct_set_row *row = ct_set_find(&u->by_tid, tid);
	bool is_known = row && row->value == ENDED;

	if (is_known)
		row->value = 0;
	return is_known;
}

struct ct_unreached_thread *ct_unreached_find_thread(const struct ct_unreached *u, uint32_t tid)
{
	const struct ct_set_row *row = ct_set_find(&u->by_tid, tid);

	return row && row->value && row->value != ENDED ? &u->threads[row->value - 1] : NULL;
}

void ct_unreached_drop_thread(struct ct_unreached *u, size_t i)
{
	struct ct_unreached_thread *t = &u->threads[i];

	ct_lives_forget(&u->lives, t->tid);
	ct_set_at(&u->by_tid, t->tid, NULL)->value = ENDED;
	*t = u->threads[--u->threads_n];
	if (i < u->threads_n)
		ct_set_at(&u->by_tid, t->tid, NULL)->value = i + 1;
}

static uint64_t begin_of(const struct ct_unreached *u, const struct ct_unreached_process *p,
			 uint32_t tid)
{
	uint64_t row = u->reap->store->arena.processes[p->row - 1].begin_ticks,
		 made = ct_lives_made(&u->lives, tid);

	if ((pid_t)tid == p->pid)
		return row;
	made = made ? ct_sched_ticks(u->sched, made) : ct_now();
	return made > row ? made : row;
}

void ct_unreached_begin_thread(struct ct_unreached *u, struct ct_unreached_process *p, uint32_t tid)
{
	uint64_t ticks = begin_of(u, p, tid);
	struct ct_unreached_thread *t;
	struct ct_set_row *row;
	struct ct_slot *s;
	uint64_t v[CT_FIELDS_thread_begin] = {0};

	if (u->threads_n == u->threads_room) {
		size_t room = u->threads_room ? u->threads_room * 2 : 64;

		t = realloc(u->threads, room * sizeof(*t));
		if (!t)
			return;
		u->threads = t;
		u->threads_room = room;
	}
	row = ct_set_at(&u->by_tid, tid, NULL);
	if (!row)
		return;
	/* many may have come between two looks, and each has a chunk of its own until that is drained */
	if (u->begun++ % ROOM_EVERY == 0)
		ct_store_grow(u->reap->store);
	s = ct_slot_claim();
	u->threads[u->threads_n++] =
		(struct ct_unreached_thread){tid, s ? s->thread : 0, s, p->pid, true};
	row->value = u->threads_n;
	ct_lives_watch(&u->lives, tid);
	if (!s)
		return; /* none left, which was counted */
	/* what it had open is of its last thread's time */
	ct_chunk_finish(s);
	s->process = p->row - 1;
	s->tid = tid;
	s->begin_ticks = ticks;
	v[CT_F_thread_begin_thread] = s->thread;
	v[CT_F_thread_begin_tid] = tid;
	v[CT_F_thread_begin_process] = p->row - 1;
	ct_emit(s, CT_EV_thread_begin, v, ticks);
	ct_own(s)->begun = s->thread;
}

/* @ns: when, 0: when it last left a CPU if that is told, else now */
void ct_unreached_end_thread(struct ct_unreached *u, size_t i, uint64_t ns)
{
	struct ct_unreached_thread t = u->threads[i];
	uint64_t ticks;

	if (!ns && ct_sched_tells(u->sched))
		ns = ct_lives_left(&u->lives, t.tid);
	ct_unreached_drop_thread(u, i);
	/* ctrace-run has seen the process end before, and has buried all its threads */
	if (!t.slot || t.slot->thread != t.serial || atomic_load(&t.slot->state) != CT_SLOT_CLAIMED)
		return;
	ticks = ns ? ct_sched_ticks(u->sched, ns) : ct_now();
	if (ticks < t.slot->begin_ticks)
		ticks = t.slot->begin_ticks;
	ct_reap_bury(u->reap, t.slot, ticks);
}

void ct_unreached_end_threads(struct ct_unreached *u, pid_t pid, bool unseen_only)
{
	size_t i = u->threads ? u->threads_n : 0;

	while (i-- > 0)
		if (u->threads[i].pid == pid && !(unseen_only && u->threads[i].seen))
			ct_unreached_end_thread(u, i, 0);
}

/* What /proc has of them now.  Only when something has changed, or has had time to. */
void ct_unreached_list_threads(struct ct_unreached *u, struct ct_unreached_process *p,
			       uint64_t now_ns)
{
	struct ct_unreached_thread *t;
	struct dirent *e;
	char path[64];
	struct stat st;
	size_t i;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)p->pid);
	if (stat(path, &st) < 0) {
		ct_unreached_end_threads(u, p->pid, false);
		return;
	}
	if (!p->stirred && st.st_nlink == p->links && now_ns - p->listed_ns < CT_UNREACHED_PAUSE_NS)
		return;
	dir = opendir(path);
	if (!dir)
		return;
	for (i = 0; i < u->threads_n; i++)
		u->threads[i].seen = u->threads[i].pid != p->pid;
	/* cppcheck-suppress readdirCalled ; the stream is this function's own */
	while ((e = readdir(dir))) {
		uint32_t tid = (uint32_t)strtoul(e->d_name, NULL, 10);

		if (!tid)
			continue;
		t = ct_unreached_find_thread(u, tid);
		if (t && t->pid != p->pid) {
			ct_unreached_end_thread(u, (size_t)(t - u->threads), 0);
			t = NULL;
		}
		if (t)
			t->seen = true;
		else if (
			!ct_lives_gone(
				&u->lives,
				tid)) /* the first one stays there, dead, until the last has gone */
			ct_unreached_begin_thread(u, p, tid);
	}
	closedir(dir);
	ct_unreached_end_threads(u, p->pid, true);
	p->links = st.st_nlink;
	p->listed_ns = now_ns;
	p->stirred = false;
}