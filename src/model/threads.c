/*
 * threads.c - the threads of a trace: serial numbers, names, lifetimes, and who had a tid when.
 *
 * A thread is known by its serial, which is never reused.  What is known of it comes from several places that may each be
 * missing in a trace that lost records: its thread_begin, the heads of its chunks, the thread_create of its parent, its slot.
 */
#include "model_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint32_t ct_threads_row(struct ct_model *m, uint32_t serial)
{
	uint64_t key = serial;
	uint32_t before = m->threads.count, row;

	if (serial == m->last_thread_serial && m->last_thread != CT_NONE)
		return m->last_thread;
	row = ct_table_put(&m->threads, &key);
	if (m->threads.count != before) {
		struct ct_thread *t = ct_model_thread_at(m, row);

		t->first = UINT64_MAX;
	}
	m->last_thread_serial = serial;
	m->last_thread = row;
	return row;
}

uint32_t ct_threads_who(struct ct_model *m, const struct ct_who *who, uint64_t ticks)
{
	uint32_t row = ct_threads_row(m, who->thread);
	struct ct_thread *t = ct_model_thread_at(m, row);

	t->tid = who->tid;
	t->process = who->process;
	t->known = true;
	if (ticks < t->first)
		t->first = ticks;
	if (ticks > t->last)
		t->last = ticks;
	return row;
}

/* Names come from the program: keep what a terminal can show. */
static void set_name(struct ct_thread *t, const char *bytes, size_t n)
{
	size_t i;

	if (!bytes[0])
		return;
	for (i = 0; i < n && i < sizeof(t->name) - 1 && bytes[i]; i++) {
		unsigned char c = (unsigned char)bytes[i];

		t->name[i] = c < 0x20 || c == 0x7f ? '?' : bytes[i];
	}
	t->name[i] = 0;
}

static void learn_name(struct ct_model *m, const struct ct_record *r)
{
	uint64_t halves[2] = {r->v[CT_F_thread_name_name_lo], r->v[CT_F_thread_name_name_hi]};
	char bytes[16];
	struct ct_thread *t;

	memcpy(bytes, halves, sizeof(bytes));
	t = ct_model_thread_at(m, ct_threads_row(m, (uint32_t)r->v[CT_F_thread_name_thread]));
	set_name(t, bytes, sizeof(bytes));
}

void ct_threads_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	struct ct_thread *t;

	switch (r->type) {
	case CT_EV_thread_begin:
		t = ct_model_thread_at(m,
				       ct_threads_row(m, (uint32_t)r->v[CT_F_thread_begin_thread]));
		t->begin = r->ticks;
		t->tid = (uint32_t)r->v[CT_F_thread_begin_tid];
		t->process = (uint32_t)r->v[CT_F_thread_begin_process];
		if (r->v[CT_F_thread_begin_routine])
			t->routine = r->v[CT_F_thread_begin_routine];
		if (r->v[CT_F_thread_begin_parent])
			t->parent = (uint32_t)r->v[CT_F_thread_begin_parent];
		t->known = true;
		break;
	case CT_EV_thread_end:
		t = ct_model_thread_at(m, ct_threads_row(m, who->thread));
		t->end = r->ticks;
		t->ended = true;
		break;
	case CT_EV_thread_create:
		if (r->v[CT_F_thread_create_result] || !r->v[CT_F_thread_create_child])
			break;
		t = ct_model_thread_at(m,
				       ct_threads_row(m, (uint32_t)r->v[CT_F_thread_create_child]));
		t->create_stack = (uint32_t)r->v[CT_F_thread_create_stack];
		if (!t->routine)
			t->routine = r->v[CT_F_thread_create_routine];
		if (!t->parent)
			t->parent = who->thread;
		break;
	case CT_EV_thread_name: learn_name(m, r); break;
	default: break;
	}
}

void ct_model_thread_seen(struct ct_model *m, const struct ct_who *who, uint64_t routine,
			  uint64_t begin_ticks, const char name[16])
{
	struct ct_thread *t = ct_model_thread_at(m, ct_threads_row(m, who->thread));

	t->tid = who->tid;
	t->process = who->process;
	t->known = true;
	if (!t->routine)
		t->routine = routine;
	if (!t->begin)
		t->begin = begin_ticks;
	if (!t->name[0])
		set_name(t, name, 16);
}

void ct_model_thread_ended(struct ct_model *m, uint32_t serial, uint64_t ticks)
{
	struct ct_thread *t = ct_model_thread_at(m, ct_threads_row(m, serial));

	if (!t->ended)
		t->end = ticks;
	t->ended = true;
}

void ct_threads_learn_outside(struct ct_model *m, const struct ct_who *who,
			      const struct ct_record *r)
{
	if (who->thread) /* ctrace-run's to say */
		return;
	ct_model_thread_at(m, ct_threads_row(m, (uint32_t)r->v[CT_F_outside_thread]))->outside =
		(uint32_t)r->v[CT_F_outside_tid];
}

