/*
 * model.c - a model from its making to its end; what it is told in between is take.c's.  See model.h for the picture.
 */
#include "model_int.h"

#include <errno.h>
#include <stdlib.h>

#include "file/words.h"

struct ct_model *ct_model_new(const struct ct_model_tables *tables,
			      const struct ct_model_options *options)
{
	struct ct_model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->tables = *tables;
	m->options = *options;
	m->begin = tables->begin_ticks;
	m->end = tables->end_ticks;
	m->last_thread = m->last_place = m->last_cell = CT_NONE;
	m->wakes.item_bytes = sizeof(struct ct_wake);
	m->pending.item_bytes = sizeof(struct ct_pending);
	m->fd_names.item_bytes = sizeof(struct ct_fd_name);
	m->more.item_bytes = sizeof(struct ct_more);
	m->mappings.item_bytes = sizeof(struct ct_mapping);
	m->marks.item_bytes = sizeof(struct ct_pause_mark);
	if (ct_table_init(&m->threads, sizeof(struct ct_thread), 8) < 0 ||
	    ct_table_init(&m->places, sizeof(struct ct_place), 16) < 0 ||
	    ct_table_init(&m->cells, sizeof(struct ct_cell), 16) < 0 ||
	    ct_table_init(&m->bins, sizeof(struct ct_bin), 16) < 0 ||
	    ct_table_init(&m->edges, sizeof(struct ct_edge), 8) < 0 ||
	    ct_table_init(&m->calls, sizeof(struct ct_calls), 8) < 0 ||
	    ct_table_init(&m->hist, sizeof(struct ct_hist_row), 8) < 0 || ct_shared_homes(m) < 0 ||
	    ct_turns_init(&m->turns) < 0 || ct_ran_init(m) < 0) {
		ct_model_free(m);
		return NULL;
	}
	return m;
}

void ct_model_free(struct ct_model *m)
{
	uint32_t i;

	if (!m)
		return;
	for (i = 0; i < m->more.count; i++) {
		struct ct_more *more = ct_pool_at(&m->more, i);

		free(more->longest);
		free(more->left);
	}
	ct_table_free(&m->threads);
	ct_table_free(&m->places);
	ct_table_free(&m->cells);
	ct_table_free(&m->bins);
	ct_table_free(&m->edges);
	ct_table_free(&m->calls);
	ct_table_free(&m->hist);
	ct_pool_free(&m->wakes);
	ct_pool_free(&m->pending);
	ct_pool_free(&m->fd_names);
	ct_pool_free(&m->more);
	ct_pool_free(&m->mappings);
	ct_pool_free(&m->marks);
	free(m->pauses);
	ct_turns_free(&m->turns);
	ct_ran_free(m);
	free(m->by_outside);
	free(m->objects);
	free(m->open);
	free(m->circles);
	free(m->by_tid);
	free(m->ipc_homes);
	free(m->module_runtime);
	free(m);
}

void ct_model_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	switch (r->type) {
	case CT_EV_thread_begin:
	case CT_EV_thread_end:
	case CT_EV_thread_create:
	case CT_EV_thread_name: ct_threads_learn(m, who, r); break;
	case CT_EV_object:
	case CT_EV_shared:
	case CT_EV_fd: ct_objects_learn(m, who, r); break;
	case CT_EV_mapping: ct_shared_learn(m, who, r); break;
	case CT_EV_recording: ct_pauses_learn(m, who, r); break;
	case CT_EV_ran:
	case CT_EV_account: ct_ran_learn(m, who, r); break;
	case CT_EV_outside: ct_threads_learn_outside(m, who, r); break;
	default: break;
	}
}

void ct_model_open_wait(struct ct_model *m, const struct ct_open_wait *w)
{
	if (m->open_count == m->open_room) {
		uint32_t room = m->open_room ? m->open_room * 2 : 16;
		struct ct_open_wait *p = realloc(m->open, room * sizeof(*p));

		if (!p) {
			m->error = -ENOMEM;
			return;
		}
		m->open = p;
		m->open_room = room;
	}
	m->open[m->open_count] = *w;
	m->open[m->open_count++].cell = CT_NONE;
}

