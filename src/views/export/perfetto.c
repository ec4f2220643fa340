/*
 * perfetto.c - a trace for Perfetto: its UI, its trace processor and what else reads its TracePackets.
 *
 *	process   track of the process, with counters: threads by state, memory
 *	thread    track with a slice for each wait, in it and beside it slices for woken and preempted threads
 *	arrow     from an instant "wakes" on the waker's track to the slice "woken" of the waiter
 *	CPUs      where switches were recorded: what ftrace would have told
 *	missing   a track of its own: what was lost, when and whose, and what could not be known
 *	said      regions among the slices of their threads, tasks on tracks of their own below their parents', messages as instants
 *
 * All events are on one sequence of packets with an incremental clock, so that a time takes one to three bytes, and with one set of interned names and
 * stacks, however many threads there are.  Packets do not say that they need what came before (sequence_flags 2): the sequence has no gaps, and that would
 * cost two bytes in fifteen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"
#include "views/analyze/text.h"
#include "views/export/export.h"
#include "views/export/perfetto_int.h"
#include "views/export/slices.h"

/* Interned data besides stacks. */
enum { I_CATEGORIES = 1, I_NAMES = 2, I_ANNOTATIONS = 3 };

#define NAME_RESULT 1u /* of annotations */

static void begin_thread(void *arg, uint32_t row, uint64_t ns)
{
	ct_perfetto_tell_thread(arg, row, ns);
}

/* --- events ----------------------------------------------------------------------------------------------------------------- */

static void intern(struct ct_wire *b, uint32_t field, uint32_t number, const char *text)
{
	size_t m = ct_wire_open(b, field);

	ct_wire_number(b, 1, number);
	ct_perfetto_text(b, 2, text);
	ct_wire_close(b, m);
}

/* Number of a category; told by who opens interned data next when it is new. */
uint32_t ct_perfetto_category(struct ct_perfetto *x, const char *text)
{
	return ct_strings_put(&x->categories, text);
}

/* What an event refers to and what was not told yet, in front of it. */
void ct_perfetto_tell_refs(struct ct_perfetto *x, const struct ct_perfetto_refs *i)
{
	bool stack = i->stack && !ct_perfetto_stack(&x->stacks, i->stack);
	bool result = i->result && !x->result_told, wakes = i->wakes && !x->wakes_told;
	bool task = i->task && !x->task_told;
	uint32_t k;
	size_t m;

	if (i->name <= x->names_told && !stack && !result && !wakes && !task &&
	    i->categories_before == ct_strings_last(&x->categories))
		return;
	m = ct_wire_open(&x->b, CT_P_INTERNED_DATA);
	for (k = i->categories_before + 1; k <= ct_strings_last(&x->categories); k++)
		intern(&x->b, I_CATEGORIES, k, ct_strings_at(&x->categories, k));
	for (; x->names_told < i->name; x->names_told++)
		intern(&x->b, I_NAMES, CT_PERFETTO_NAME_SLICES + x->names_told + 1,
		       ct_slices_text(x->slices, x->names_told + 1));
	if (wakes)
		intern(&x->b, I_NAMES, CT_PERFETTO_NAME_WAKES, "wakes");
	if (result)
		intern(&x->b, I_ANNOTATIONS, NAME_RESULT, "result");
	if (task)
		intern(&x->b, I_ANNOTATIONS, CT_PERFETTO_NAME_TASK, "task");
	x->wakes_told |= wakes;
	x->result_told |= result;
	x->task_told |= task;
	if (stack)
		ct_perfetto_stack_tell(&x->stacks, &x->b, i->stack);
	ct_wire_close(&x->b, m);
}

static bool is_call(const struct ct_timeline_item *i)
{
	return i->op >= CT_OP_FIRST_CALL;
}

static uint32_t category_of(struct ct_perfetto *x, const struct ct_slice *s)
{
	uint32_t *number = &x->of_op[s->item->op < CT_OP_LIMIT ? s->item->op : 0];

	if (!*number)
		*number = ct_perfetto_category(x, ct_slices_category(s));
	return *number;
}