static int by_number(uint32_t x_number, uint32_t y_number, const struct ct_thread *x,
		     const struct ct_thread *y)
{
	if (x_number != y_number)
		return x_number < y_number ? -1 : 1;
	return (x->begin > y->begin) - (x->begin < y->begin);
}

static int by_tid(const void *a, const void *b, void *model)
{
	const struct ct_thread *x = ct_model_thread_at(model, *(const uint32_t *)a);
	const struct ct_thread *y = ct_model_thread_at(model, *(const uint32_t *)b);

	return by_number(x->tid, y->tid, x, y);
}

static int by_outside(const void *a, const void *b, void *model)
{
	const struct ct_thread *x = ct_model_thread_at(model, *(const uint32_t *)a);
	const struct ct_thread *y = ct_model_thread_at(model, *(const uint32_t *)b);

	return by_number(x->outside, y->outside, x, y);
}

/* Records come from a thread that lives, whatever is said of its process. */
uint64_t ct_thread_last(const struct ct_model *m, const struct ct_thread *t)
{
	uint64_t process_end = t->process < m->tables.process_count
				       ? m->tables.processes[t->process].end_ticks
				       : 0;
	uint64_t end = t->end ? t->end : process_end ? process_end : m->end;

	if (end < t->last)
		end = t->last;
	return end > t->begin ? end : t->begin;
}

int ct_threads_finish(struct ct_model *m)
{
	uint32_t i;

	m->by_tid = calloc(m->threads.count + 1u, sizeof(*m->by_tid));
	m->by_outside = calloc(m->threads.count + 1u, sizeof(*m->by_outside));
	if (!m->by_tid || !m->by_outside)
		return -ENOMEM;
	for (i = 0; i < m->threads.count; i++) {
		struct ct_thread *t = ct_model_thread_at(m, i);

		m->by_tid[i] = m->by_outside[i] = i;
		if (!t->outside && ct_tids_are_ours(m, t->process))
			t->outside = t->tid;
		if (t->process < m->tables.process_count)
			t->main = t->known && t->tid == m->tables.processes[t->process].pid;
		if (!t->begin)
			t->begin = t->first != UINT64_MAX ? t->first : m->begin;
		t->end = ct_thread_last(m, t);
	}
	qsort_r(m->by_tid, m->threads.count, sizeof(*m->by_tid), by_tid, m);
	qsort_r(m->by_outside, m->threads.count, sizeof(*m->by_outside), by_outside, m);
	return 0;
}

const struct ct_thread *ct_model_thread(const struct ct_model *m, uint32_t serial)
{
	uint64_t key = serial;
	uint32_t row = serial ? ct_table_find(&m->threads, &key) : CT_NONE;
	const struct ct_thread *t;

	if (row == CT_NONE)
		return NULL;
	t = ct_model_thread_at(m, row);
	return t->known ? t : NULL;
}

/* Both orders are asked the same questions. */
static uint32_t number_of(const struct ct_model *m, const uint32_t *order, uint32_t i)
{
	const struct ct_thread *t = ct_model_thread_at(m, order[i]);

	return order == m->by_outside ? t->outside : t->tid;
}

