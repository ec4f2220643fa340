/*
 * view.c - opens what the views share, and says what they cannot see.
 */
#include "views/analyze/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "symbol/symbol.h"
#include "views/analyze/json.h"
#include "views/analyze/losses.h"
#include "views/analyze/names.h"
#include "views/analyze/spots.h"
#include "views/analyze/text.h"

/* --- progress ------------------------------------------------------------------------------------------------------------------- */

struct progress {
	struct timespec start, last;
	bool shown;
};

static double since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) + 1e-9 * (double)(now.tv_nsec - t->tv_nsec);
}

/* Quiet for the first half second: most traces are read by then. */
static void show_progress(void *arg, double done)
{
	struct progress *p = arg;

	if (since(&p->start) < 0.5 || since(&p->last) < 0.1)
		return;
	clock_gettime(CLOCK_MONOTONIC, &p->last);
	fprintf(stderr, "\rreading: %3.0f %%", 100 * done);
	fflush(stderr);
	p->shown = true;
}

/* --- opening -------------------------------------------------------------------------------------------------------------------- */

int ct_view_start(struct ct_view *v, struct ct_trace *t, const struct ct_view_options *o, FILE *out)
{
	const struct ct_header *h = ct_trace_header(t);
	const struct ct_trace_info *info = ct_trace_info(t);
	struct ct_model_options options = {.longest = o->longest, .to_ticks = UINT64_MAX};
	struct progress progress = {0};
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
	clock_gettime(CLOCK_MONOTONIC, &progress.start);
	err = ct_model_build(t, &options, o->progress ? show_progress : NULL, &progress, &v->model);
	/* now, because what the others say of losses is exact only then */
	if (!err)
		err = ct_trace_losses_by_thread(t, &losses, &n);
	if (progress.shown)
		fprintf(stderr, "\r%16s\r", "");
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

/* --- what is missing ---------------------------------------------------------------------------------------------------------------- */

static void note_damage(struct ct_view *v, ct_note_fn *note, void *arg)
{
	const struct ct_trace_damage *d;
	char text[320], n1[CT_TEXT_NUMBER];
	uint64_t more = 0, unknown = ct_trace_unknown_events(v->trace);
	size_t n = ct_trace_damage(v->trace, &d, &more), i, shown = n > 3 ? 3 : n;

	for (i = 0; i < shown; i++) {
		snprintf(text, sizeof(text), "damaged: %s", d[i].text);
		note(arg, text);
	}
	if (n - shown + more) {
		snprintf(text, sizeof(text), "damaged: %s more places; ctrace validate lists them",
			 ct_text_count(n1, n - shown + more));
		note(arg, text);
	}
	if (unknown) {
		snprintf(text, sizeof(text), "skipped: %s records of a later version of ctrace",
			 ct_text_count(n1, unknown));
		note(arg, text);
	}
}

static void note_state(struct ct_view *v, ct_note_fn *note, void *arg)
{
	const struct ct_trace_info *info = ct_trace_info(v->trace);
	const struct ct_header *h = ct_trace_header(v->trace);
	char text[256], n1[CT_TEXT_NUMBER];
	uint32_t i, blind = 0;

	if (info->live)
		note(arg, "the program still runs: figures are as of now");
	else if (info->container == CT_STREAM && !info->finished)
		note(arg, "the trace has no end: ctrace-run did not finish it; what was written "
			  "until then is here");
	for (i = 0; i < v->model->tables.process_count; i++) {
		const struct ct_process_rec *p = &v->model->tables.processes[i];

		blind += p->state >= CT_PROC_LIVE && p->pid &&
			 !(p->flags &
			   (CT_PROC_OWNER_READABLE | CT_PROC_LEFT_OUT | CT_PROC_UNREACHED));
	}
	if (blind) {
		snprintf(text, sizeof(text),
			 "%u of %u processes use a C library whose mutexes do not tell their owner",
			 blind, v->model->tables.process_count);
		note(arg, text);
	}
	if (v->model->timed_short_waits) {
		snprintf(text, sizeof(text),
			 "%s short waits lie in the chosen time only roughly: they were summed",
			 ct_text_count(n1, v->model->timed_short_waits));
		note(arg, text);
	}
	if (h->policy == CT_POLICY_RING && ct_trace_losses(v->trace)[CT_LOSS_OVERWRITTEN])
		note(arg, "the trace is a ring: only the newest records are in it");
}

/* Recorded waits whose waker nobody told, waits without a stack, and waits whose end is not known. */
static void note_unknown(struct ct_view *v, ct_note_fn *note, void *arg)
{
	struct ct_model *m = v->model;
	uint64_t unknown = 0, all = 0, bare = 0, waits = 0, gave_up = 0, left = 0, left_total = 0;
	char text[256], n1[CT_TEXT_NUMBER], n2[CT_TEXT_NUMBER];
	uint32_t i;

	for (i = 0; i < m->edges.count; i++) {
		const struct ct_edge *e = ct_model_edge(m, i);

		if ((e->kind != CT_EDGE_WAKER && e->kind != CT_EDGE_HELD &&
		     e->kind != CT_EDGE_STRANGER) ||
		    !ct_view_shows(v, ct_model_thread_at(m, ct_model_bin(m, e->bin)->thread)))
			continue;
		all += e->count;
		unknown += e->kind == CT_EDGE_HELD || !e->who ? e->count : 0;
	}
	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);

		if (!ct_view_shows(v, ct_model_thread_at(m, c->thread)))
			continue;
		waits += c->waits;
		bare += c->stack ? 0 : c->waits;
		gave_up += c->op < CT_OP_FIRST_CALL ? c->timeouts : 0;
		left += ct_cell_more(m, c)->abandoned;
		left_total += ct_cell_more(m, c)->abandoned_total;
	}
	if (left) {
		snprintf(text, sizeof(text),
			 "abandoned: %s (longjmp or cancellation), at most %s in all, counted "
			 "nowhere else",
			 ct_text_waits(n1, left), ct_text_ns(n2, ct_view_ns(v, left_total)));
		note(arg, text);
	}
	/* That nobody woke a wait which timed out is known. */
	unknown -= gave_up < unknown ? gave_up : unknown;
	if (unknown) {
		snprintf(text, sizeof(text),
			 "unknown wakers: of %s of %s recorded waits for threads",
			 ct_text_count(n1, unknown), ct_text_count(n2, all));
		note(arg, text);
	}
	if (bare) {
		snprintf(text, sizeof(text), "unknown stacks: of %s of %s recorded waits",
			 ct_text_count(n1, bare), ct_text_count(n2, waits));
		note(arg, text);
	}
}

