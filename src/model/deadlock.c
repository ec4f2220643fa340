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

static bool is_of(const struct ct_model *m, const struct ct_open_wait *w, uint32_t i)
{
	return m->open[i].cell != CT_NONE && m->open[i].tid == w->owner;
}

/* The blocked thread that has the tid of a lock's owner: one of the same process if there is one, else if it is the only one. */
static uint32_t owner_of(const struct ct_model *m, const struct ct_open_wait *w)
{
	uint32_t i, found = CT_NONE, n = 0;

	for (i = 0; i < m->open_count; i++) {
		if (!is_of(m, w, i))
			continue;
		if (m->open[i].process == w->process)
			return i;
		found = i;
		n++;
	}
	return n == 1 ? found : CT_NONE;
}

static uint32_t joined_by(const struct ct_model *m, const struct ct_open_wait *w)
{
	uint32_t i;

	for (i = 0; i < m->open_count; i++)
		if (m->open[i].cell != CT_NONE && m->open[i].thread == w->object)
			return i;
	return CT_NONE;
}

/* The wait of the thread that this one waits for; CT_NONE when it is not blocked itself, or not known. */
static uint32_t waits_for(const struct ct_model *m, const struct ct_open_wait *w)
{
	const struct ct_thread *owner;
	uint32_t i;

	if (w->cell == CT_NONE)
		return CT_NONE;
	if (w->op == CT_OP_join)
		return joined_by(m, w);
	if (ct_op_class(w->op) != CT_CLASS_LOCK || !w->owner ||
	    m->objects[ct_model_cell(m, w->cell)->object].last_got > w->start)
		return CT_NONE;
	i = owner_of(m, w);
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
	int err = next && seen ? 0 : -ENOMEM;

	for (i = 0; i < m->open_count && !err; i++)
		next[i] = waits_for(m, &m->open[i]);
	for (i = 0; i < m->open_count && !err; i++) {
		for (k = i; k != CT_NONE && !seen[k]; k = next[k])
			seen[k] = i + 1;
		if (k != CT_NONE && seen[k] == i + 1 && has_stood(m, next, k))
			err = keep_circle(m, next, k);
	}
	free(next);
	free(seen);
	return err;
}
