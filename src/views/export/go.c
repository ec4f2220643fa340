/*
 * go.c - a trace as a Go execution trace.
 *
 * A thread is a goroutine and the M it runs on, with one number for both.  While it has a CPU, as far as anybody knows, it holds a P (a "processor"):
 * one of its own from when it begins to when it ends, or with --procs=cpu the CPU that switch records tell.
 *
 *	state             goroutine                        P
 *	awake, running    running                          held; and so while recording was stopped, unless the kernel told otherwise
 *	call              running, in a system call        held
 *	woken             runnable, unblocked by its waker  -
 *	preempted         runnable; so is who yields        -
 *	blocked           waiting for one of Go's reasons, or in a system call   -
 *	short, outside    waiting for a reason without a name; so is who is in a wait that is not chosen   -
 *
 * Between two states it goes the shortest way that the rules of the reader allow (go_order.h): whoever is to block has to run, who waits has to be
 * unblocked first, by its waker if that has a P then, else by itself.
 *
 * Tasks, regions and messages are Go's own (go_notes.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"
#include "views/analyze/text.h"
#include "views/export/export.h"
#include "views/export/go_int.h"
#include "views/export/go_ops.h"

/* A call shorter than this keeps its P, as one does in Go: no more than a mark in the run. */
#define SHORT_CALL_NS 20000u

/* Numbers the viewer has rows of its own for. */
#define PSEUDO_FIRST 1000001u
#define PSEUDO_LAST  1000005u

static struct goroutine *by_serial(struct export *x, uint32_t serial)
{
	uint64_t key = serial;
	uint32_t row = serial ? ct_table_find(&x->v->model->threads, &key) : CT_NONE;

	return row == CT_NONE || !x->all[row].number ? NULL : &x->all[row];
}

/* --- states --------------------------------------------------------------------------------------------------------------------- */

/* How the wait of the item is told; it is the same for all waits of a cell. */
static struct waiting waiting(struct export *x)
{
	const struct ct_timeline_item *i = x->item;
	struct waiting *known = i->cell == CT_NONE ? NULL : &x->by_cell[i->cell], w;
	struct ct_go_op op;

	if (known && known->known)
		return *known;
	op = ct_go_op(x->v->model, i->op, i->cell);
	w = (struct waiting){
		.reason = ct_go_string(x->w, op.reason),
		.stack = ct_go_stack(x->w, ct_go_stack_key(i->stack, i->op, false)),
		.how = (uint8_t)op.how,
		.known = true,
	};
	if (known)
		*known = w;
	return w;
}

static void outside(struct export *x, struct goroutine *g)
{
	ct_go_to_waiting(x, g, 0, x->outside);
}

/* Go knows no system call that is ready and has no CPU: it is left, and goes on as another one. */
static void preempted(struct export *x, struct goroutine *g)
{
	const struct ct_timeline_item *i = x->item;
	uint32_t stack = x->preempted;

	if (i->wait && i->stack)
		stack = ct_go_stack(x->w, ct_go_stack_key(i->stack, CT_GO_PREEMPTED, false));
	if (g->status == CT_GO_SYSCALL)
		ct_go_end_call(x, g);
	ct_go_to_stopped(x, g, ct_go_string(x->w, "preempted"), stack);
}

static void blocked(struct export *x, struct goroutine *g)
{
	const struct ct_timeline_item *i = x->item;
	struct waiting w = waiting(x);

	switch (w.how) {
	case CT_GO_BLOCKS: ct_go_to_waiting(x, g, w.reason, w.stack); break;
	case CT_GO_YIELDS: ct_go_to_stopped(x, g, w.reason, w.stack); break;
	default:
		ct_go_to_calling(x, g, w.stack,
				 i->source == CT_SOURCE_WAITS && !i->open &&
					 ct_trace_ns(x->v->trace, i->to) - x->now < SHORT_CALL_NS);
		break;
	}
}

/* It was released, and has no CPU yet. */
static void woken(struct export *x, struct goroutine *g)
{
	const struct ct_timeline_item *i = x->item;
	struct goroutine *by = by_serial(x, i->waker);

	if (g->status == CT_GO_RUNNING) { /* released before it was blocked */
		if (i->wait)
			blocked(x, g);
		else
			outside(x, g);
	}
	if (g->status == CT_GO_SYSCALL) {
		ct_go_drop_p(x, g);
		ct_go_end_call(x, g);
	} else if (g->status == CT_GO_WAITING && by && by != g && by->p) {
		ct_go_unblock(x, by->number, g,
			      ct_go_stack(x->w, ct_go_stack_key(i->waker_stack, i->op, true)));
	} else if (g->status == CT_GO_WAITING) { /* nobody here did it */
		ct_go_take_p(x, g);
		ct_go_unblock(x, g->number, g, g->stack);
		ct_go_drop_p(x, g);
	}
}

