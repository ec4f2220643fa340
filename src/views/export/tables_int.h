/*
 * tables_int.h - what the files that fill the tables share.
 */
#ifndef CT_TABLES_INT_H
#define CT_TABLES_INT_H

#include "model/timeline.h"
#include "views/analyze/rows.h"
#include "views/export/choice.h"
#include "views/export/tables.h"

enum ct_table_number {
	CT_TABLE_SCHEMA,
	CT_TABLE_TRACE,
	CT_TABLE_PROCESSES,
	CT_TABLE_THREADS,
	CT_TABLE_OBJECTS,
	CT_TABLE_LOCKS,
	CT_TABLE_SUMS,
	CT_TABLE_CALLS,
	CT_TABLE_WAITS,
	CT_TABLE_STATES,
	CT_TABLE_SWITCHES,
	CT_TABLE_TASKS,
	CT_TABLE_REGIONS,
	CT_TABLE_LOGS,
	CT_TABLE_STACKS,
	CT_TABLE_FRAMES,
	CT_TABLE_LOSSES,
	CT_TABLE_NOTES,
	CT_TABLES
};

struct ct_tables {
	struct ct_view *v;
	struct ct_sink *sink;
	struct ct_export_sums *sums;
	struct ct_timeline *timeline;
	struct ct_choice choice;
	uint8_t *objects;	/* by number: chosen; NULL: all are */
	uint32_t *lock_of_cell; /* row of the table locks + 1; 0: in none */
	uint8_t *stacks;	/* by id: CT_STACK_* */
	uint64_t last_frame;	/* in its table */
	struct ct_progress progress;
};
#define CT_STACK_ASKED	1u /* something tells of it */
#define CT_STACK_CALLER 2u /* one of its callees is in the table */

static inline void ct_put_int(struct ct_tables *x, uint64_t value)
{
	x->sink->integer(x->sink, (int64_t)value);
}

static inline void ct_put_text(struct ct_tables *x, const char *text)
{
	x->sink->text(x->sink, text);
}

/* Nothing where there is no such thing. */
static inline void ct_put_id(struct ct_tables *x, uint64_t id, bool is)
{
	if (is)
		ct_put_int(x, id);
	else
		x->sink->nothing(x->sink);
}

static inline void ct_put_time(struct ct_tables *x, uint64_t ticks)
{
	ct_put_int(x, ct_view_when(x->v, ticks));
}

static inline void ct_put_stack(struct ct_tables *x, uint32_t stack)
{
	bool is = stack && stack < x->v->model->tables.node_count;

	if (is)
		x->stacks[stack] |= CT_STACK_ASKED;
	ct_put_id(x, stack, is);
}

static inline void ct_end_row(struct ct_tables *x)
{
	x->sums->events++;
	x->sink->row(x->sink);
}

/* Thread by its row: its number in the tables. */
static inline void ct_put_thread(struct ct_tables *x, uint32_t row)
{
	bool is = row < x->v->model->threads.count;

	ct_put_id(x, is ? ct_model_thread_at(x->v->model, row)->serial : 0, is);
}

/* How far it is; most of it are the two walks over the timeline, the first half and the second one. */
static inline void ct_tables_progress(struct ct_tables *x, unsigned half)
{
	if (x->v->o.progress && (x->sums->events & 0xffff) == 0)
		ct_progress_show(&x->progress, (half + ct_timeline_progress(x->timeline)) / 2);
}

/*
 * The rows of tables that want more than a few lines.  Errors are in the sink; ct_tables_timeline() also returns those of reading.
 */
int ct_tables_timeline(struct ct_tables *x);
void ct_tables_waits(struct ct_tables *x);
void ct_tables_states(struct ct_tables *x);
void ct_tables_switches(struct ct_tables *x);
void ct_tables_tasks(struct ct_tables *x);
void ct_tables_regions(struct ct_tables *x);
void ct_tables_logs(struct ct_tables *x);
void ct_tables_stacks(struct ct_tables *x);
void ct_tables_frames(struct ct_tables *x);

#endif
