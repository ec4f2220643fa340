/*
 * deadlock.c - threads that wait for each other in a circle, among the waits that had not ended.
 *
 * A blocked thread points to the one it waits for: the owner of the lock as its in-flight line has it, or the thread it joins.  Each
 * points to at most one, so a circle is found by following until a thread comes again.
 *
 * The owner was read when the wait began.  If somebody is seen to have got the lock since, it has changed hands and the owner says
 * nothing any more; then there is no circle here, whatever the truth is.  And a thread that was just handed its lock stands in its
 * in-flight line until it runs, with an owner that went on to block elsewhere: so the youngest wait of a circle must have lasted a
 * second.  Only what was recorded is followed.
 */
#include "model_int.h"

#include <errno.h>
#include <stdlib.h>

#include "file/words.h"

/* A wait that has not ended, to be found by who waits. */
struct sleeper {
	uint64_t who; /* tid, or serial */
	uint32_t process;
	uint32_t wait; /* in model->open */
};

/* All of them twice, each in order. */
struct sleepers {
	struct sleeper *by_tid, *by_serial;
	uint32_t n;
};

static int by_who(const void *a, const void *b)
{
	const struct sleeper *x = a, *y = b;

	if (x->who != y->who)
		return x->who < y->who ? -1 : 1;
	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return (x->wait > y->wait) - (x->wait < y->wait);
}

static int find_sleepers(const struct ct_model *m, struct sleepers *s)
{
	uint32_t i;

	s->by_tid = calloc(m->open_count + 1u, sizeof(*s->by_tid));
	s->by_serial = calloc(m->open_count + 1u, sizeof(*s->by_serial));
	s->n = 0;
	if (!s->by_tid || !s->by_serial)
		return -ENOMEM;
	for (i = 0; i < m->open_count; i++) {
		const struct ct_open_wait *w = &m->open[i];

		if (w->cell == CT_NONE)
			continue;
		s->by_tid[s->n] = (struct sleeper){w->tid, w->process, i};
		s->by_serial[s->n++] = (struct sleeper){w->thread, 0, i};
	}
	qsort(s->by_tid, s->n, sizeof(*s->by_tid), by_who);
	qsort(s->by_serial, s->n, sizeof(*s->by_serial), by_who);
	return 0;
}

/* The first of them from a process on; NULL when there is none. */
static const struct sleeper *first_from(const struct sleeper *all, uint32_t n, uint64_t who,
					uint32_t process)
{
	struct sleeper key = {who, process, 0};
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (by_who(&all[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && all[lo].who == who ? &all[lo] : NULL;
}

/* The blocked thread that has the tid of a lock's owner: one of the same process if there is one, else if it is the only one. */
static uint32_t owner_of(const struct sleepers *s, const struct ct_open_wait *w)
{
	const struct sleeper *of = first_from(s->by_tid, s->n, w->owner, w->process);

	if (of && of->process == w->process)
		return of->wait;
	of = first_from(s->by_tid, s->n, w->owner, 0);
	return of && (of + 1 == s->by_tid + s->n || of[1].who != w->owner) ? of->wait : CT_NONE;
}

static uint32_t joined_by(const struct sleepers *s, const struct ct_open_wait *w)
{
	const struct sleeper *of = first_from(s->by_serial, s->n, w->object, 0);

	return of ? of->wait : CT_NONE;
}

/* The wait of the thread that this one waits for; CT_NONE when it is not blocked itself, or not known. */
static uint32_t waits_for(const struct ct_model *m, const struct sleepers *s,
			  const struct ct_open_wait *w)
{
	const struct ct_thread *owner;
	uint32_t i;

	if (w->cell == CT_NONE)
		return CT_NONE;
	if (w->op == CT_OP_join)
		return joined_by(s, w);
	if (ct_op_class(w->op) != CT_CLASS_LOCK || !w->owner ||
	    m->objects[ct_model_cell(m, w->cell)->object].last_got > w->start)
		return CT_NONE;
	i = owner_of(s, w);
	owner = i == CT_NONE ? NULL : ct_model_thread(m, m->open[i].thread);
	return owner && owner->begin <= w->start ? i : CT_NONE;
}

/* Has every wait of the circle lasted a second? */
static bool has_stood(const struct ct_model *m, const uint32_t *next, uint32_t first)
{
	uint32_t i = first;

	do {
		if (ct_model_cell(m, m->open[i].cell)->open_total < m->tables.second_ticks)
			return false;
		i = next[i];
	} while (i != first);
	return true;
}

static int keep_circle(struct ct_model *m, const uint32_t *next, uint32_t first)
{
	uint32_t i = first, n = 0, *p;

	do {
		n++;
		i = next[i];
	} while (i != first);
	p = realloc(m->circles, (m->circles_n + n + 1u) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	m->circles = p;
	do {
		m->circles[m->circles_n++] = i;
		i = next[i];
	} while (i != first);
	m->circles[m->circles_n++] = CT_NONE;
	return 0;
}

int ct_deadlocks_find(struct ct_model *m)
{
	uint32_t *next = calloc(m->open_count + 1u, sizeof(*next));
	uint32_t *seen = calloc(m->open_count + 1u, sizeof(*seen)); /* by which walk, from 1 on */
	uint32_t i, k;
	struct sleepers s;
	int err = find_sleepers(m, &s);

	if (!next || !seen)
		err = -ENOMEM;
	for (i = 0; i < m->open_count && !err; i++)
		next[i] = waits_for(m, &s, &m->open[i]);
	for (i = 0; i < m->open_count && !err; i++) {
		for (k = i; k != CT_NONE && !seen[k]; k = next[k])
			seen[k] = i + 1;
		if (k != CT_NONE && seen[k] == i + 1 && has_stood(m, next, k))
			err = keep_circle(m, next, k);
	}
	free(next);
	free(seen);
	free(s.by_tid);
	free(s.by_serial);
	return err;
}
