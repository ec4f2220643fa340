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

		if (!p)
			return;
		l->events = p;
		l->room = room;
	}
	l->events[l->n++] = (struct ct_life_event){
		.ns = w->ns, .tid = w->tid, .pid = w->pid, .maker = w->waker, .what = what};
}

/* Low bits of a row of `last`. */
#define ON   1u
#define GONE 2u

static void put(struct ct_set *s, uint32_t tid, uint64_t value)
{
	struct ct_set_row *row = ct_set_at(s, tid, NULL);

	if (row)
		row->value = value;
}

void ct_lives_take(struct ct_lives *l, const struct ct_switch *w)
{
	switch (w->kind) {
	case CT_SWITCH_ON: put(&l->last, w->tid, w->ns << 2 | ON); break;
	case CT_SWITCH_WAITS:
	case CT_SWITCH_PREEMPTED: put(&l->last, w->tid, w->ns << 2); break;
	case CT_SWITCH_WAKING:
		if (w->how != CT_WAKING_NEW)
			break;
		put(&l->made, w->tid, w->ns);
		add(l, w, CT_LIFE_MADE);
		break;
	case CT_SWITCH_MADE:
		put(&l->made, w->tid, w->ns);
		put(&l->last, w->tid, 0);
		add(l, w, CT_LIFE_MADE);
		break;
	case CT_SWITCH_EXECUTED: add(l, w, CT_LIFE_EXECUTED); break;
	case CT_SWITCH_GONE:
		put(&l->last, w->tid, w->ns << 2 | GONE);
		add(l, w, CT_LIFE_GONE);
		break;
	case CT_SWITCH_MISSING: break;
	}
}

static int by_ns(const void *a, const void *b)
{
	const struct ct_life_event *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

void ct_lives_sort(struct ct_lives *l)
{
	if (l->n > 1)
		qsort(l->events, l->n, sizeof(*l->events), by_ns);
}

uint64_t ct_lives_left(const struct ct_lives *l, uint32_t tid)
{
	const struct ct_set_row *row = ct_set_find(&l->last, tid);

	return row && !(row->value & ON) ? row->value >> 2 : 0;
}

bool ct_lives_gone(const struct ct_lives *l, uint32_t tid)
{
	const struct ct_set_row *row = ct_set_find(&l->last, tid);

	return row && (row->value & GONE);
}

uint64_t ct_lives_made(const struct ct_lives *l, uint32_t tid)
{
	const struct ct_set_row *row = ct_set_find(&l->made, tid);

	return row ? row->value : 0;
}

void ct_lives_free(struct ct_lives *l)
{
	ct_set_free(&l->last);
	ct_set_free(&l->made);
	free(l->events);
	*l = (struct ct_lives){0};
}
