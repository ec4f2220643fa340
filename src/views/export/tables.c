/*
 * tables.c - see tables.h: tables whose rows are rows of the model.
 */
#include "tables_int.h"

#include <errno.h>
#include <stdlib.h>

#include <ctrace/version.h>

#include "file/words.h"
#include "views/analyze/names.h"

/* --- about the trace ----------------------------------------------------------------------------------------------------- */

static void put_schema(struct ct_tables *x)
{
	const struct ct_export_table *t;
	const struct ct_column *c;
	unsigned i;

	for (i = 0; (t = ct_export_table(i)); i++)
		for (c = t->columns; c->name; c++) {
			ct_put_text(x, t->name);
			ct_put_text(x, t->text);
			ct_put_text(x, c->name);
			ct_put_text(x, c->type == CT_COLUMN_INTEGER ? "integer" : "text");
			ct_put_text(x, c->text);
			ct_end_row(x);
		}
}

static void fact(struct ct_tables *x, const char *key, const char *value)
{
	ct_put_text(x, key);
	ct_put_text(x, value);
	ct_end_row(x);
}

static void number(struct ct_tables *x, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	fact(x, key, text);
}

static void put_trace(struct ct_tables *x)
{
	const struct ct_header *h = ct_trace_header(x->v->trace);
	const struct ct_trace_info *info = ct_trace_info(x->v->trace);

	number(x, "schema", 1);
	fact(x, "ctrace", CTRACE_VERSION);
	fact(x, "file", info->path);
	fact(x, "host", h->host);
	fact(x, "kernel", h->kernel);
	number(x, "start_mono_ns", x->v->start_ns);
	number(x, "start_real_ns", ct_trace_realtime_ns(x->v->trace, x->v->start_ns));
	number(x, "from_ns", ct_view_when(x->v, ct_view_from(x->v)));
	number(x, "to_ns", ct_view_when(x->v, ct_view_to(x->v)));
	number(x, "short_wait_ns", h->wait_threshold_ns);
	number(x, "short_call_ns", h->call_threshold_ns);
	number(x, "complete", info->finished);
	number(x, "switches", ct_turns_any(&x->v->model->turns));
	if (x->v->o.thread)
		fact(x, "only_thread", x->v->o.thread);
	if (x->v->o.process)
		fact(x, "only_process", x->v->o.process);
	if (x->choice.o.lock)
		fact(x, "only_lock", x->choice.o.lock);
	if (x->choice.o.min_ns)
		number(x, "min_duration_ns", x->choice.o.min_ns);
}

static void add_note(void *arg, const char *text)
{
	ct_put_text(arg, text);
	ct_end_row(arg);
}

static void put_notes(struct ct_tables *x)
{
	ct_view_missing(x->v, add_note, x);
}

static void put_losses(struct ct_tables *x)
{
	const struct ct_trace_loss *rows;
	size_t n, i;
	int err = ct_trace_losses_by_thread(x->v->trace, &rows, &n);

	if (err < 0 && !x->sink->error)
		x->sink->error = err;
	for (i = 0; i < n && !x->sink->error; i++) {
		ct_put_id(x, rows[i].thread, rows[i].thread != 0);
		ct_put_text(x, ct_trace_loss_name(rows[i].reason));
		ct_put_int(x, rows[i].records);
		ct_put_time(x, rows[i].from_ticks);
		ct_put_time(x, rows[i].to_ticks);
		ct_end_row(x);
	}
}

/* --- processes and threads ----------------------------------------------------------------------------------------------- */

static void put_processes(struct ct_tables *x)
{
	const struct ct_model_tables *t = &x->v->model->tables;
	uint32_t i;

	for (i = 0; i < t->process_count; i++) {
		const struct ct_process_rec *p = &t->processes[i];

		if (!p->pid || !ct_view_shows_process(x->v, i))
			continue;
		ct_put_int(x, i);
		ct_put_int(x, p->pid);
		ct_put_int(x, p->ppid);
		ct_put_text(x, ct_trace_string(x->v->trace, p->exe));
		ct_put_text(x, ct_trace_string(x->v->trace, p->cmdline));
		ct_put_time(x, p->begin_ticks);
		ct_put_id(x, ct_view_when(x->v, p->end_ticks), p->end_ticks != 0);
		ct_put_id(x, p->exit_status, p->exit_status != CT_EXIT_UNKNOWN);
		ct_end_row(x);
	}
}