static void call(struct export *x, struct goroutine *g)
{
	struct waiting w = waiting(x);

	if (w.how == CT_GO_CALLS)
		ct_go_to_calling(x, g, w.stack, true);
	else
		ct_go_to_running(x, g);
}

/* With --procs=cpu it may go on elsewhere: then it has left the one it had. */
static void change_cpu(struct export *x, struct goroutine *g)
{
	if (g->p && ct_go_procs_other(&x->procs, g->p, x->item))
		preempted(x, g);
}

static void take_state(struct export *x, struct goroutine *g)
{
	const struct ct_timeline_item *i = x->item;

	switch (i->state) {
	case CT_STATE_RUNNING:
	case CT_STATE_AWAKE:
		change_cpu(x, g);
		ct_go_to_running(x, g);
		break;
	case CT_STATE_CALL:
		change_cpu(x, g);
		call(x, g);
		break;
	case CT_STATE_WOKEN: woken(x, g); break;
	case CT_STATE_PREEMPTED:
		if (i->wait && waiting(x).how == CT_GO_YIELDS)
			blocked(x, g);
		else
			preempted(x, g);
		break;
	case CT_STATE_BLOCKED: blocked(x, g); break;
	case CT_STATE_PAUSED:
		if (i->source == CT_SOURCE_SWITCHES)
			outside(x, g);
		else
			ct_go_to_running(x, g);
		break;
	default: outside(x, g); break;
	}
}

/*
 * A wait that is not chosen: the thread is off its CPU for a reason without a name, and on it in no call.  Who woke it is told of chosen waits only.
 */
static struct ct_timeline_item left_out(const struct ct_timeline_item *i)
{
	struct ct_timeline_item is = {.ticks = i->ticks,
				      .to = i->to,
				      .kind = i->kind,
				      .thread = i->thread,
				      .state = i->state,
				      .source = i->source,
				      .cpu = i->cpu,
				      .cell = CT_NONE};

	if (is.state == CT_STATE_BLOCKED)
		is.state = CT_STATE_OUTSIDE;
	else if (is.state == CT_STATE_CALL)
		is.state = CT_STATE_RUNNING;
	return is;
}

static void take_chosen(struct export *x, const struct ct_timeline_item *i)
{
	struct ct_timeline_item other;

	if (i->wait && !ct_choice_wait(&x->choice, i)) {
		other = left_out(i);
		x->item = &other;
	}
	take_state(x, &x->all[i->thread]);
	x->item = i;
}

/* --- lives ---------------------------------------------------------------------------------------------------------------------- */

static void begin(struct export *x, struct goroutine *g)
{
	const struct ct_thread *t = ct_model_thread_at(x->v->model, x->item->thread);
	struct goroutine *parent = by_serial(x, t->parent);
	uint32_t stack = ct_go_stack(x->w, ct_go_start_key(&x->stacks, t));

	if (++x->last_number == PSEUDO_FIRST)
		x->last_number = PSEUDO_LAST + 1;
	g->number = x->last_number;
	g->status = CT_GO_RUNNABLE;
	if (parent && parent->p && parent->status == CT_GO_RUNNING && x->item->ticks == t->begin) {
		ct_go_tell(x, parent->number, CT_GO_CREATE, g->number, stack,
			   ct_go_stack(x->w, ct_go_plain_key(t->create_stack)));
		return;
	}
	ct_go_take_p(x, g);
	ct_go_tell(x, g->number, CT_GO_CREATE, g->number, stack, 0);
	ct_go_drop_p(x, g);
}

static void end(struct export *x, struct goroutine *g)
{
	ct_go_to_running(x, g); /* profiles of go tool trace are of what has an end */
	if (!x->item->ended)
		return;
	ct_go_tell(x, g->number, CT_GO_DESTROY, 0, 0, 0);
	ct_go_drop_p(x, g);
	ct_go_procs_end(&x->procs, g->number);
	g->status = CT_GO_NONE;
}