/* --- the end ----------------------------------------------------------------------------------------------------------------- */

/* A wait that was still going on counts for as long as it lasted. */
static void finish_open(struct ct_model *m)
{
	uint32_t i;

	for (i = 0; i < m->open_count; i++)
		if (m->open[i].start > m->end)
			m->end = m->open[i].start; /* nothing later was seen */
	for (i = 0; i < m->open_count; i++) {
		struct ct_open_wait *w = &m->open[i];
		uint32_t thread = ct_threads_row(m, w->thread), object, cell;
		struct ct_more *more;
		struct ct_cell *c;
		uint64_t end = ct_thread_last(m, ct_model_thread_at(m, thread));

		object = ct_objects_at(m, w->process, w->op, w->object, w->start);
		if (object == CT_NONE || !ct_in_window(m, end))
			continue;
		if (w->stack && w->start < m->objects[object].first_ticks) {
			m->objects[object].first_ticks = w->start;
			m->objects[object].first_stack = w->stack;
		}
		cell = ct_cell_at(m, thread, object, w->stack, w->op);
		c = ct_model_cell(m, cell);
		c->open = true;
		c->open_total = end > w->start ? end - w->start : 0;
		more = ct_cell_keep(m, c);
		if (more) {
			more->open_since = w->start ? w->start : 1;
			more->open_owner = w->owner;
		}
		if (c->open_total > c->max)
			c->max = c->open_total;
		if (ct_op_class(w->op) == CT_CLASS_LOCK && w->owner)
			ct_edge_add(m, c->bin, CT_EDGE_HOLDS, w->owner, c->open_total);
		ct_cell_length(m, c->bin, c->open_total, 1);
		w->cell = cell;
	}
}

/* A kept wait learns who was found to have ended it. */
static void take_match(const struct ct_model *m, const struct ct_cell *c, struct ct_long *l)
{
	const struct ct_pending *p;
	struct ct_kernel_waker w;

	if (!l->pending) {
		if (c->op < CT_OP_FIRST_CALL || l->waker ||
		    !ct_kernel_waker(m, c->thread, l->end, l->dur, &w))
			return;
		l->waker = w.thread;
		l->stranger = w.stranger;
		l->ago = w.ago;
		return;
	}
	p = ct_pool_at(&m->pending, l->pending - 1);
	l->waker = p->waker;
	l->waker_stack = p->waker ? p->waker_stack : 0;
	l->stranger = p->stranger;
	if (p->ago != CT_AGO_UNKNOWN)
		l->ago = p->ago;
}

int ct_model_finish(struct ct_model *m)
{
	uint32_t i, k;
	int err;

	if (!m->placed)
		ct_objects_settle(m);
	finish_open(m);
	ct_calls_finish(m);
	err = ct_threads_finish(m);
	if (!err) {
		ct_threads_leave(m);
		err = ct_turns_finish(&m->turns, m->begin, m->end);
	}
	if (!err)
		err = ct_pauses_finish(m);
	if (!err)
		err = ct_ran_finish(m);
	if (!err)
		ct_threads_born(m);
	if (!err)
		err = ct_match(m);
	if (!err)
		err = ct_classify(m);
	if (!err)
		err = ct_deadlocks_find(m);
	for (i = 0; i < m->cells.count && !err; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);
		const struct ct_more *more = ct_cell_more(m, c);

		for (k = 0; k < more->longest_count; k++)
			take_match(m, c, &more->longest[k]);
	}
	if (!err &&
	    (m->threads.failed || m->places.failed || m->cells.failed || m->bins.failed ||
	     m->edges.failed || m->calls.failed || m->hist.failed || m->wakes.failed ||
	     m->pending.failed || m->fd_names.failed || m->more.failed || m->mappings.failed))
		err = -ENOMEM;
	ct_pool_free(&m->wakes); /* all are matched: who wants them again reads the trace */
	return err ? err : m->error;
}
