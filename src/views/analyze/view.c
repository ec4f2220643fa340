/*
 * view.c - opens what the views share, and filters.
 */
#include "views/analyze/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "symbol/symbol.h"
#include "views/analyze/names.h"

/* --- progress ------------------------------------------------------------------------------------------------------------------- */

static double since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) + 1e-9 * (double)(now.tv_nsec - t->tv_nsec);
}

void ct_progress_start(struct ct_progress *p, const char *what)
{
	*p = (struct ct_progress){.what = what};
	clock_gettime(CLOCK_MONOTONIC, &p->start);
}

/* Quiet for the first half second: most traces are read by then. */
void ct_progress_show(void *arg, double done)
{
	struct ct_progress *p = arg;

	if (since(&p->start) < 0.5 || since(&p->last) < 0.1)
		return;
	clock_gettime(CLOCK_MONOTONIC, &p->last);
	fprintf(stderr, "\r%s: %3.0f %%", p->what, 100 * done);
	fflush(stderr);
	p->shown = true;
}

void ct_progress_end(const struct ct_progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r%18s\r", "");
}

/* --- opening -------------------------------------------------------------------------------------------------------------------- */

int ct_view_start(struct ct_view *v, struct ct_trace *t, const struct ct_view_options *o, FILE *out)
{
	const struct ct_header *h = ct_trace_header(t);
	const struct ct_trace_info *info = ct_trace_info(t);
	struct ct_model_options options = {.longest = o->longest, .to_ticks = UINT64_MAX};
	struct ct_progress progress;
	const struct ct_trace_loss *losses;
	uint64_t first, last;
	size_t n;
	int err;

	memset(v, 0, sizeof(*v));
	v->trace = t;
	v->o = *o;
	v->out = out;
	v->start_ns = h->start_mono_ns ? h->start_mono_ns : ct_trace_ns(t, info->first_ticks);
	if (o->from_s > 0)
		options.from_ticks = ct_trace_ticks(t, v->start_ns + (uint64_t)(o->from_s * 1e9));
	if (o->to_s > 0)
		options.to_ticks = ct_trace_ticks(t, v->start_ns + (uint64_t)(o->to_s * 1e9));
	if (ct_table_init(&v->frame_names, 24, 8) < 0 || ct_table_init(&v->modules, 16, 8) < 0) {
		ct_view_close(v, false);
		return -ENOMEM;
	}
	ct_progress_start(&progress, "reading");
	err = ct_model_build(t, &options, o->progress ? ct_progress_show : NULL, &progress,
			     &v->model);
	/* now, because what the others say of losses is exact only then */
	if (!err)
		err = ct_trace_losses_by_thread(t, &losses, &n);
	ct_progress_end(&progress);
	if (err) {
		ct_view_close(v, false);
		return err;
	}
	first = v->model->begin;
	last = v->model->end;
	v->ns_per_tick =
		last > first
			? (double)ct_trace_span_ns(t, last, last - first) / (double)(last - first)
			: 1e9 / (double)(h->ticks_per_second ? h->ticks_per_second : 1000000000u);
	v->many_processes = v->model->tables.process_count > 1;
	v->symbols = ct_symbols_new(NULL);
	return 0;
}

int ct_view_open(struct ct_view *v, const char *path, const struct ct_view_options *o, FILE *out,
		 char *why, size_t why_size)
{
	struct ct_trace *t;
	int err = ct_trace_open(path, &t, why, why_size);

	if (err)
		return err;
	err = ct_view_start(v, t, o, out);
	if (err) {
		snprintf(why, why_size, "%s: %s", path, ct_err_text(err));
		ct_trace_close(t);
	}
	return err;
}

int ct_view_states(struct ct_view *v, void (*span)(void *arg, const struct ct_span *s), void *arg)
{
	if (v->states || !ct_turns_any(&v->model->turns))
		return 0;
	return ct_states_build(v->trace, v->model, span, arg, NULL, NULL, &v->states);
}

void ct_view_close(struct ct_view *v, bool close_trace)
{
	ct_name_forget(v);
	free(v->shown);
	ct_states_free(v->states);
	ct_model_free(v->model);
	ct_symbols_free(v->symbols);
	if (close_trace)
		ct_trace_close(v->trace);
	memset(v, 0, sizeof(*v));
}

uint64_t ct_view_when(const struct ct_view *v, uint64_t ticks)
{
	uint64_t ns = ct_trace_ns(v->trace, ticks);

	return ns > v->start_ns ? ns - v->start_ns : 0;
}