static void note_spots(struct ct_view *v, ct_note_fn *note, void *arg)
{
	char text[512];

	if (ct_spots_unreached(v, text, sizeof(text)))
		note(arg, text);
	if (ct_spots_line(v, text, sizeof(text)))
		note(arg, text);
}

const char *ct_sched_source_text(uint32_t source)
{
	return source == CT_SCHED_PERF ? "perf" : source == CT_SCHED_BPF ? "bpf" : "unknown source";
}

const char *ct_sched_refusal(const struct ct_turns *t, enum ct_sched_source source, char *buf,
			     size_t size)
{
	int err = t->refused[source];
	const char *what = source == CT_SCHED_PERF ? "perf_event_open" : "BPF programs";

	if (!err)
		return NULL;
	if (err == EACCES)
		snprintf(buf, size, "the kernel does not allow %s", what);
	else if (source == CT_SCHED_PERF && err == ENOBUFS)
		snprintf(buf, size, "no memory may be locked for records of perf_event_open");
	else if (source == CT_SCHED_BPF && err == EXDEV)
		snprintf(buf, size, "ctrace-run was not in the first pid namespace");
	else if (source == CT_SCHED_BPF && err == ENOENT)
		snprintf(buf, size, "the kernel has no type information (BTF)");
	else if (source == CT_SCHED_BPF && err == ENOSYS)
		snprintf(buf, size, "ctrace-run was built without libbpf");
	else
		snprintf(buf, size, "%s: %s", what, strerror(err));
	return buf;
}