/* --- records -------------------------------------------------------------------------------------------------------------------- */

static void note(struct export *x, const char *text)
{
	if (x->notes_n == NOTES_MAX)
		x->notes_left_out++;
	else
		snprintf(x->notes[x->notes_n++], NOTE_BYTES, "%.*s", (int)NOTE_BYTES - 1, text);
}

static void note_loss(struct export *x, const struct ct_record *r)
{
	const struct ct_thread *t = ct_model_thread(x->v->model, (uint32_t)r->v[CT_F_lost_thread]);
	uint64_t reason = r->v[CT_F_lost_reason];
	char text[CT_NAME_MAX + 200], name[CT_NAME_MAX];

	snprintf(text, sizeof(text), "lost: %llu records of %s in the %llu us before: %s",
		 (unsigned long long)r->v[CT_F_lost_count],
		 t ? ct_name_thread(x->v, t, name, sizeof(name)) : "several threads",
		 (unsigned long long)(ct_view_ns(x->v, r->v[CT_F_lost_span]) / 1000),
		 reason < CT_LOSS_REASONS ? ct_trace_loss_text((unsigned)reason) : "unknown");
	note(x, text);
}

/* What the trace counts as lost in all, of which nobody may have told when. */
static void note_losses(struct export *x)
{
	const uint64_t *lost = ct_trace_losses(x->v->trace);
	char text[200];
	unsigned i;

	for (i = 0; i < CT_LOSS_REASONS; i++) {
		if (!lost[i])
			continue;
		snprintf(text, sizeof(text), "lost in all: %llu: %s", (unsigned long long)lost[i],
			 ct_trace_loss_text(i));
		note(x, text);
	}
}

static void take_record(struct export *x, const struct ct_record *r)
{
	uint64_t process = r->v[CT_F_usage_process];
	struct goroutine *by = x->newest;

	if (r->type == CT_EV_lost) {
		note_loss(x, r);
		by = by_serial(x, (uint32_t)r->v[CT_F_lost_thread]);
	} else if (r->type == CT_EV_usage && process < x->v->model->tables.process_count &&
		   ct_view_shows_process(x->v, (uint32_t)process)) {
		x->memory += r->v[CT_F_usage_resident] - x->resident[process];
		x->resident[process] = r->v[CT_F_usage_resident];
		x->memory_due = true;
	}
	if (!by || by->status != CT_GO_RUNNING)
		by = x->newest;
	if (by && by->status == CT_GO_RUNNING)
		ct_go_tell_dues(x, by);
}

