/*
 * build.c - walks a trace twice and feeds the model; once more where the lives of threads are asked for.  See model.h for why twice.
 *
 * The first walk only looks at the few records that give others their meaning; the second takes them all.  Both go in the order of
 * the file, which is the fastest the reader has.
 */
#include "build.h"

#include <errno.h>
#include <time.h>

#define LEARN_EVENTS                                                                               \
	(1ull << CT_EV_thread_begin | 1ull << CT_EV_thread_end | 1ull << CT_EV_thread_create |     \
	 1ull << CT_EV_thread_name | 1ull << CT_EV_object | 1ull << CT_EV_shared |                 \
	 1ull << CT_EV_fd | 1ull << CT_EV_mapping | 1ull << CT_EV_recording | 1ull << CT_EV_ran |  \
	 1ull << CT_EV_outside | 1ull << CT_EV_account)

static const char *module_path(void *ctx, uint32_t module)
{
	const struct ct_module_rec *r =
		ct_trace_module(ctx, (uint64_t)module << CT_FRAME_MODULE_SHIFT);

	return r ? ct_trace_string(ctx, r->path) : NULL;
}

static const char *string(void *ctx, uint32_t id)
{
	return ct_trace_string(ctx, id);
}

/* Who takes records. */
struct feed {
	struct ct_model *model;
	struct ct_states *states;
	struct ct_ended_walk ended;
	void (*wait)(void *arg, const struct ct_ended *e);
	void *wait_arg;
	void (*take)(struct feed *f, const struct ct_who *who, const struct ct_record *r);
	uint64_t others; /* events that are for `other` */
	void (*other)(void *arg, const struct ct_event *e);
	void *arg;
};

static void learn(struct feed *f, const struct ct_who *who, const struct ct_record *r)
{
	ct_model_learn(f->model, who, r);
}

static void take(struct feed *f, const struct ct_who *who, const struct ct_record *r)
{
	ct_model_take(f->model, who, r);
}

static void take_state(struct feed *f, const struct ct_who *who, const struct ct_record *r)
{
	ct_states_take(f->states, who, r);
}

static void take_ended_wait(struct feed *f, const struct ct_who *who, const struct ct_record *r)
{
	struct ct_ended e;

	if (ct_ended_take(&f->ended, who, r, &e))
		f->wait(f->wait_arg, &e);
}

static int walk(struct ct_trace *t, struct feed *feed, uint64_t events, ct_progress_fn *progress,
		void *arg, double from, double share)
{
	struct ct_filter filter = CT_FILTER_NONE;
	const struct ct_event *e;
	struct ct_walk *w;
	uint32_t n = 0;
	int err;

	filter.events = events;
	err = ct_walk_open(t, CT_ORDER_CHUNK, &filter, &w);
	if (err)
		return err;
	while ((err = ct_walk_next(w, &e)) > 0) {
		struct ct_who who = {e->process, e->thread, e->tid, e->slot};

		if (feed->others >> e->r.type & 1)
			feed->other(feed->arg, e);
		else
			feed->take(feed, &who, &e->r);
		if (progress && (++n & 0xffff) == 0)
			progress(arg, from + share * ct_walk_progress(w));
	}
	ct_walk_close(w);
	return err;
}

static void take_slots(struct ct_trace *t, struct ct_model *m)
{
	const struct ct_trace_slot *s;
	size_t n = ct_trace_slots(t, &s), i;

	for (i = 0; i < n; i++) {
		struct ct_who who = {s[i].process, s[i].thread, s[i].tid, s[i].slot};
		struct ct_open_wait open = {
			.process = s[i].process,
			.thread = s[i].thread,
			.tid = s[i].tid,
			.op = s[i].op,
			.object = s[i].object,
			.start = s[i].start_ticks,
			.owner = s[i].owner,
			.stack = s[i].stack,
			.site = s[i].site,
		};

		if (!s[i].thread)
			continue;
		ct_model_thread_seen(m, &who, s[i].routine, s[i].begin_ticks, s[i].name);
		if (s[i].op)
			ct_model_open_wait(m, &open);
	}
}

/* Those of a ring of which nothing may be left. */
static void take_ended(struct ct_trace *t, struct ct_model *m)
{
	const struct ct_thread_rec *r;
	size_t n = ct_trace_ended(t, &r), i;

	for (i = 0; i < n; i++) {
		struct ct_who who = {r[i].process, r[i].thread, r[i].tid, 0};

		if (!r[i].thread)
			continue;
		ct_model_thread_seen(m, &who, 0, r[i].begin_ticks, r[i].name);
		ct_model_thread_ended(m, r[i].thread, r[i].end_ticks);
	}
}