static void put_threads(struct ct_tables *x)
{
	struct ct_view *v = x->v;
	char buf[CT_NAME_MAX];
	uint32_t i;

	for (i = 0; i < v->model->threads.count; i++) {
		const struct ct_thread *t = ct_model_thread_at(v->model, i);

		if (!ct_view_shows(v, t))
			continue;
		ct_put_int(x, t->serial);
		ct_put_int(x, t->process);
		ct_put_int(x, t->tid);
		ct_put_id(x, t->parent, t->parent != 0);
		ct_put_text(x, ct_name_thread_bare(v, t, buf, sizeof(buf)));
		ct_put_text(x, ct_name_start(v, t, buf, sizeof(buf)));
		ct_put_int(x, t->main);
		ct_put_time(x, t->begin ? t->begin : t->first);
		ct_put_time(x, t->ended && t->end ? t->end : t->last);
		ct_put_int(x, t->ended);
		ct_put_stack(x, t->create_stack);
		ct_end_row(x);
	}
}

/* --- objects ------------------------------------------------------------------------------------------------------------- */

/* One that several processes share is there once. */
static void put_objects(struct ct_tables *x)
{
	struct ct_model *m = x->v->model;
	uint32_t *ops = ct_model_object_ops(m), i;
	char buf[CT_NAME_MAX];

	if (!ops) {
		x->sink->error = -ENOMEM;
		return;
	}
	for (i = 0; i < m->object_count && !x->sink->error; i++) {
		const struct ct_place *p = ct_model_place(m, i);

		if (m->objects[i].same && m->objects[i].same - 1 != i)
			continue;
		if (x->objects && !x->objects[i])
			continue;
		ct_put_int(x, i);
		ct_put_id(x, p->process, p->process < m->tables.process_count);
		ct_put_text(x, ct_kind_name((enum ct_kind)p->kind));
		ct_put_text(x, ct_name_object(x->v, i, ops[i], buf, sizeof(buf)));
		ct_put_int(x, p->address);
		ct_put_stack(x, m->objects[i].init_stack);
		ct_end_row(x);
	}
	free(ops);
}

static void lock_row(struct ct_tables *x, const struct ct_row *r, uint32_t id)
{
	struct ct_view *v = x->v;
	char buf[CT_NAME_MAX];

	ct_put_int(x, id);
	ct_put_text(x, r->op >= CT_OP_FIRST_CALL ? ct_op_key(r->op)
						 : ct_kind_name((enum ct_kind)r->kind));
	ct_put_text(x, ct_row_object(v, r, buf, sizeof(buf)));
	ct_put_int(x, ct_view_pid(v, r->process));
	ct_put_int(x, r->objects);
	ct_put_int(x, r->waits);
	ct_put_int(x, r->short_waits);
	ct_put_int(x, r->open);
	ct_put_int(x, r->timeouts);
	ct_put_int(x, ct_view_ns(v, r->total));
	ct_put_int(x, ct_view_ns(v, r->short_total));
	ct_put_int(x, ct_view_ns(v, r->p50));
	ct_put_int(x, ct_view_ns(v, r->p99));
	ct_put_int(x, ct_view_ns(v, r->max));
	ct_put_int(x, ct_view_ns(v, r->part_total[CT_WHY_LOCK]));
	ct_put_int(x, ct_view_ns(v, r->part_total[CT_WHY_OTHERS]));
	ct_put_int(x, ct_view_ns(v, r->part_total[CT_WHY_IDLE]));
	ct_end_row(x);
}

static void put_locks(struct ct_tables *x)
{
	struct ct_rows rows;
	uint32_t i, c;
	bool chosen;
	int err = ct_rows_build(x->v, CT_WHY_ALL, CT_KINDS_SYNC, &rows);

	if (err) {
		x->sink->error = err;
		return;
	}
	for (i = 0; i < rows.count && !x->sink->error; i++) {
		err = ct_row_percentiles(x->v, &rows, i);
		if (err)
			x->sink->error = err;
		for (chosen = false, c = rows.row[i].cells; c < rows.row[i + 1].cells; c++) {
			x->lock_of_cell[rows.cell[c]] = i + 1;
			chosen |= ct_choice_cell(&x->choice, rows.cell[c]);
		}
		if (chosen)
			lock_row(x, &rows.row[i], i + 1);
	}
	ct_rows_free(&rows);
}