static void take(struct export *x, const struct ct_timeline_item *i)
{
	x->item = i;
	x->now = ct_trace_ns(x->v->trace, i->ticks);
	switch (i->kind) {
	case CT_TIMELINE_BEGIN: begin(x, &x->all[i->thread]); break;
	case CT_TIMELINE_STATE: take_chosen(x, i); break;
	case CT_TIMELINE_END: end(x, &x->all[i->thread]); break;
	case CT_TIMELINE_RECORD: take_record(x, i->record); break;
	default: ct_go_note(x); break;
	}
	if (!x->err && ct_go_full(x->w)) {
		x->err = ct_go_next_generation(x->w);
		x->gens++;
	}
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------ */

static bool shows_row(void *arg, uint32_t row)
{
	struct ct_view *v = arg;

	return ct_view_shows(v, ct_model_thread_at(v->model, row));
}

static uint64_t wall(void *arg, uint64_t ns)
{
	return ct_trace_realtime_ns(((struct ct_view *)arg)->trace, ns);
}

/* The stacks ask the view for names, the clock the trace. */
static size_t frames(void *arg, uint64_t key, struct ct_go_frame frame[CT_GO_FRAMES_MAX])
{
	return ct_go_stack_frames(&((struct export *)arg)->stacks, key, frame);
}

static uint64_t wall_of(void *arg, uint64_t ns)
{
	return wall(((struct export *)arg)->v, ns);
}

static uint32_t count_cpus(const struct ct_model *m)
{
	uint32_t i, n = m->turns.cpus.count;

	for (i = 0; i < m->turns.all.count; i++) {
		const struct ct_turn *t = ct_pool_at(&m->turns.all, i);

		if (t->cpu >= n)
			n = t->cpu + 1u;
	}
	return n;
}

/* Reading is the first third of it. */
static void show_third(void *progress, double done)
{
	ct_progress_show(progress, done / 3);
}

static int prepare(struct export *x, const struct ct_export_options *o, FILE *out,
		   struct ct_progress *progress)
{
	const struct ct_timeline_options options = {
		.events = 1ull << CT_EV_lost | 1ull << CT_EV_usage,
		.notes = true,
		.shows = x->v->o.thread || x->v->o.process ? shows_row : NULL,
		.arg = x->v,
	};
	const struct ct_go_wire_options wire = {
		.out = out,
		.version = o->go_version ? o->go_version : 22,
		.generation_events = o->generation_events,
		.stack = frames,
		.wall = wall_of,
		.arg = x,
	};
	struct ct_model *m = x->v->model;
	int err;

	x->cpus = count_cpus(m);
	err = ct_go_procs_init(&x->procs, o->procs == CT_PROCS_CPU ? x->cpus : 0);
	if (!x->cpus)
		x->cpus = 1;
	if (!err)
		err = ct_go_stacks_init(&x->stacks, x->v);
	if (!err)
		err = ct_go_notes_init(x);
	if (err)
		return err;
	x->gens = 1;
	x->all = calloc(m->threads.count + 1u, sizeof(*x->all));
	x->resident = calloc(m->tables.process_count + 1u, sizeof(*x->resident));
	x->by_cell = calloc(m->cells.count + 1u, sizeof(*x->by_cell));
	x->w = x->all && x->resident && x->by_cell
		       ? ct_go_wire_new(&wire, ct_trace_ns(x->v->trace, ct_view_from(x->v)))
		       : NULL;
	if (!x->w)
		return -ENOMEM;
	x->stacks.wire = x->w;
	x->outside = ct_go_stack(x->w, ct_go_stack_key(0, CT_GO_OUTSIDE, false));
	x->preempted = ct_go_stack(x->w, ct_go_stack_key(0, CT_GO_PREEMPTED, false));
	note_losses(x);
	err = ct_choice_init(&x->choice, x->v, &o->choice);
	if (!err)
		err = ct_timeline_build(x->v->trace, m, &options,
					x->v->o.progress ? show_third : NULL, progress,
					&x->timeline);
	return err ? err : ct_choice_measure(&x->choice, x->timeline);
}

int ct_export_go(struct ct_view *v, const struct ct_export_options *o, FILE *out,
		 struct ct_export_sums *sums)
{
	struct export x = {.v = v};
	struct ct_timeline_item item;
	struct ct_go_sizes sizes = {0};
	struct ct_progress progress;
	uint32_t n = 0;

	if (o->procs == CT_PROCS_CPU && !ct_turns_any(&v->model->turns)) {
		snprintf(sums->why, sizeof(sums->why),
			 "--procs=cpu takes switch records, and this trace has none");
		return -EINVAL;
	}
	ct_progress_start(&progress, "exporting");
	x.err = ct_export_chosen(o, prepare(&x, o, out, &progress), sums);
	while (!x.err && ct_timeline_next(x.timeline, &item)) {
		take(&x, &item);
		if (v->o.progress && (++n & 0xffff) == 0)
			ct_progress_show(&progress, (1 + 2 * ct_timeline_progress(x.timeline)) / 3);
	}
	ct_progress_end(&progress);
	if (!x.err)
		x.err = ct_go_wire_end(x.w, &sizes);
	if (x.err == -EPROTO)
		snprintf(
			sums->why, sizeof(sums->why),
			"internal error: the reader would refuse it at %llu ns of goroutine %u: %s",
			(unsigned long long)ct_go_now(x.w),
			x.item->thread == CT_NONE ? 0 : x.all[x.item->thread].number,
			ct_go_why(x.w));
	if (!x.err &&
	    (x.stacks.failed || x.stacks.lines.failed || x.stacks.frames.failed || x.tasks.failed))
		x.err = -ENOMEM;
	sums->bytes = sizes.bytes;
	sums->events = sizes.events;
	sums->generations = sizes.generations;
	sums->threads = x.last_number;
	sums->processors = x.procs.count;
	ct_timeline_free(x.timeline);
	ct_choice_free(&x.choice);
	ct_go_wire_free(x.w);
	ct_go_stacks_free(&x.stacks);
	ct_go_procs_free(&x.procs);
	ct_go_notes_free(&x);
	free(x.all);
	free(x.by_cell);
	free(x.resident);
	return x.err;
}
