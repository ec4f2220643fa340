/*
 * ctf.c - a trace in the Common Trace Format 1.8, for babeltrace2 and Trace Compass.
 *
 * The timeline, event by event: lives, states, waits with what they were for and who ended them, and tasks, regions and messages of the program.  A stack is told once, before the first event that
 * has its number.  Lost records are events, and count as discarded in the packet in which they are lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/timeline.h"
#include "views/analyze/names.h"
#include "views/export/ctf_wire.h"
#include "views/export/export.h"
#include "views/export/go_text.h"

/* Times that a viewer can still add to. */
#define NS_MAX (1ull << 60)

/* Of a thread: the wait it is in. */
struct in_wait {
	uint32_t wait; /* 0: in none */
	uint32_t waker, waker_stack, stranger;
	int64_t result;
	bool open;
};

struct ctf {
	struct ct_view *v;
	struct ct_ctf_wire wire;
	struct ct_timeline *timeline;
	struct ct_choice choice;
	struct ct_export_sums *sums;
	struct in_wait *waits; /* by row of the thread */
	uint32_t *objects;     /* by cell: place + 1 of its object's name */
	struct ct_pool_text names;
	uint8_t *stacks; /* by id: it was told */
	const struct ct_trace_loss *losses;
	uint32_t *loss_order; /* by when they were over */
	size_t loss_count, loss_told;
	struct ct_progress progress;
	uint32_t taken;
};

static uint64_t when(const struct ctf *x, uint64_t ticks)
{
	uint64_t ns = ct_view_when(x->v, ticks);

	return ns < NS_MAX ? ns : NS_MAX;
}

static void event(struct ctf *x, enum ct_ctf_event id, uint64_t ns, uint32_t row)
{
	const struct ct_model *m = x->v->model;
	const struct ct_thread *t = row < m->threads.count ? ct_model_thread_at(m, row) : NULL;

	ct_ctf_event(&x->wire, id, ns, t ? ct_view_pid(x->v, t->process) : 0, t ? t->tid : 0,
		     t ? (uint32_t)t->serial : 0);
}

static uint32_t tell_stack(struct ctf *x, uint64_t ns, uint32_t row, uint32_t stack)
{
	char text[4096];

	if (stack >= x->v->model->tables.node_count)
		return 0;
	if (stack && !x->stacks[stack]) {
		x->stacks[stack] = 1;
		event(x, CT_CTF_STACK, ns, row);
		ct_ctf_u32(&x->wire, stack);
		ct_ctf_text(&x->wire, ct_name_chain(x->v, stack, text, sizeof(text)));
	}
	return stack;
}

/* --- what is told at the beginning --------------------------------------------------------------------------------------- */

static void tell_note(void *arg, const char *text)
{
	struct ctf *x = arg;

	event(x, CT_CTF_NOTE, 0, CT_NONE);
	ct_ctf_text(&x->wire, text);
}

static void tell_processes(struct ctf *x)
{
	const struct ct_model_tables *t = &x->v->model->tables;
	uint32_t i;

	for (i = 0; i < t->process_count; i++) {
		const struct ct_process_rec *p = &t->processes[i];

		if (!p->pid || !ct_view_shows_process(x->v, i))
			continue;
		ct_ctf_event(&x->wire, CT_CTF_PROCESS, 0, p->pid, 0, 0);
		ct_ctf_text(&x->wire, ct_trace_string(x->v->trace, p->exe));
		ct_ctf_text(&x->wire, ct_trace_string(x->v->trace, p->cmdline));
		ct_ctf_u32(&x->wire, p->ppid);
	}
}

/* --- losses -------------------------------------------------------------------------------------------------------------- */

static int by_end(const void *a, const void *b, void *losses)
{
	const struct ct_trace_loss *all = losses, *x = &all[*(const uint32_t *)a],
				   *y = &all[*(const uint32_t *)b];

	return (x->to_ticks > y->to_ticks) - (x->to_ticks < y->to_ticks);
}

static int order_losses(struct ctf *x)
{
	size_t i;
	int err = ct_trace_losses_by_thread(x->v->trace, &x->losses, &x->loss_count);

	if (err)
		return err;
	x->loss_order = calloc(x->loss_count + 1u, sizeof(*x->loss_order));
	if (!x->loss_order)
		return -ENOMEM;
	for (i = 0; i < x->loss_count; i++)
		x->loss_order[i] = (uint32_t)i;
	qsort_r(x->loss_order, x->loss_count, sizeof(*x->loss_order), by_end,
		(void *)(uintptr_t)x->losses);
	return 0;
}