static void put_sums(struct ct_tables *x)
{
	struct ct_model *m = x->v->model;
	uint32_t i;

	for (i = 0; i < m->cells.count && !x->sink->error; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);

		if (!ct_view_shows(x->v, ct_model_thread_at(m, c->thread)) || !ct_cell_waits(c) ||
		    !ct_choice_cell(&x->choice, i))
			continue;
		ct_put_int(x, i);
		ct_put_thread(x, c->thread);
		ct_put_int(x, c->object);
		ct_put_id(x, x->lock_of_cell[i], x->lock_of_cell[i] != 0);
		ct_put_text(x, ct_op_key(c->op));
		ct_put_stack(x, c->stack);
		ct_put_text(x, c->why < CT_WHYS ? ct_why_name((enum ct_why)c->why) : "unknown");
		ct_put_int(x, ct_cell_waits(c));
		ct_put_int(x, ct_view_ns(x->v, ct_cell_total(c)));
		ct_put_int(x, ct_view_ns(x->v, c->max));
		ct_put_int(x, c->short_waits);
		ct_put_int(x, ct_view_ns(x->v, c->short_total));
		ct_end_row(x);
	}
}

static void put_calls(struct ct_tables *x)
{
	struct ct_model *m = x->v->model;
	uint32_t i;

	for (i = 0; i < m->calls.count && !x->sink->error; i++) {
		const struct ct_calls *c = ct_table_row(&m->calls, i);

		if (!ct_view_shows(x->v, ct_model_thread_at(m, c->thread)))
			continue;
		ct_put_thread(x, c->thread);
		ct_put_text(x, ct_op_key(c->op));
		ct_put_int(x, c->count);
		ct_put_int(x, ct_view_ns(x->v, c->total));
		ct_put_int(x, ct_view_ns(x->v, c->max));
		ct_put_int(x, c->recorded);
		ct_put_int(x, ct_view_ns(x->v, c->recorded_total));
		ct_end_row(x);
	}
}

/* --- all of them --------------------------------------------------------------------------------------------------------- */

/* With a lock only its objects. */
static int choose_objects(struct ct_tables *x)
{
	const struct ct_model *m = x->v->model;
	uint32_t i, object;

	if (!x->choice.o.lock)
		return 0;
	x->objects = calloc(m->object_count + 1u, 1);
	for (i = 0; x->objects && i < m->cells.count; i++) {
		object = ct_model_cell(m, i)->object;
		if (ct_choice_cell(&x->choice, i))
			x->objects[m->objects[object].same ? m->objects[object].same - 1 : object] =
				1;
	}
	return x->objects ? 0 : -ENOMEM;
}

int ct_export_tables(struct ct_view *v, const struct ct_export_options *o, struct ct_sink *sink,
		     struct ct_export_sums *sums)
{
	static void (*const fill[CT_TABLES])(struct ct_tables *) = {
		[CT_TABLE_SCHEMA] = put_schema,
		[CT_TABLE_TRACE] = put_trace,
		[CT_TABLE_PROCESSES] = put_processes,
		[CT_TABLE_THREADS] = put_threads,
		[CT_TABLE_OBJECTS] = put_objects,
		[CT_TABLE_LOCKS] = put_locks,
		[CT_TABLE_SUMS] = put_sums,
		[CT_TABLE_CALLS] = put_calls,
		[CT_TABLE_WAITS] = ct_tables_waits,
		[CT_TABLE_STATES] = ct_tables_states,
		[CT_TABLE_SWITCHES] = ct_tables_switches,
		[CT_TABLE_TASKS] = ct_tables_tasks,
		[CT_TABLE_REGIONS] = ct_tables_regions,
		[CT_TABLE_LOGS] = ct_tables_logs,
		[CT_TABLE_STACKS] = ct_tables_stacks,
		[CT_TABLE_FRAMES] = ct_tables_frames,
		[CT_TABLE_LOSSES] = put_losses,
		[CT_TABLE_NOTES] = put_notes,
	};
	struct ct_tables x = {.v = v, .sink = sink, .sums = sums};
	unsigned i;
	int err;

	x.stacks = calloc(v->model->tables.node_count + 1u, 1);
	x.lock_of_cell = calloc(v->model->cells.count + 1u, sizeof(*x.lock_of_cell));
	ct_progress_start(&x.progress, "exporting");
	err = ct_choice_init(&x.choice, v, &o->choice);
	if (!err)
		err = x.stacks && x.lock_of_cell ? ct_tables_timeline(&x) : -ENOMEM;
	if (!err)
		err = choose_objects(&x);
	err = ct_export_chosen(o, err, sums);
	for (i = 0; i < CT_TABLES && !err; i++) {
		sink->table(sink, ct_export_table(i));
		if (!sink->error)
			fill[i](&x);
		sink->done(sink);
		err = sink->error;
	}
	ct_progress_end(&x.progress);
	ct_timeline_free(x.timeline);
	ct_choice_free(&x.choice);
	free(x.objects);
	free(x.stacks);
	free(x.lock_of_cell);
	return err;
}
