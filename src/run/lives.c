/*
 * lives.c - see lives.h.
 */
#include "lives.h"

#include <stdlib.h>

static void add(struct ct_lives *l, const struct ct_switch *w, enum ct_life_what what)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct ct_life_event *p = realloc(l->events, room * sizeof(*p));

		if (!p) {
			l->missing++;
			return;
		}
		l->events = p;
		l->room = room;
	}
	l->events[l->n++] =
		(struct ct_life_event){.ns = w->ns, .tid = w->tid, .pid = w->pid, .what = what};
}

/* Low bit of a row of `last`, and of `life`. */
#define ON   1u
#define GONE 1u

static void switched(struct ct_lives *l, const struct ct_switch *w, unsigned on)
{
	struct ct_set_row *row = l->watched ? ct_set_find(&l->last, w->tid) : NULL;

	if (row && row->value)
		row->value = w->ns << 1 | on;
}

void ct_lives_take(struct ct_lives *l, const struct ct_switch *w)
{
	switch (w->kind) {
	case CT_SWITCH_ON: switched(l, w, ON); break;
	case CT_SWITCH_WAITS:
	case CT_SWITCH_STOPS:
	case CT_SWITCH_PREEMPTED: switched(l, w, 0); break;
	case CT_SWITCH_MADE: add(l, w, CT_LIFE_MADE); break;
	case CT_SWITCH_EXECUTED: add(l, w, CT_LIFE_EXECUTED); break;
	case CT_SWITCH_GONE: add(l, w, CT_LIFE_GONE); break;
	case CT_SWITCH_MISSING: /* perhaps of these */
	case CT_SWITCH_LIVES_MISSING: l->missing += w->count; break;
	case CT_SWITCH_WAKING: break;
	}
}

static int by_ns(const void *a, const void *b)
{
	const struct ct_life_event *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return (x->what > y->what) - (x->what < y->what);
}

static void note(struct ct_lives *l, const struct ct_life_event *e)
{
	struct ct_set_row *row = ct_set_at(&l->life, e->tid, NULL);

	if (!row)
		return;
	switch (e->what) {
	case CT_LIFE_MADE: row->value = e->ns << 1; break;
	case CT_LIFE_GONE: row->value |= GONE; break;
	/* it may have taken the number of the process's first thread, which has ended for it */
	case CT_LIFE_EXECUTED: row->value &= ~(uint64_t)GONE; break;
	}
}

void ct_lives_sort(struct ct_lives *l)
{
	size_t i;

	if (l->n > 1)
		qsort(l->events, l->n, sizeof(*l->events), by_ns);
	for (i = 0; i < l->n; i++)
		note(l, &l->events[i]);
}

void ct_lives_watch(struct ct_lives *l, uint32_t tid)
{
	struct ct_set_row *row = ct_set_at(&l->last, tid, NULL);

	if (!row)
		return;
	l->watched += !row->value;
	row->value = ON; /* it is there, and has not been told of */
}

void ct_lives_forget(struct ct_lives *l, uint32_t tid)
{
	struct ct_set_row *row = ct_set_find(&l->last, tid);

	if (!row || !row->value)
		return;
	row->value = 0;
	l->watched--;
}

uint64_t ct_lives_left(const struct ct_lives *l, uint32_t tid)
{
	const struct ct_set_row *row = ct_set_find(&l->last, tid);

	return row && !(row->value & ON) ? row->value >> 1 : 0;
}

bool ct_lives_gone(const struct ct_lives *l, uint32_t tid)
{
	const struct ct_set_row *row = ct_set_find(&l->life, tid);

	return row && (row->value & GONE);
}

uint64_t ct_lives_made(const struct ct_lives *l, uint32_t tid)
{
	const struct ct_set_row *row = ct_set_find(&l->life, tid);

	return row ? row->value >> 1 : 0;
}

void ct_lives_free(struct ct_lives *l)
{
	ct_set_free(&l->last);
	ct_set_free(&l->life);
	free(l->events);
	*l = (struct ct_lives){0};
}