/* Those that are over by then. */
static void tell_losses(struct ctf *x, uint64_t until)
{
	for (; x->loss_told < x->loss_count; x->loss_told++) {
		const struct ct_trace_loss *l = &x->losses[x->loss_order[x->loss_told]];
		uint64_t serial = l->thread;

		if (l->to_ticks > until)
			return;
		event(x, CT_CTF_LOST, when(x, l->to_ticks),
		      serial ? ct_table_find(&x->v->model->threads, &serial) : CT_NONE);
		ct_ctf_text(&x->wire, ct_trace_loss_name(l->reason));
		ct_ctf_u64(&x->wire, l->records);
		ct_ctf_u64(&x->wire, when(x, l->from_ticks));
		ct_ctf_u64(&x->wire, when(x, l->to_ticks));
		x->wire.discarded += l->reason == CT_LOSS_NO_CLOCK ? 0 : l->records;
	}
}

/* --- waits --------------------------------------------------------------------------------------------------------------- */

static const char *object_name(struct ctf *x, const struct ct_timeline_item *i)
{
	const struct ct_cell *c;
	char text[CT_NAME_MAX];
	uint32_t place;

	if (i->cell == CT_NONE)
		return "";
	c = ct_model_cell(x->v->model, i->cell);
	if (!x->objects[i->cell]) {
		ct_name_object(x->v, c->object, c->op, text, sizeof(text));
		if (!ct_pool_text_add(&x->names, text, strlen(text) + 1, &place)) {
			x->wire.error = -ENOMEM;
			return "";
		}
		x->objects[i->cell] = place + 1;
	}
	return ct_pool_text_at(&x->names, x->objects[i->cell] - 1);
}

static void begin_wait(struct ctf *x, const struct ct_timeline_item *i, uint64_t ns)
{
	const struct ct_model *m = x->v->model;
	const struct ct_cell *c = i->cell == CT_NONE ? NULL : ct_model_cell(m, i->cell);
	const char *name = object_name(x, i);
	uint32_t stack = tell_stack(x, ns, i->thread, i->stack);

	event(x, CT_CTF_WAIT_BEGIN, ns, i->thread);
	ct_ctf_u32(&x->wire, i->wait);
	ct_ctf_u8(&x->wire, i->op < CT_OP_LIMIT ? (uint8_t)i->op : 0);
	ct_ctf_u8(&x->wire, c && c->why < CT_WHYS ? (uint8_t)c->why : CT_WHYS);
	ct_ctf_text(&x->wire, name);
	ct_ctf_u64(&x->wire, c ? ct_model_place(m, c->object)->address : 0);
	ct_ctf_u32(&x->wire, stack);
	ct_ctf_u32(&x->wire, i->owner);
}

static void end_wait(struct ctf *x, uint32_t row, uint64_t ns)
{
	struct in_wait *w = &x->waits[row];
	const struct ct_thread *waker = ct_model_thread(x->v->model, w->waker);
	uint32_t stack;

	if (!w->wait)
		return;
	stack = tell_stack(x, ns, row, w->waker_stack);
	event(x, CT_CTF_WAIT_END, ns, row);
	ct_ctf_u32(&x->wire, w->wait);
	ct_ctf_u64(&x->wire, (uint64_t)w->result);
	ct_ctf_u8(&x->wire, w->open);
	ct_ctf_u32(&x->wire, w->waker);
	ct_ctf_u32(&x->wire, waker ? waker->tid : w->stranger);
	ct_ctf_u32(&x->wire, stack);
	w->wait = 0;
}

/* --- the timeline -------------------------------------------------------------------------------------------------------- */

static void begin_thread(struct ctf *x, const struct ct_timeline_item *i, uint64_t ns)
{
	const struct ct_thread *t = ct_model_thread_at(x->v->model, i->thread);
	char text[CT_NAME_MAX];

	x->sums->threads++;
	event(x, CT_CTF_THREAD_BEGIN, ns, i->thread);
	ct_ctf_text(&x->wire, ct_name_thread_bare(x->v, t, text, sizeof(text)));
	ct_ctf_text(&x->wire, ct_name_start(x->v, t, text, sizeof(text)));
	ct_ctf_u32(&x->wire, t->parent);
}

