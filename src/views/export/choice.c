/*
 * choice.c - see choice.h.
 */
#include "views/export/choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"
#include "views/analyze/rows.h"
#include "views/analyze/text.h"

/* --- by name ----------------------------------------------------------------------------------------------------------------- */

/* Rows are what is printed: an array of locks is one.  Returns false when there is none. */
static bool choose_rows(struct ct_choice *c, const struct ct_rows *rows, const char *lock)
{
	char name[CT_NAME_MAX];
	bool any = false;
	uint32_t i, k;

	for (i = 0; i < rows->count; i++) {
		if (!ct_row_is_called(ct_row_name(c->v, &rows->row[i], name, sizeof(name)), lock) &&
		    !ct_row_is_called(ct_row_object(c->v, &rows->row[i], name, sizeof(name)), lock))
			continue;
		for (k = rows->row[i].cells; k < rows->row[i + 1].cells; k++)
			c->wanted[rows->cell[k]] = 1;
		any = true;
	}
	return any;
}

/* And one lock of an array, as `ctrace locks --each` prints it. */
static bool choose_objects(struct ct_choice *c, const char *lock)
{
	const struct ct_model *m = c->v->model;
	uint32_t i, object = CT_NONE, op = 0;
	bool any = false, is = false;
	char name[CT_NAME_MAX];

	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *cell = ct_model_cell(m, i);

		if (cell->object != object || cell->op != op)
			is = ct_row_is_called(ct_name_wait(c->v, cell, name, sizeof(name)), lock) ||
			     ct_row_is_called(ct_name_object(c->v, cell->object, cell->op, name,
							     sizeof(name)),
					      lock);
		object = cell->object;
		op = cell->op;
		c->wanted[i] |= is;
		any |= is;
	}
	return any;
}

static int choose(struct ct_choice *c, const char *lock)
{
	struct ct_rows rows = {0};
	bool any;
	int err;

	c->wanted = calloc(c->v->model->cells.count + 1u, 1);
	if (!c->wanted)
		return -ENOMEM;
	err = ct_rows_build(c->v, CT_WHY_ALL, CT_KINDS_ALL, &rows);
	if (err)
		return err;
	any = choose_rows(c, &rows, lock);
	any |= choose_objects(c, lock);
	ct_rows_free(&rows);
	return any ? 0 : -ENOENT;
}

int ct_choice_init(struct ct_choice *c, struct ct_view *v, const struct ct_choice_options *o)
{
	*c = (struct ct_choice){.v = v, .o = *o};
	return o->lock ? choose(c, o->lock) : 0;
}

void ct_choice_free(struct ct_choice *c)
{
	uint32_t i;

	for (i = 0; c->short_waits && i < c->v->model->threads.count; i++)
		free(c->short_waits[i]);
	free(c->short_waits);
	free(c->short_room);
	free(c->wanted);
}

/* --- by length -------------------------------------------------------------------------------------------------------- */

static bool is_short(const struct ct_choice *c, uint32_t row, uint32_t wait)
{
	uint32_t word = wait / 64;

	return c->short_room && word < c->short_room[row] &&
	       c->short_waits[row][word] >> wait % 64 & 1;
}

static void mark_short(struct ct_choice *c, uint32_t row, uint32_t wait)
{
	uint32_t word = wait / 64, room = c->short_room[row];
	uint64_t *p;

	if (word >= room) {
		room = word + word / 2 + 8;
		p = realloc(c->short_waits[row], room * sizeof(*p));
		if (!p) {
			c->failed = true;
			return;
		}
		memset(p + c->short_room[row], 0, (room - c->short_room[row]) * sizeof(*p));
		c->short_waits[row] = p;
		c->short_room[row] = room;
	}
	c->short_waits[row][word] |= 1ull << wait % 64;
}

static uint64_t length(const struct ct_choice *c, uint64_t from, uint64_t to)
{
	return ct_trace_span_ns(c->v->trace, to, to - from);
}

/* The wait that a thread is in. */
struct measured {
	struct ct_timeline_item last; /* wait 0: in none */
	uint64_t from;
};

/* A wait tells its length only at its end, so all are gone through before.  Returns whether it is chosen. */
static bool end_wait(struct ct_choice *c, const struct measured *at,
		     const struct ct_timeline_item *i)
{
	if (!at->last.wait || !ct_choice_cell(c, at->last.cell))
		return false;
	if (length(c, at->from, i->ticks) >= c->o.min_ns)
		return true;
	mark_short(c, i->thread, at->last.wait);
	return false;
}

static bool measure(struct ct_choice *c, struct measured *at, const struct ct_timeline_item *i)
{
	bool chosen = false;

	if (i->kind == CT_TIMELINE_REGION_BEGIN)
		return !c->o.lock && ct_choice_region(c, i);
	if (i->kind != CT_TIMELINE_STATE && i->kind != CT_TIMELINE_END)
		return false;
	if (i->kind == CT_TIMELINE_END || i->wait != at->last.wait) {
		chosen = end_wait(c, at, i);
		at->from = i->ticks;
		at->last = *i;
	}
	return chosen || (i->kind == CT_TIMELINE_STATE && !i->wait && ct_choice_state(c, i));
}

int ct_choice_measure(struct ct_choice *c, struct ct_timeline *tl)
{
	uint32_t n = c->v->model->threads.count + 1;
	struct ct_timeline_item i;
	struct measured *at;
	bool any = false;

	if (!c->o.min_ns && !c->o.lock)
		return 0;
	at = calloc(n, sizeof(*at));
	c->short_waits = calloc(n, sizeof(*c->short_waits));
	c->short_room = calloc(n, sizeof(*c->short_room));
	if (!at || !c->short_waits || !c->short_room)
		c->failed = true;
	while (!c->failed && ct_timeline_next(tl, &i))
		if (i.thread != CT_NONE)
			any |= measure(c, &at[i.thread], &i);
	free(at);
	ct_timeline_rewind(tl);
	return c->failed ? -ENOMEM : any ? 0 : -ENODATA;
}

bool ct_choice_wait(const struct ct_choice *c, const struct ct_timeline_item *i)
{
	return ct_choice_cell(c, i->cell) && !is_short(c, i->thread, i->wait);
}

bool ct_choice_state(const struct ct_choice *c, const struct ct_timeline_item *i)
{
	if (i->wait)
		return ct_choice_wait(c, i);
	return !c->o.lock && (!c->o.min_ns || length(c, i->ticks, i->to) >= c->o.min_ns);
}

bool ct_choice_region(const struct ct_choice *c, const struct ct_timeline_item *i)
{
	return !c->o.min_ns || length(c, i->note->begin, i->note->end) >= c->o.min_ns;
}

void ct_choice_why(const struct ct_choice_options *o, int err, char *text, size_t size)
{
	char dur[CT_TEXT_NUMBER], name[128];

	if (o->lock)
		ct_text_safe(name, sizeof(name), o->lock);
	if (err == -ENOENT)
		snprintf(text, size,
			 "nothing that threads waited for is called %s; ctrace locks lists names",
			 name);
	else if (o->lock && o->min_ns)
		snprintf(text, size, "no wait for %s in what is looked at is as long as %s", name,
			 ct_text_ns(dur, o->min_ns));
	else if (o->lock)
		snprintf(text, size, "there is no wait for %s in what is looked at", name);
	else
		snprintf(text, size, "nothing in what is looked at is as long as %s",
			 ct_text_ns(dur, o->min_ns));
}