/* What went wrong with a wait, as a category; 0: nothing. */
static uint32_t outcome(struct ct_perfetto *x, const struct ct_timeline_item *i)
{
	int64_t error = is_call(i) ? -i->result : i->result;

	if (i->open)
		return ct_perfetto_category(x, "not ended");
	if (i->flags & CT_WAIT_CANCELLED)
		return ct_perfetto_category(x, "cancelled");
	if (error <= 0 || error >= CT_ERRORS)
		return 0;
	if (!x->of_error[error]) /* stdio tells no more than that */
		x->of_error[error] = ct_perfetto_category(
			x, is_call(i) && error == 1 ? "failed" : strerror((int)error));
	return x->of_error[error];
}

static void tell_wait(void *arg, const struct ct_slice *s)
{
	struct ct_perfetto *x = arg;
	const struct ct_timeline_item *i = s->item;
	bool result = is_call(i) && i->result > 0;
	struct ct_perfetto_refs interned = {.name = s->name,
					    .stack = i->stack,
					    .result = result,
					    .categories_before = ct_strings_last(&x->categories)};
	uint32_t what = category_of(x, s), became = outcome(x, i);
	size_t packet = ct_perfetto_begin(x, s->ns), m, a;

	ct_perfetto_tell_refs(x, &interned);
	m = ct_wire_open(&x->b, CT_P_TRACK_EVENT);
	ct_wire_number(&x->b, CT_E_TYPE, CT_E_SLICE_BEGIN);
	ct_wire_number(&x->b, CT_E_TRACK, ct_perfetto_thread_track(s->thread));
	ct_wire_number(&x->b, CT_E_CATEGORY, what);
	if (became)
		ct_wire_number(&x->b, CT_E_CATEGORY, became);
	ct_wire_number(&x->b, CT_E_NAME, CT_PERFETTO_NAME_SLICES + s->name);
	if (ct_perfetto_stack(&x->stacks, i->stack))
		ct_wire_number(&x->b, CT_E_STACK, ct_perfetto_stack(&x->stacks, i->stack));
	if (result) {
		a = ct_wire_open(&x->b, CT_E_ANNOTATION);
		ct_wire_number(&x->b, 1, NAME_RESULT);
		ct_wire_number(&x->b, 4, (uint64_t)i->result);
		ct_wire_close(&x->b, a);
	}
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

static void tell_wake(void *arg, const struct ct_slices_wake *w)
{
	struct ct_perfetto *x = arg;
	struct ct_perfetto_refs interned = {.wakes = true,
					    .stack = w->waker_stack,
					    .categories_before = ct_strings_last(&x->categories)};
	size_t packet = ct_perfetto_begin(x, w->ns), m;

	ct_perfetto_tell_refs(x, &interned);
	m = ct_wire_open(&x->b, CT_P_TRACK_EVENT);
	ct_wire_number(&x->b, CT_E_TYPE, CT_E_INSTANT);
	ct_wire_number(&x->b, CT_E_TRACK, ct_perfetto_thread_track(w->waker));
	ct_wire_number(&x->b, CT_E_NAME, CT_PERFETTO_NAME_WAKES);
	ct_wire_fixed64(&x->b, CT_E_FLOW, w->number);
	if (ct_perfetto_stack(&x->stacks, w->waker_stack))
		ct_wire_number(&x->b, CT_E_STACK, ct_perfetto_stack(&x->stacks, w->waker_stack));
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

static void tell_part(void *arg, const struct ct_slice *s)
{
	struct ct_perfetto *x = arg;
	struct ct_perfetto_refs interned = {.name = s->name,
					    .categories_before = ct_strings_last(&x->categories)};
	uint32_t what = x->state ? x->state : (x->state = ct_perfetto_category(x, "state"));
	size_t packet = ct_perfetto_begin(x, s->ns), m;

	ct_perfetto_tell_refs(x, &interned);
	m = ct_wire_open(&x->b, CT_P_TRACK_EVENT);
	ct_wire_number(&x->b, CT_E_TYPE, CT_E_SLICE_BEGIN);
	ct_wire_number(&x->b, CT_E_TRACK, ct_perfetto_thread_track(s->thread));
	ct_wire_number(&x->b, CT_E_CATEGORY, what);
	ct_wire_number(&x->b, CT_E_NAME, CT_PERFETTO_NAME_SLICES + s->name);
	if (s->wake)
		ct_wire_fixed64(&x->b, CT_E_FLOW_END, s->wake);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

static void tell_close(void *arg, uint32_t thread, uint64_t ns, bool part)
{
	struct ct_perfetto *x = arg;
	size_t packet = ct_perfetto_begin(x, ns), m = ct_wire_open(&x->b, CT_P_TRACK_EVENT);

	(void)part;
	ct_wire_number(&x->b, CT_E_TYPE, CT_E_SLICE_END);
	ct_wire_number(&x->b, CT_E_TRACK, ct_perfetto_thread_track(thread));
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

static void tell_number(void *arg, uint32_t process, enum ct_slices_number which, uint64_t ns,
			uint64_t value)
{
	struct ct_perfetto *x = arg;
	size_t packet, m;

	ct_perfetto_tell_process(x, process, ns);
	if (!(x->process_told[process] >> which & 1))
		ct_perfetto_tell_counter(x, process, which, ns);
	packet = ct_perfetto_begin(x, ns);
	m = ct_wire_open(&x->b, CT_P_TRACK_EVENT);
	ct_wire_number(&x->b, CT_E_TYPE, CT_E_COUNTER);
	ct_wire_number(&x->b, CT_E_TRACK, ct_perfetto_counter_track(x, process, which));
	ct_wire_number(&x->b, CT_E_VALUE, value);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

static void tell_record(void *arg, uint64_t ns, const struct ct_record *r)
{
	struct ct_perfetto *x = arg;

	ct_perfetto_sched_take(&x->sched, ns, r);
}

/* --- all of it -------------------------------------------------------------------------------------------------------------- */

static int start(struct ct_perfetto *x, struct ct_view *v, FILE *out)
{
	ct_out_start(&x->out, out);
	x->v = v;
	x->process_told = calloc(v->model->tables.process_count + 1u, 1);
	return x->process_told && ct_perfetto_stacks_init(&x->stacks, v) == 0 &&
			       ct_perfetto_sched_init(&x->sched, v, &x->b) == 0
		       ? 0
		       : -ENOMEM;
}

static int finish(struct ct_perfetto *x, int err)
{
	if (!err) {
		ct_perfetto_sched_finish(&x->sched);
		x->packets += x->sched.packets;
		if (x->b.failed || x->stacks.failed || x->sched.failed || x->categories.failed)
			err = -ENOMEM;
	}
	if (!err) {
		ct_out_bytes(&x->out, x->b.p, x->b.n);
		err = ct_out_finish(&x->out);
	}
	ct_perfetto_sched_free(&x->sched);
	ct_perfetto_stacks_free(&x->stacks);
	ct_strings_free(&x->categories);
	ct_slices_free(x->slices);
	ct_wire_free(&x->b);
	free(x->process_told);
	free(x->tasks_told);
	return err;
}

int ct_export_perfetto(struct ct_view *v, const struct ct_export_options *o, FILE *out,
		       struct ct_export_sums *sums)
{
	uint64_t records = 1ull << CT_EV_cpu_on | 1ull << CT_EV_cpu_off | 1ull << CT_EV_waking |
			   1ull << CT_EV_sched;
	struct ct_perfetto *x = calloc(1, sizeof(*x));
	struct ct_slices_sink sink = {.arg = x,
				      .begin = begin_thread,
				      .wait = tell_wait,
				      .part = tell_part,
				      .close = tell_close,
				      .wake = tell_wake,
				      .number = tell_number,
				      .record = tell_record,
				      .region = ct_perfetto_region,
				      .region_end = ct_perfetto_region_end,
				      .task = ct_perfetto_task,
				      .task_end = ct_perfetto_task_end,
				      .message = ct_perfetto_message,
				      .records = records};
	uint64_t ns;
	int err;

	if (!x)
		return -ENOMEM;
	err = start(x, v, out);
	if (!err)
		err = ct_export_slices(v, o, records, &x->slices, sums);
	if (!err) {
		ns = ct_trace_ns(v->trace, ct_view_from(v));
		ct_perfetto_tell_clocks(x, ns);
		ct_perfetto_tell_system(x);
		err = ct_perfetto_tell_missing(x, ns);
	}
	if (!err)
		err = ct_perfetto_said_init(x);
	if (!err)
		err = ct_slices_tell(x->slices, &sink);
	err = finish(x, err);
	sums->bytes = x->out.bytes;
	sums->events = x->packets;
	sums->threads = x->threads;
	free(x);
	return err;
}