static void take_state(struct ctf *x, const struct ct_timeline_item *i, uint64_t ns)
{
	struct in_wait *w = &x->waits[i->thread];
	bool chosen = ct_choice_state(&x->choice, i);
	uint32_t wait = chosen ? i->wait : 0;

	if (w->wait != wait) {
		end_wait(x, i->thread, ns);
		if (wait)
			begin_wait(x, i, ns);
	}
	*w = (struct in_wait){wait, i->waker, i->waker_stack, i->stranger, i->result, i->open};
	if (!chosen)
		return;
	event(x, CT_CTF_STATE, ns, i->thread);
	ct_ctf_u8(&x->wire, i->state);
	ct_ctf_u64(&x->wire, when(x, i->to));
	ct_ctf_u32(&x->wire, (uint32_t)ct_timeline_cpu(i));
	ct_ctf_u8(&x->wire, i->source == CT_SOURCE_SWITCHES);
	ct_ctf_u32(&x->wire, i->wait);
}

/* --- what the program said of itself ------------------------------------------------------------------------------------- */

static void put_name(struct ctf *x, uint32_t name)
{
	ct_ctf_text(&x->wire, name ? ct_trace_string(x->v->trace, name) : "");
}

static void take_task(struct ctf *x, const struct ct_timeline_item *i, uint64_t ns)
{
	const struct ct_timeline_note *n = i->note;
	bool begins = i->kind == CT_TIMELINE_TASK_BEGIN;

	event(x, begins ? CT_CTF_TASK_BEGIN : CT_CTF_TASK_END, ns, i->thread);
	ct_ctf_u64(&x->wire, n->task);
	if (begins) {
		ct_ctf_u64(&x->wire, n->about->parent);
		put_name(x, n->name);
		ct_ctf_text(&x->wire, ct_slices_unsure(n));
	} else {
		ct_ctf_u8(&x->wire, !(n->flags & (CT_NOTE_UNENDED | CT_NOTE_LATER)));
	}
}

static void take_region(struct ctf *x, const struct ct_timeline_item *i, uint64_t ns)
{
	const struct ct_timeline_note *n = i->note;
	bool begins = i->kind == CT_TIMELINE_REGION_BEGIN;

	if (!ct_choice_region(&x->choice, i))
		return;
	event(x, begins ? CT_CTF_REGION_BEGIN : CT_CTF_REGION_END, ns, i->thread);
	ct_ctf_u32(&x->wire, n->row + 1);
	if (begins) {
		put_name(x, n->name);
		ct_ctf_u64(&x->wire, n->task);
		ct_ctf_text(&x->wire, ct_slices_unsure(n));
	} else {
		ct_ctf_u8(&x->wire, !(n->flags & (CT_NOTE_UNENDED | CT_NOTE_LATER)));
	}
}

static void take_message(struct ctf *x, const struct ct_timeline_item *i, uint64_t ns)
{
	char text[CT_SLICES_MESSAGE];

	event(x, CT_CTF_LOG, ns, i->thread);
	put_name(x, i->note->name);
	ct_ctf_text(&x->wire, ct_slices_message(i->note, text));
	ct_ctf_u64(&x->wire, i->note->task);
}

/* --- all of it ----------------------------------------------------------------------------------------------------------- */

static void take(struct ctf *x, const struct ct_timeline_item *i)
{
	uint64_t ns = when(x, i->ticks);

	tell_losses(x, i->ticks);
	switch (i->kind) {
	case CT_TIMELINE_BEGIN: begin_thread(x, i, ns); break;
	case CT_TIMELINE_STATE: take_state(x, i, ns); break;
	case CT_TIMELINE_END:
		end_wait(x, i->thread, ns);
		event(x, CT_CTF_THREAD_END, ns, i->thread);
		ct_ctf_u8(&x->wire, i->ended);
		break;
	case CT_TIMELINE_TASK_BEGIN:
	case CT_TIMELINE_TASK_END: take_task(x, i, ns); break;
	case CT_TIMELINE_REGION_BEGIN:
	case CT_TIMELINE_REGION_END: take_region(x, i, ns); break;
	case CT_TIMELINE_LOG: take_message(x, i, ns); break;
	default: break;
	}
}