/* What would have told when threads ran. */
static void note_switches(struct ct_view *v, ct_note_fn *note, void *arg)
{
	const struct ct_turns *t = &v->model->turns;
	char text[384], why[2][128], n[CT_TEXT_NUMBER];
	const char *perf = ct_sched_refusal(t, CT_SCHED_PERF, why[0], sizeof(why[0]));
	const char *bpf = ct_sched_refusal(t, CT_SCHED_BPF, why[1], sizeof(why[1]));

	if (!ct_turns_any(t) && (perf || bpf)) {
		snprintf(text, sizeof(text), "when threads had a CPU is not recorded: %s%s",
			 perf ? perf : bpf,
			 t->refused[CT_SCHED_PERF] == EACCES
				 ? "; kernel.perf_event_paranoid 2, CAP_PERFMON or root would "
				   "change that"
			 : t->refused[CT_SCHED_PERF] == ENOBUFS
				 ? "; a larger kernel.perf_event_mlock_kb or RLIMIT_MEMLOCK would "
				   "change that"
			 : !perf && t->refused[CT_SCHED_BPF] == EACCES
				 ? "; CAP_BPF and CAP_PERFMON, or root, would change that"
				 : "");
		note(arg, text);
	}
	if (t->missing) {
		snprintf(text, sizeof(text),
			 "switches: the kernel had no room for %s; what threads did then is not "
			 "known",
			 ct_text_count(n, t->missing));
		note(arg, text);
	}
}

void ct_view_notes(struct ct_view *v, ct_note_fn *note, void *arg)
{
	note_spots(v, note, arg);
	note_damage(v, note, arg);
	note_state(v, note, arg);
	note_switches(v, note, arg);
	note_unknown(v, note, arg);
}

struct printer {
	struct ct_view *v;
	const char *prefix;
};

static void print_note(void *arg, const char *text)
{
	struct printer *p = arg;
	char safe[512];

	fprintf(p->v->out, "%s%s\n", p->prefix, ct_text_safe(safe, sizeof(safe), text));
}

/* What the header counts under this reason. */
static const char *lost_things(unsigned reason, uint64_t n)
{
	if (reason == CT_LOSS_NO_CLOCK)
		return n == 1 ? "process" : "processes";
	return n == 1 ? "record" : "records";
}

char *ct_view_lost_text(const struct ct_view *v, unsigned reason, char *buf, size_t size)
{
	uint64_t n = ct_trace_losses(v->trace)[reason];
	char n1[CT_TEXT_NUMBER];

	buf[0] = 0;
	if (n)
		ct_text_add(buf, size, "lost: %s %s (%s)", ct_text_count(n1, n),
			    lost_things(reason, n), ct_trace_loss_text(reason));
	return buf;
}

void ct_view_blind(struct ct_view *v, const char *prefix)
{
	struct printer p = {v, prefix};
	char text[256];
	unsigned i;

	for (i = 0; i < CT_LOSS_REASONS; i++) {
		if (!*ct_view_lost_text(v, i, text, sizeof(text)))
			continue;
		fprintf(v->out, "%s%s\n", prefix, text);
		ct_losses_line(v, i, prefix);
	}
	ct_view_notes(v, print_note, &p);
}

static void json_note(void *arg, const char *text)
{
	ct_json_text(arg, NULL, text);
}

void ct_view_blind_json(struct ct_view *v, struct ct_json *j)
{
	const uint64_t *lost = ct_trace_losses(v->trace);
	unsigned i;

	ct_json_object(j, "lost");
	for (i = 0; i < CT_LOSS_REASONS; i++)
		if (lost[i])
			ct_json_number(j, ct_trace_loss_name(i), lost[i]);
	ct_json_close(j, '}');
	ct_losses_json(v, j);
	ct_json_array(j, "notes");
	ct_view_notes(v, json_note, j);
	ct_json_close(j, ']');
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