int ct_model_build(struct ct_trace *t, const struct ct_model_options *options,
		   ct_progress_fn *progress, void *arg, struct ct_model **out)
{
	const struct ct_trace_info *info = ct_trace_info(t);
	const struct ct_header *h = ct_trace_header(t);
	struct ct_model_tables tables = {
		.module_path = module_path,
		.string = string,
		.ctx = t,
		.begin_ticks = info->first_ticks,
		.end_ticks = info->last_ticks,
		.second_ticks = h->ticks_per_second,
		.short_ticks = h->wait_threshold_ticks > h->call_threshold_ticks
				       ? h->wait_threshold_ticks
				       : h->call_threshold_ticks,
	};
	struct feed feed;
	struct ct_model *m;
	int err;

	tables.process_count = (uint32_t)ct_trace_processes(t, &tables.processes);
	tables.node_count = (uint32_t)ct_trace_nodes(t, &tables.nodes);
	if (h->start_mono_ns && ct_trace_ticks(t, h->start_mono_ns) < tables.begin_ticks)
		tables.begin_ticks = ct_trace_ticks(t, h->start_mono_ns);
	if (h->end_mono_ns && ct_trace_ticks(t, h->end_mono_ns) > tables.end_ticks)
		tables.end_ticks = ct_trace_ticks(t, h->end_mono_ns);
	if (info->live) {
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC, &now);
		tables.end_ticks = ct_trace_ticks(t, (uint64_t)now.tv_sec * 1000000000u +
							     (uint64_t)now.tv_nsec);
	}
	*out = NULL;
	m = ct_model_new(&tables, options);
	if (!m)
		return -ENOMEM;
	feed = (struct feed){.model = m, .take = learn};
	err = walk(t, &feed, LEARN_EVENTS, progress, arg, 0, 0.3);
	feed.take = take;
	if (!err)
		err = walk(t, &feed, 0, progress, arg, 0.3, 0.7);
	if (!err) {
		take_slots(t, m);
		take_ended(t, m);
		err = ct_model_finish(m);
	}
	if (err) {
		ct_model_free(m);
		return err;
	}
	*out = m;
	return 0;
}

static int go_through(struct ct_trace *t, struct feed *feed, ct_progress_fn *progress, void *arg,
		      struct ct_states **out)
{
	int err = walk(t, feed, 1ull << CT_EV_wait | feed->others, progress, arg, 0, 1);

	if (!err)
		err = ct_states_finish(feed->states);
	if (err) {
		ct_states_free(feed->states);
		return err;
	}
	*out = feed->states;
	return 0;
}

int ct_states_build_with(struct ct_trace *t, struct ct_model *m,
			 void (*span)(void *arg, const struct ct_span *s), uint64_t events,
			 void (*record)(void *arg, const struct ct_event *e), void *span_arg,
			 ct_progress_fn *progress, void *arg, struct ct_states **out)
{
	struct feed feed = {.model = m,
			    .states = ct_states_new(m, span, span_arg),
			    .take = take_state,
			    .others = events & ~(1ull << CT_EV_wait),
			    .other = record,
			    .arg = span_arg};

	*out = NULL;
	if (!feed.states)
		return -ENOMEM;
	ct_states_no_holders(feed.states);
	return go_through(t, &feed, progress, arg, out);
}

int ct_states_build(struct ct_trace *t, struct ct_model *m,
		    void (*span)(void *arg, const struct ct_span *s), void *span_arg,
		    ct_progress_fn *progress, void *arg, struct ct_states **out)
{
	struct feed feed = {
		.model = m, .states = ct_states_new(m, span, span_arg), .take = take_state};

	*out = NULL;
	return feed.states ? go_through(t, &feed, progress, arg, out) : -ENOMEM;
}

int ct_ended_build(struct ct_trace *t, struct ct_model *m,
		   void (*wait)(void *arg, const struct ct_ended *e), void *arg)
{
	struct feed feed = {.model = m,
			    .ended = {.model = m, .kernel = true},
			    .wait = wait,
			    .wait_arg = arg,
			    .take = take_ended_wait};
	int err = walk(t, &feed, 1ull << CT_EV_wait, NULL, NULL, 0, 1);

	return err ? err : m->error;
}
