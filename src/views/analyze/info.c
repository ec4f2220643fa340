/*
 * info.c - the trace itself: what recorded it, what is in it, what it costs, what it lost.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "file/words.h"
#include "symbol/symbol.h"
#include "views/analyze/lines.h"
#include "views/analyze/losses.h"
#include "views/analyze/names.h"
#include "views/analyze/spots.h"
#include "views/analyze/text.h"

static const char *container_text(struct ct_view *v)
{
	const struct ct_trace_info *info = ct_trace_info(v->trace);

	if (info->container == CT_ARENA)
		return info->live ? "arena, being written" : "arena";
	return info->finished ? "finished file" : "file without an end";
}

static const char *clock_text(uint32_t clock)
{
	return clock == CT_CLOCK_TSC	     ? "TSC"
	       : clock == CT_CLOCK_MONOTONIC ? "CLOCK_MONOTONIC"
	       : clock == CT_CLOCK_CNTVCT    ? "CNTVCT"
					     : "unknown";
}

/* Records that tell of a wait or a wake: what the size of a trace is measured by. */
static double bytes_per_record(struct ct_view *v)
{
	uint64_t n = v->model->events[CT_EV_wait] + v->model->events[CT_EV_wake];

	if (ct_trace_info(v->trace)->container == CT_ARENA)
		return 0; /* an arena has its full size from the start */
	return n ? (double)(ct_trace_info(v->trace)->file_bytes -
			    ct_trace_info(v->trace)->cpu_bytes) /
			       (double)n
		 : 0;
}

static uint64_t count_switches(struct ct_view *v)
{
	return v->model->events[CT_EV_cpu_on] + v->model->events[CT_EV_cpu_off] +
	       v->model->events[CT_EV_waking];
}

static double bytes_per_switch(struct ct_view *v)
{
	uint64_t n = count_switches(v);

	return n ? (double)ct_trace_info(v->trace)->cpu_bytes / (double)n : 0;
}

static void print_switches(struct ct_view *v)
{
	const struct ct_turns *t = &v->model->turns;
	char n[5][CT_TEXT_NUMBER], why[128];

	if (!ct_turns_any(t)) {
		fprintf(v->out, "switches   not recorded\n");
		return;
	}
	fprintf(v->out, "switches   %s, %u CPUs, %s of %s seen; at most %s off the other times\n",
		ct_sched_source_text(t->source), ct_turns_cpus(t),
		ct_text_ns(n[0], ct_view_ns(v, ct_turns_seen(t, ct_view_from(v), ct_view_to(v)))),
		ct_text_ns(n[1], ct_view_ns(v, ct_view_to(v) - ct_view_from(v))),
		ct_text_ns(n[2], t->error_ns));
	fprintf(v->out, "           %s, %.2f bytes of file for each",
		ct_text_count(n[3], count_switches(v)), bytes_per_switch(v));
	if (t->missing)
		fprintf(v->out, "; %s missing", ct_text_count(n[4], t->missing));
	fputc('\n', v->out);
	if (t->source == CT_SCHED_PERF && ct_sched_refusal(t, CT_SCHED_BPF, why, sizeof(why)))
		fprintf(v->out, "           not from bpf: %s\n", why);
}

static void switches_json(struct ct_view *v, struct ct_json *j)
{
	const struct ct_turns *t = &v->model->turns;

	ct_json_object(j, "switches");
	ct_json_text(j, "source", ct_turns_any(t) ? ct_sched_source_text(t->source) : NULL);
	ct_json_number(j, "refused_errno", (uint64_t)t->refused[CT_SCHED_PERF]);
	ct_json_number(j, "bpf_refused_errno", (uint64_t)t->refused[CT_SCHED_BPF]);
	ct_json_number(j, "cpus", ct_turns_cpus(t));
	ct_json_number(j, "records", count_switches(v));
	ct_json_number(j, "missing", t->missing);
	ct_json_number(j, "seen_ns",
		       ct_view_ns(v, ct_turns_seen(t, ct_view_from(v), ct_view_to(v))));
	ct_json_number(j, "error_ns", t->error_ns);
	ct_json_real(j, "bytes_per_record", bytes_per_switch(v));
	ct_json_close(j, '}');
}

