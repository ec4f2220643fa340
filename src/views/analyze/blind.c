/*
 * blind.c - what a view could not see: what was lost, what nobody told, what the program did not want recorded.
 */
#include <errno.h>
#include <string.h>

#include "views/analyze/json.h"
#include "views/analyze/losses.h"
#include "views/analyze/names.h"
#include "views/analyze/spots.h"
#include "views/analyze/text.h"
#include "views/analyze/view.h"

typedef void note_fn(void *arg, const char *text);

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
	if (err == EACCES || err == EPERM)
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

/* CPUs that were off when recording began and came: nothing tells of them where the kernel does not by itself. */
static void note_cpus_that_came(struct ct_view *v, ct_note_fn *note, void *arg)
{
	const struct ct_turns *t = &v->model->turns;
	char text[192], n[CT_TEXT_NUMBER];
	uint32_t i;

	for (i = 0; i < t->cpus.count; i++) {
		const struct ct_turns_cpu *c = ct_table_row(&t->cpus, i);

		/* at the end of a recording they do not stop in the same moment */
		if (ct_view_ns(v, c->came) < 1000000)
			continue;
		snprintf(text, sizeof(text),
			 "CPU %u came while perf recorded, which cannot tell what ran there for "
			 "%s; --sched-source=bpf could (CAP_BPF and CAP_PERFMON, or root)",
			 (unsigned)c->cpu, ct_text_ns(n, ct_view_ns(v, c->came)));
		note(arg, text);
	}
}

/* What would have told when threads ran. */
static void note_switches(struct ct_view *v, ct_note_fn *note, void *arg)
{
	const struct ct_turns *t = &v->model->turns;
	char text[512], why[2][128], n[CT_TEXT_NUMBER];
	const char *perf = ct_sched_refusal(t, CT_SCHED_PERF, why[0], sizeof(why[0]));
	const char *bpf = ct_sched_refusal(t, CT_SCHED_BPF, why[1], sizeof(why[1]));
	const char *change = "";

	if (t->refused[CT_SCHED_PERF] == EACCES)
		change = "; kernel.perf_event_paranoid 2, CAP_PERFMON or root would change that";
	else if (t->refused[CT_SCHED_PERF] == EPERM)
		change = "; a seccomp filter or security module that lets it would change that";
	else if (t->refused[CT_SCHED_PERF] == ENOBUFS)
		change = "; a larger kernel.perf_event_mlock_kb or RLIMIT_MEMLOCK would change "
			 "that";
	else if (!perf && t->refused[CT_SCHED_BPF] == EACCES)
		change = "; CAP_BPF and CAP_PERFMON, or root, would change that";
	if (!ct_turns_any(t) && (perf || bpf)) {
		snprintf(text, sizeof(text), "when threads had a CPU is not recorded: %s%s%s",
			 perf ? perf : bpf, change,
			 v->model->events[CT_EV_ran]
				 ? "; how long each ran is from schedstat, the rest from waits and "
				   "wakes"
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
	note_cpus_that_came(v, note, arg);
}

/* What programs did not want recorded. */
static void note_pauses(struct ct_view *v, ct_note_fn *note, void *arg)
{
	const struct ct_model *m = v->model;
	char text[CT_NAME_MAX + 128], name[CT_NAME_MAX], n[2][CT_TEXT_NUMBER];
	uint64_t from, to, total;
	uint32_t i, k, count;

	for (i = 0; i < m->pause_count; i = k) {
		uint32_t process = m->pauses[i].process;
		bool forked = !m->pauses[i].off && process < m->tables.process_count &&
			      m->tables.processes[process].forked_from;

		total = 0;
		count = 0;
		for (k = i; k < m->pause_count && m->pauses[k].process == process; k++) {
			if (k == i && forked)
				continue;
			from = m->pauses[k].off > m->begin ? m->pauses[k].off : m->begin;
			to = m->pauses[k].on < m->end ? m->pauses[k].on : m->end;
			total += to > from ? to - from : 0;
			count++;
		}
		if (!ct_view_shows_process(v, process))
			continue;
		ct_name_process(v, process, name, sizeof(name));
		if (forked) {
			snprintf(text, sizeof(text),
				 "%s was forked while recording was stopped: what it did before it "
				 "started that is not known",
				 name);
			note(arg, text);
		}
		if (!count)
			continue;
		snprintf(text, sizeof(text),
			 "%s stopped its recording %s time%s, for %s in all: what its threads "
			 "waited for then is not known",
			 name, ct_text_count(n[0], count), count == 1 ? "" : "s",
			 ct_text_ns(n[1], ct_view_ns(v, total)));
		note(arg, text);
	}
}

/* All but lost records. */
static void tell_notes(struct ct_view *v, ct_note_fn *note, void *arg)
{
	note_spots(v, note, arg);
	note_damage(v, note, arg);
	note_state(v, note, arg);
	note_switches(v, note, arg);
	note_pauses(v, note, arg);
	note_unknown(v, note, arg);
}

struct printer {
	struct ct_view *v;
	const char *prefix;
};

static void print_note(void *arg, const char *text)
{
	struct printer *p = arg;
	char safe[CT_NAME_MAX + 128];

	fprintf(p->v->out, "%s%s\n", p->prefix, ct_text_safe(safe, sizeof(safe), text));
}

/* What the header counts under this reason. */
static const char *lost_things(unsigned reason, uint64_t n)
{
	if (reason == CT_LOSS_NO_CLOCK)
		return n == 1 ? "process" : "processes";
	return n == 1 ? "record" : "records";
}

uint64_t ct_view_lost(const struct ct_view *v)
{
	const uint64_t *lost = ct_trace_losses(v->trace);
	uint64_t all = 0;
	unsigned i;

	for (i = 0; i < CT_LOSS_REASONS; i++)
		all += i == CT_LOSS_NO_CLOCK ? 0 : lost[i]; /* those are processes */
	return all;
}

/* "lost: 12 records (no free chunk)" for a reason; "" when it lost nothing. */
static char *lost_text(const struct ct_view *v, unsigned reason, char *buf, size_t size)
{
	uint64_t n = ct_trace_losses(v->trace)[reason];
	char n1[CT_TEXT_NUMBER];

	buf[0] = 0;
	if (n)
		ct_text_add(buf, size, "lost: %s %s (%s)", ct_text_count(n1, n),
			    lost_things(reason, n), ct_trace_loss_text(reason));
	return buf;
}

void ct_view_missing(struct ct_view *v, ct_note_fn *note, void *arg)
{
	char text[256];
	unsigned i;

	for (i = 0; i < CT_LOSS_REASONS; i++)
		if (*lost_text(v, i, text, sizeof(text)))
			note(arg, text);
	tell_notes(v, note, arg);
}

void ct_view_blind(struct ct_view *v, const char *prefix)
{
	struct printer p = {v, prefix};
	char text[256];
	unsigned i;

	for (i = 0; i < CT_LOSS_REASONS; i++) {
		if (!*lost_text(v, i, text, sizeof(text)))
			continue;
		fprintf(v->out, "%s%s\n", prefix, text);
		ct_losses_line(v, i, prefix);
	}
	tell_notes(v, print_note, &p);
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
	tell_notes(v, json_note, j);
	ct_json_close(j, ']');
}