uint64_t ct_view_from(const struct ct_view *v)
{
	uint64_t start = ct_trace_ticks(v->trace, v->start_ns), from = v->model->options.from_ticks;

	return from > start ? from : start;
}

uint64_t ct_view_to(const struct ct_view *v)
{
	uint64_t from = ct_view_from(v), to = v->model->options.to_ticks;

	to = to < v->model->end ? to : v->model->end;
	return to > from ? to : from;
}

/* --- filters -------------------------------------------------------------------------------------------------------------------- */

static bool is_number(const char *s, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && !errno;
}

bool ct_view_shows_process(const struct ct_view *v, uint32_t process)
{
	const struct ct_process_rec *p;
	const char *exe, *slash;
	uint64_t n;

	if (!v->o.process)
		return true;
	if (process >= v->model->tables.process_count)
		return false;
	p = &v->model->tables.processes[process];
	if (is_number(v->o.process, &n))
		return p->pid == n;
	exe = ct_trace_string(v->trace, p->exe);
	slash = exe ? strrchr(exe, '/') : NULL;
	return exe && !strcmp(slash ? slash + 1 : exe, v->o.process);
}

static bool shows_thread(struct ct_view *v, const struct ct_thread *t)
{
	char name[CT_NAME_MAX];
	uint64_t n;

	if (!ct_view_shows_process(v, t->process))
		return false;
	if (!v->o.thread)
		return true;
	if (v->o.thread[0] == '#' && is_number(v->o.thread + 1, &n))
		return t->serial == n;
	if (is_number(v->o.thread, &n))
		return t->tid == n;
	return !strcmp(v->o.thread, ct_name_thread_bare(v, t, name, sizeof(name)));
}

uint32_t ct_view_pid(const struct ct_view *v, uint32_t process)
{
	const struct ct_model_tables *t = &v->model->tables;

	return process < t->process_count ? t->processes[process].pid : 0;
}

bool ct_view_shows(struct ct_view *v, const struct ct_thread *t)
{
	uint32_t row;

	if (!v->o.thread && !v->o.process)
		return true;
	if (!v->shown)
		v->shown = calloc(v->model->threads.count + 1u, 1);
	if (!v->shown)
		return shows_thread(v, t);
	row = ct_table_find(&v->model->threads, &t->serial);
	if (!v->shown[row])
		v->shown[row] = shows_thread(v, t) ? 2 : 1;
	return v->shown[row] == 2;
}

bool ct_view_shows_row(void *view, uint32_t row)
{
	struct ct_view *v = view;

	return ct_view_shows(v, ct_model_thread_at(v->model, row));
}

static void print_window(struct ct_view *v, const char *what)
{
	if (v->o.thread)
		fprintf(v->out, "only thread %s\n", v->o.thread);
	if (v->o.process)
		fprintf(v->out, "only process %s\n", v->o.process);
	if (v->o.from_s > 0 && v->o.to_s > 0)
		fprintf(v->out, "only %s between %g s and %g s\n", what, v->o.from_s, v->o.to_s);
	else if (v->o.from_s > 0)
		fprintf(v->out, "only %s after %g s\n", what, v->o.from_s);
	else if (v->o.to_s > 0)
		fprintf(v->out, "only %s before %g s\n", what, v->o.to_s);
}

void ct_view_window(struct ct_view *v)
{
	print_window(v, "waits that ended");
}

void ct_view_window_states(struct ct_view *v)
{
	print_window(v, "what was");
}

uint64_t ct_view_lived(const struct ct_view *v, const struct ct_thread *t)
{
	const struct ct_model_options *o = &v->model->options;
	uint64_t from = t->begin > o->from_ticks ? t->begin : o->from_ticks;
	uint64_t to = t->end < o->to_ticks ? t->end : o->to_ticks;

	return to > from ? to - from : 0;
}

/* --- words ------------------------------------------------------------------------------------------------------------------------- */

const char *ct_why_label(enum ct_why why)
{
	static const char *const labels[CT_WHYS] = {
		"contention", "waiting for others", "input and output", "short calls", "sleep",
		"idle"};

	return labels[why];
}

const char *ct_why_name(enum ct_why why)
{
	static const char *const names[CT_WHYS] = {"contention", "others", "io",
						   "calls",	 "sleep",  "idle"};

	return names[why];
}

const char *ct_bold(const struct ct_view *v)
{
	return v->o.colour ? "\033[1m" : "";
}

const char *ct_dim(const struct ct_view *v)
{
	return v->o.colour ? "\033[2m" : "";
}

const char *ct_plain(const struct ct_view *v)
{
	return v->o.colour ? "\033[0m" : "";
}