/* Reading is the first third of it. */
static void show_third(void *progress, double done)
{
	ct_progress_show(progress, done / 3);
}

static int prepare(struct ctf *x, const struct ct_export_options *options)
{
	const struct ct_timeline_options o = {
		.notes = true, .shows = ct_view_shows_row, .arg = x->v};
	const struct ct_model *m = x->v->model;
	int err;

	memcpy(x->wire.uuid, ct_trace_header(x->v->trace)->trace_id, sizeof(x->wire.uuid));
	x->waits = calloc(m->threads.count + 1u, sizeof(*x->waits));
	x->objects = calloc(m->cells.count + 1u, sizeof(*x->objects));
	x->stacks = calloc(m->tables.node_count + 1u, 1);
	if (!x->waits || !x->objects || !x->stacks)
		return -ENOMEM;
	err = ct_choice_init(&x->choice, x->v, &options->choice);
	if (!err)
		err = ct_timeline_build(x->v->trace, x->v->model, &o,
					x->v->o.progress ? show_third : NULL, &x->progress,
					&x->timeline);
	if (!err)
		err = ct_choice_measure(&x->choice, x->timeline);
	return ct_export_chosen(options, err, x->sums);
}

static FILE *open_in(int folder, const char *name)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? NULL : fdopen(fd, "w");
}

static int write_stream(struct ctf *x, int folder)
{
	struct ct_timeline_item i;
	int err;

	x->wire.f = open_in(folder, "stream_0");
	if (!x->wire.f)
		return -errno;
	ct_view_missing(x->v, tell_note, x);
	tell_processes(x);
	ct_ctf_flush(&x->wire);
	while (!x->wire.error && ct_timeline_next(x->timeline, &i)) {
		take(x, &i);
		if (x->v->o.progress && (++x->taken & 0xffff) == 0)
			ct_progress_show(&x->progress,
					 (1 + 2 * ct_timeline_progress(x->timeline)) / 3);
	}
	tell_losses(x, UINT64_MAX);
	if (x->wire.discarded < ct_view_lost(x->v)) /* nobody tells when */
		x->wire.discarded = ct_view_lost(x->v);
	ct_ctf_finish(&x->wire);
	err = x->wire.error;
	if (fclose(x->wire.f) != 0 && !err)
		err = -errno;
	return err;
}

static int write_metadata(struct ctf *x, int folder)
{
	const struct ct_header *h = ct_trace_header(x->v->trace);
	uint64_t real = ct_trace_realtime_ns(x->v->trace, x->v->start_ns);
	const struct ct_ctf_env env = {
		.uuid = x->wire.uuid,
		.host = h->host,
		.file = ct_trace_info(x->v->trace)->path,
		.start_mono_ns = x->v->start_ns,
		.start_real_ns = real < 4 * NS_MAX ? real : 0,
		.short_wait_ns = h->wait_threshold_ns,
		.short_call_ns = h->call_threshold_ns,
	};
	FILE *f = open_in(folder, "metadata");
	long size;

	if (!f)
		return -errno;
	ct_ctf_metadata(f, &env);
	size = ftell(f);
	x->sums->bytes = x->wire.written + (size > 0 ? (uint64_t)size : 0);
	if (ferror(f)) {
		fclose(f);
		return -EIO;
	}
	return fclose(f) != 0 ? -errno : 0;
}

int ct_export_ctf(struct ct_view *v, const struct ct_export_options *o, const char *path,
		  struct ct_export_sums *sums)
{
	struct ctf x = {.v = v, .sums = sums};
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (folder < 0)
		return -errno;
	ct_progress_start(&x.progress, "exporting");
	err = prepare(&x, o);
	err = err ? err : order_losses(&x);
	err = err ? err : write_stream(&x, folder);
	err = err ? err : write_metadata(&x, folder);
	ct_progress_end(&x.progress);
	sums->events = x.wire.events;
	close(folder);
	ct_timeline_free(x.timeline);
	ct_choice_free(&x.choice);
	ct_pool_text_free(&x.names);
	free(x.wire.bytes);
	free(x.waits);
	free(x.objects);
	free(x.stacks);
	free(x.loss_order);
	return err;
}