static void print_header(struct ct_view *v)
{
	const struct ct_header *h = ct_trace_header(v->trace);
	const struct ct_trace_info *info = ct_trace_info(v->trace);
	char n[4][CT_TEXT_NUMBER], host[80], kernel[80];

	fprintf(v->out, "trace      %s\n", info->path);
	fprintf(v->out, "           %s, %s, format %u.%u, ctrace %s\n", container_text(v),
		ct_text_bytes(n[0], info->file_bytes), h->major, h->minor,
		h->version[0] ? h->version : "of unknown version");
	if (info->arena_path)
		fprintf(v->out, "           with the rest from %s\n", info->arena_path);
	fprintf(v->out, "host       %s, %s\n",
		ct_text_safe(host, sizeof(host), h->host[0] ? h->host : "unknown"),
		ct_text_safe(kernel, sizeof(kernel), h->kernel[0] ? h->kernel : "unknown kernel"));
	fprintf(v->out, "clock      %s, %s million ticks a second, %u samples\n",
		clock_text(h->clock),
		ct_text_count(n[0],
			      v->ns_per_tick > 0 ? (uint64_t)(1e3 / v->ns_per_tick + 0.5) : 0),
		h->clock_samples);
	fprintf(v->out, "records    waits of at least %s, calls of at least %s, %s\n",
		ct_text_ns(n[0], h->wait_threshold_ns), ct_text_ns(n[1], h->call_threshold_ns),
		h->policy == CT_POLICY_RING ? "ring" : "stream");
	print_switches(v);
	fprintf(v->out, "length     %s\n",
		ct_text_ns(n[0], ct_view_ns(v, ct_view_to(v) - ct_view_from(v))));
}

static void print_events(struct ct_view *v)
{
	const struct ct_trace_info *info = ct_trace_info(v->trace);
	char n[4][CT_TEXT_NUMBER];
	double per = bytes_per_record(v);
	unsigned i;

	fprintf(v->out, "\nrecords    %s in %s chunks, %s before compression\n",
		ct_text_count(n[0], v->model->records), ct_text_count(n[1], info->chunks),
		ct_text_bytes(n[2], info->raw_bytes));
	if (per > 0)
		fprintf(v->out,
			"           %.2f bytes of file for each wait or wake, %.2f of them header, "
			"stacks and symbols\n",
			per,
			per * (double)(info->file_bytes - info->cpu_bytes - info->chunk_bytes) /
				(double)(info->file_bytes - info->cpu_bytes));
	for (i = 0; i < CT_EV_LIMIT; i++)
		if (v->model->events[i])
			fprintf(v->out, "%13s  %s\n", ct_text_count(n[0], v->model->events[i]),
				ct_event_name(i) ? ct_event_name(i) : "of a later version");
}

static void print_processes(struct ct_view *v)
{
	char name[CT_NAME_MAX];
	uint32_t i;

	fprintf(v->out, "\nprocesses  %u\n", v->model->tables.process_count);
	for (i = 0; i < v->model->tables.process_count; i++) {
		const struct ct_process_rec *p = &v->model->tables.processes[i];
		const char *command = ct_trace_string(v->trace, p->cmdline);

		if (p->state < CT_PROC_LIVE)
			continue;
		fprintf(v->out, "%13u  ", p->pid);
		if (!command)
			command = ct_trace_string(v->trace, p->exe);
		ct_text_cut(v->out, ct_text_safe(name, sizeof(name), command ? command : "unknown"),
			    v->o.width > 40 ? v->o.width - 15 : 25);
		fputc('\n', v->out);
	}
}

/* Calls fn for every complete module. */
static void each_module(struct ct_view *v,
			void (*fn)(struct ct_view *, void *, const char *path,
				   struct ct_sym_module *),
			void *arg)
{
	const struct ct_module_rec *m;
	size_t n = ct_trace_modules(v->trace, &m), i;

	for (i = 0; i < n; i++) {
		const char *path = ct_trace_string(v->trace, m[i].path);
		size_t len = m[i].build_id_len;

		if (m[i].state != 2 || !path || !v->symbols)
			continue;
		if (len > sizeof(m[i].build_id))
			len = sizeof(m[i].build_id);
		fn(v, arg, path, ct_symbols_module(v->symbols, path, m[i].build_id, len));
	}
}

static void print_module(struct ct_view *v, void *arg, const char *path, struct ct_sym_module *sym)
{
	char text[CT_NAME_MAX];

	(void)arg;
	fprintf(v->out, "           %s\n", ct_text_safe(text, sizeof(text), path));
	if (!sym)
		return;
	fprintf(v->out, "%13s%s", "", ct_dim(v));
	ct_text_wrap(v->out, ct_text_safe(text, sizeof(text), ct_symbols_status_text(sym)), 13,
		     v->o.width);
	fputs(ct_plain(v), v->out);
}

