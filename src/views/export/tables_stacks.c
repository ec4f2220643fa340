/*
 * tables_stacks.c - the tables of stacks and frames: a tree of callers, so that they grow with the program and not with the depth of its stacks.
 */
#include "tables_int.h"

#include <errno.h>
#include <stdlib.h>

#include "views/analyze/names.h"

/* Callers have smaller numbers than who they call. */
static void mark_callers(struct ct_tables *x)
{
	const struct ct_model_tables *t = &x->v->model->tables;
	uint32_t i;

	for (i = t->node_count; i-- > 1;)
		if (x->stacks[i] && t->nodes[i].parent < i)
			x->stacks[t->nodes[i].parent] |= CT_STACK_CALLER;
}

/* Text on a stack of any depth, as far as it fits. */
#define CHAIN_MAX 4096

/* A frame is known by the first node that has it. */
struct frame_row {
	uint64_t frame; /* key */
	uint64_t id;
};

static uint64_t id_of(struct ct_table *frames, uint64_t frame)
{
	struct frame_row *row = ct_table_row(frames, ct_table_put(frames, &frame));

	if (!row->id)
		row->id = frames->count;
	return row->id;
}

static void each_stack(struct ct_tables *x, struct ct_table *frames,
		       void (*take)(struct ct_tables *x, uint32_t stack, uint64_t frame_id))
{
	const struct ct_model_tables *t = &x->v->model->tables;
	uint32_t i;

	for (i = 1; i < t->node_count && !x->sink->error; i++) {
		uint64_t id;

		if (!x->stacks[i])
			continue;
		id = id_of(frames, t->nodes[i].frame);
		if (frames->failed)
			x->sink->error = -ENOMEM;
		else
			take(x, i, id);
	}
}

static void stack_row(struct ct_tables *x, uint32_t stack, uint64_t frame_id)
{
	const struct ct_trie_node *n = &x->v->model->tables.nodes[stack];
	bool asked = x->stacks[stack] & CT_STACK_ASKED, called = n->parent && n->parent < stack;
	char text[CHAIN_MAX];

	ct_put_int(x, stack);
	ct_put_id(x, n->parent, called);
	ct_put_int(x, frame_id);
	ct_put_text(x, asked ? ct_name_site(x->v, stack, text, CT_NAME_MAX) : NULL);
	ct_put_text(x, asked ? ct_name_chain(x->v, stack, text, sizeof(text)) : NULL);
	ct_end_row(x);
}

static void with_frames(struct ct_tables *x,
			void (*take)(struct ct_tables *x, uint32_t stack, uint64_t frame_id))
{
	struct ct_table frames;

	mark_callers(x);
	if (ct_table_init(&frames, sizeof(struct frame_row), 8) < 0) {
		x->sink->error = -ENOMEM;
		return;
	}
	each_stack(x, &frames, take);
	ct_table_free(&frames);
}

void ct_tables_stacks(struct ct_tables *x)
{
	with_frames(x, stack_row);
}

/* --- frames -------------------------------------------------------------------------------------------------------------- */

static void put_build_id(struct ct_tables *x, const struct ct_module_rec *m)
{
	char hex[2 * sizeof(m->build_id) + 1] = "";
	size_t i;

	for (i = 0; m && i < m->build_id_len && i < sizeof(m->build_id); i++)
		snprintf(hex + 2 * i, 3, "%02x", m->build_id[i]);
	ct_put_text(x, hex[0] ? hex : NULL);
}

static void put_frame(struct ct_tables *x, uint64_t frame, uint64_t id)
{
	bool cut = frame >> CT_FRAME_MODULE_SHIFT == CT_MODULE_TRUNCATED;
	const struct ct_module_rec *m = ct_trace_module(x->v->trace, frame);
	const struct ct_name_line *l = NULL;
	size_t n = cut ? 0 : ct_name_lines(x->v, frame, &l), i;

	for (i = 0; i < n || !i; i++) {
		const struct ct_name_line *line = i < n ? &l[i] : NULL;

		ct_put_int(x, id);
		ct_put_int(x, i);
		ct_put_text(x, line ? line->function : NULL);
		ct_put_text(x, line ? line->file : NULL);
		ct_put_id(x, line ? line->line : 0, line && line->line);
		ct_put_text(x, cut ? "(cut)" : m ? ct_trace_string(x->v->trace, m->path) : NULL);
		put_build_id(x, m);
		ct_put_int(x, frame & CT_FRAME_OFFSET);
		ct_end_row(x);
	}
}

/* Numbers are given in the order of nodes, so the first time a frame is met its number is the greatest so far. */
static void frame_rows(struct ct_tables *x, uint32_t stack, uint64_t frame_id)
{
	if (frame_id <= x->last_frame)
		return;
	x->last_frame = frame_id;
	put_frame(x, x->v->model->tables.nodes[stack].frame, frame_id);
}

void ct_tables_frames(struct ct_tables *x)
{
	with_frames(x, frame_rows);
}