/* Place of the first of the threads with this number. */
static uint32_t first_with(const struct ct_model *m, const uint32_t *order, uint32_t tid)
{
	uint32_t lo = 0, hi = m->threads.count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (number_of(m, order, mid) < tid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Place of the last thread that had a number and began by then, or else of the first one; CT_NONE when none had it. */
static uint32_t place_at(const struct ct_model *m, const uint32_t *order, uint32_t tid,
			 uint64_t ticks)
{
	uint32_t lo, hi = m->threads.count, first;

	if (!tid || !order)
		return CT_NONE;
	lo = first = first_with(m, order, tid);
	if (first == hi || number_of(m, order, first) != tid)
		return CT_NONE;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (number_of(m, order, mid) == tid &&
		    ct_model_thread_at(m, order[mid])->begin <= ticks)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > first ? lo - 1 : first;
}

const struct ct_thread *ct_model_thread_by_tid(const struct ct_model *m, uint32_t tid,
					       uint64_t ticks)
{
	uint32_t place = place_at(m, m->by_tid, tid, ticks);

	return place == CT_NONE ? NULL : ct_model_thread_at(m, m->by_tid[place]);
}

const struct ct_thread *ct_model_thread_outside(const struct ct_model *m, uint32_t tid,
						uint64_t ticks)
{
	uint32_t place = place_at(m, m->by_outside, tid, ticks);

	return place == CT_NONE ? NULL : ct_model_thread_at(m, m->by_outside[place]);
}

struct ct_thread *ct_threads_outside(const struct ct_model *m, uint32_t process, uint32_t tid,
				     uint64_t ticks)
{
	uint32_t place = place_at(m, m->by_outside, tid, ticks), next = 0;
	struct ct_thread *t;

	if (place == CT_NONE)
		return NULL;
	t = ct_model_thread_at(m, m->by_outside[place]);
	if (process == CT_NONE)
		return t;
	if (process >= m->tables.process_count)
		return NULL;
	if (t->process < m->tables.process_count)
		next = m->tables.processes[t->process].next_image;
	return t->process == process || next == process + 1 ||
			       m->tables.processes[process].next_image == t->process + 1
		       ? t
		       : NULL;
}

const struct ct_thread *ct_model_thread_only(const struct ct_model *m, uint32_t process,
					     uint32_t tid)
{
	const struct ct_thread *own = NULL, *other = NULL;
	uint32_t i, n_own = 0, n_other = 0;

	if (!tid || !m->by_tid)
		return NULL;
	for (i = first_with(m, m->by_tid, tid); i < m->threads.count; i++) {
		const struct ct_thread *t = ct_model_thread_at(m, m->by_tid[i]);

		if (t->tid != tid)
			break;
		if (!t->known)
			continue;
		if (t->process == process) {
			own = t;
			n_own++;
		} else {
			other = t;
			n_other++;
		}
	}
	if (n_own)
		return n_own == 1 ? own : NULL;
	return n_other == 1 ? other : NULL;
}

/* --- turns ---------------------------------------------------------------------------------------------------------------------- */

bool ct_tids_are_ours(const struct ct_model *m, uint32_t process)
{
	const struct ct_process_rec *p;

	if (process >= m->tables.process_count)
		return false;
	p = &m->tables.processes[process];
	return !p->outside_pid || p->outside_pid == p->pid;
}

uint32_t ct_thread_turns(const struct ct_model *m, const struct ct_thread *t, uint32_t *first)
{
	*first = 0;
	return t->outside ? ct_turns_of(&m->turns, t->outside, first) : 0;
}

const struct ct_turn *ct_thread_waking(const struct ct_model *m, const struct ct_thread *t,
				       uint64_t from, uint64_t to)
{
	return t->outside ? ct_turns_waking(&m->turns, t->outside, from, to) : NULL;
}

/* When the thread that got a CPU at `on` had ended, if it can have had it until `off` for all the records of the CPU say. */
static uint64_t end_of(const struct ct_model *m, uint32_t tid, uint64_t on, uint64_t off)
{
	uint32_t place = place_at(m, m->by_outside, tid, on),
		 last = place_at(m, m->by_outside, tid, off ? off - 1 : 0);
	const struct ct_thread *t, *later;

	if (place == CT_NONE)
		return UINT64_MAX;
	t = ct_model_thread_at(m, m->by_outside[place]);
	later = ct_model_thread_at(m, m->by_outside[last]);
	if (last > place && t->main && later->main)
		t = later; /* it executed another program, and kept the CPU */
	else if (last > place && t->end < on)
		t = ct_model_thread_at(m, m->by_outside[place + 1]); /* not begun yet */
	return t->end;
}

void ct_threads_leave(struct ct_model *m)
{
	uint32_t i;

	for (i = 0; i < m->turns.all.count; i++) {
		struct ct_turn *turn = ct_pool_at(&m->turns.all, i);
		uint64_t end;

		if (turn->end != CT_TURN_UNSEEN)
			continue;
		end = end_of(m, turn->tid, turn->on, turn->off);
		if (end < turn->off)
			turn->off = end > turn->on ? end : turn->on;
	}
}

/* When a thread made a thread: the turn it was made for, unless it lost the CPU before it could begin.  0: not told. */
static uint64_t made(const struct ct_model *m, const struct ct_thread *t, uint64_t after)
{
	uint32_t first, n = ct_thread_turns(m, t, &first), i;
	const struct ct_turn *turn;

	i = n ? ct_turns_after(&m->turns, first, n, t->begin) : 0;
	if (!n || i >= first + n)
		return 0;
	/* back to the life of whoever had the tid before */
	for (turn = ct_turn_at(&m->turns, i); i > first && turn->how != CT_WAKING_NEW;) {
		turn = ct_turn_at(&m->turns, --i);
		if (turn->on <= after)
			return 0;
	}
	return turn->how == CT_WAKING_NEW && turn->woken > after ? turn->woken : 0;
}

static bool copied(const struct ct_model *m, const struct ct_thread *t)
{
	return t->process < m->tables.process_count && m->tables.processes[t->process].forked_from;
}

void ct_threads_born(struct ct_model *m)
{
	uint64_t after = 0, ticks;
	uint32_t i, tid = 0;

	for (i = 0; i < m->threads.count; i++) {
		struct ct_thread *t = ct_model_thread_at(m, m->by_tid[i]);

		after = t->tid == tid ? after : 0;
		tid = t->tid;
		/* a process is made before it executes what its first thread begins with, unless it is a copy of the one that made it */
		ticks = !t->known || (t->main && !copied(m, t)) ? 0 : made(m, t, after);
		if (ticks && ticks < t->begin)
			t->begin = ticks;
		after = t->end > after ? t->end : after;
	}
}