static const char *status_name(struct ct_sym_module *sym)
{
	static const char *const names[] = {"debug",   "symtab",   "dynsym",	 "none",
					    "missing", "mismatch", "unreadable", "not_elf"};
	unsigned status = sym ? (unsigned)ct_symbols_status(sym) : 3;

	return status < sizeof(names) / sizeof(names[0]) ? names[status] : "none";
}

static void module_json(struct ct_view *v, void *arg, const char *path, struct ct_sym_module *sym)
{
	struct ct_json *j = arg;

	(void)v;
	ct_json_object(j, NULL);
	ct_json_text(j, "path", path);
	ct_json_text(j, "symbols", status_name(sym));
	ct_json_text(j, "status", sym ? ct_symbols_status_text(sym) : NULL);
	ct_json_close(j, '}');
}

static void processes_json(struct ct_view *v, struct ct_json *j)
{
	uint32_t i;

	ct_json_array(j, "processes");
	for (i = 0; i < v->model->tables.process_count; i++) {
		const struct ct_process_rec *p = &v->model->tables.processes[i];

		if (p->state < CT_PROC_LIVE)
			continue;
		ct_json_object(j, NULL);
		ct_json_number(j, "pid", p->pid);
		ct_json_number(j, "ppid", p->ppid);
		ct_json_text(j, "exe", ct_trace_string(v->trace, p->exe));
		ct_json_text(j, "command", ct_trace_string(v->trace, p->cmdline));
		ct_json_bool(j, "ended", p->end_ticks != 0);
		if (p->exit_status != CT_EXIT_UNKNOWN)
			ct_json_number(j, "status", p->exit_status);
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
}

static int print_json(struct ct_view *v)
{
	const struct ct_header *h = ct_trace_header(v->trace);
	const struct ct_trace_info *info = ct_trace_info(v->trace);
	struct ct_json j;
	unsigned i;

	ct_line_head_json(v, &j, "info");
	ct_json_text(&j, "container", info->container == CT_ARENA ? "arena" : "stream");
	ct_json_bool(&j, "finished", info->finished);
	ct_json_bool(&j, "live", info->live);
	ct_json_text(&j, "recorder", h->version);
	ct_json_text(&j, "host", h->host);
	ct_json_text(&j, "kernel", h->kernel);
	ct_json_text(&j, "clock", clock_text(h->clock));
	ct_json_text(&j, "policy", h->policy == CT_POLICY_RING ? "ring" : "stream");
	ct_json_number(&j, "wait_threshold_ns", h->wait_threshold_ns);
	ct_json_number(&j, "call_threshold_ns", h->call_threshold_ns);
	ct_json_number(&j, "start_mono_ns", h->start_mono_ns);
	ct_json_number(&j, "start_real_ns", h->start_real_ns);
	ct_json_number(&j, "duration_ns", ct_view_ns(v, ct_view_to(v) - ct_view_from(v)));
	ct_json_number(&j, "records", v->model->records);
	ct_json_number(&j, "waits", v->model->events[CT_EV_wait]);
	ct_json_number(&j, "wakes", v->model->events[CT_EV_wake]);
	ct_json_number(&j, "short_waits", v->model->short_waits);
	ct_json_number(&j, "file_bytes", info->file_bytes);
	ct_json_number(&j, "chunk_bytes", info->chunk_bytes);
	ct_json_number(&j, "raw_bytes", info->raw_bytes);
	ct_json_number(&j, "chunks", info->chunks);
	ct_json_real(&j, "bytes_per_record", bytes_per_record(v));
	ct_json_object(&j, "events");
	for (i = 0; i < CT_EV_LIMIT; i++)
		if (v->model->events[i] && ct_event_name(i))
			ct_json_number(&j, ct_event_name(i), v->model->events[i]);
	ct_json_close(&j, '}');
	switches_json(v, &j);
	processes_json(v, &j);
	ct_spots_json(v, &j);
	ct_json_array(&j, "modules");
	each_module(v, module_json, &j);
	ct_json_close(&j, ']');
	ct_json_finish(&j);
	return 0;
}

int ct_view_info(struct ct_view *v)
{
	int err;

	if (v->o.blind && !v->o.json) {
		ct_spots_print(v);
		return 0;
	}
	if (v->o.json)
		return print_json(v);
	print_header(v);
	print_events(v);
	print_processes(v);
	fprintf(v->out, "\nmodules\n");
	each_module(v, print_module, NULL);
	err = ct_losses_print(v);
	fputc('\n', v->out);
	ct_view_blind(v, "");
	return err;
}
