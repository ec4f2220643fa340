/*
 * perfetto_tracks.c - packets, clocks, tracks, and the track that tells what is missing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"
#include "views/analyze/text.h"
#include "views/export/perfetto_int.h"

#define REALTIME 1u
#define BOOTTIME 6u
#define DELTAS	 64u /* the incremental clock */

#define FLUSH 32768u

/* --- texts ------------------------------------------------------------------------------------------------------------------ */

void ct_perfetto_text(struct ct_wire *b, uint32_t field, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t m, n;

	while ((n = ct_text_utf8(s)) && *s)
		s += n;
	if (!*s) {
		ct_wire_text(b, field, text);
		return;
	}
	m = ct_wire_open(b, field);
	for (s = (const unsigned char *)text; *s; s += n ? n : 1) {
		n = ct_text_utf8(s);
		if (!ct_wire_room(b, 4))
			break;
		if (n) {
			memcpy(b->p + b->n, s, n);
			b->n += n;
		} else {
			b->p[b->n++] = (uint8_t)(0xc0 | *s >> 6);
			b->p[b->n++] = (uint8_t)(0x80 | (*s & 0x3f));
		}
	}
	ct_wire_close(b, m);
}

/* --- tracks: numbers of theirs, which are small so that they take few bytes ------------------------------------------------ */

uint64_t ct_perfetto_process_track(const struct ct_perfetto *x, uint32_t process)
{
	return x->v->model->threads.count + 1ull + process * (CT_NUMBERS + 1ull);
}

uint64_t ct_perfetto_counter_track(const struct ct_perfetto *x, uint32_t process,
				   enum ct_slices_number which)
{
	return ct_perfetto_process_track(x, process) + 1 + which;
}

/* Missing things: the first is the track the others belong to. */
static uint64_t missing_track(const struct ct_perfetto *x, size_t i)
{
	return ct_perfetto_process_track(x, x->v->model->tables.process_count) + i;
}

/* --- packets ---------------------------------------------------------------------------------------------------------------- */

void ct_perfetto_end(struct ct_perfetto *x, size_t packet)
{
	ct_wire_close(&x->b, packet);
	x->packets++;
	if (x->b.n >= FLUSH && !x->b.failed) {
		ct_out_bytes(&x->out, x->b.p, x->b.n);
		x->b.n = 0;
	}
}

/* A packet of the sequence of events. */
size_t ct_perfetto_begin(struct ct_perfetto *x, uint64_t ns)
{
	size_t packet = ct_wire_open(&x->b, 1);

	ct_wire_number(&x->b, CT_P_TIMESTAMP, ns > x->last ? ns - x->last : 0);
	ct_wire_number(&x->b, CT_P_SEQUENCE, CT_PERFETTO_EVENTS);
	x->last = ns > x->last ? ns : x->last;
	return packet;
}

/* One of the other, whose times are absolute. */
static size_t begin_absolute(struct ct_perfetto *x, uint64_t ns)
{
	size_t packet = ct_wire_open(&x->b, 1);

	ct_wire_number(&x->b, CT_P_TIMESTAMP, ns);
	ct_wire_number(&x->b, CT_P_CLOCK_ID, CT_PERFETTO_MONOTONIC);
	ct_wire_number(&x->b, CT_P_SEQUENCE, CT_PERFETTO_ABSOLUTE);
	return packet;
}

static void clock_at(struct ct_wire *b, uint32_t clock, uint64_t ns, bool incremental)
{
	size_t m = ct_wire_open(b, 1);

	ct_wire_number(b, 1, clock);
	ct_wire_number(b, 2, ns);
	if (incremental)
		ct_wire_number(b, 3, 1);
	ct_wire_close(b, m);
}

/*
 * The time since the machine booted, which Perfetto takes ftrace's times for, is not in the trace.  It is told to be the monotonic clock's, from which it
 * differs by how long the machine slept.
 */
void ct_perfetto_tell_clocks(struct ct_perfetto *x, uint64_t ns)
{
	size_t packet = ct_wire_open(&x->b, 1), m = ct_wire_open(&x->b, CT_P_CLOCK_SNAPSHOT);

	clock_at(&x->b, BOOTTIME, ns, false);
	clock_at(&x->b, CT_PERFETTO_MONOTONIC, ns, false);
	clock_at(&x->b, REALTIME, ct_trace_realtime_ns(x->v->trace, ns), false);
	ct_wire_number(&x->b, 2, CT_PERFETTO_MONOTONIC);
	ct_wire_close(&x->b, m);
	ct_wire_number(&x->b, CT_P_SEQUENCE, CT_PERFETTO_ABSOLUTE);
	ct_wire_number(&x->b, CT_P_SEQUENCE_FLAGS, 1);
	ct_wire_number(&x->b, CT_P_FIRST, 1);
	ct_perfetto_end(x, packet);

	packet = ct_wire_open(&x->b, 1);
	m = ct_wire_open(&x->b, CT_P_CLOCK_SNAPSHOT);
	clock_at(&x->b, DELTAS, ns, true);
	clock_at(&x->b, CT_PERFETTO_MONOTONIC, ns, false);
	ct_wire_close(&x->b, m);
	m = ct_wire_open(&x->b, CT_P_DEFAULTS);
	ct_wire_number(&x->b, CT_P_CLOCK_ID, DELTAS);
	ct_wire_close(&x->b, m);
	ct_wire_number(&x->b, CT_P_SEQUENCE, CT_PERFETTO_EVENTS);
	ct_wire_number(&x->b, CT_P_SEQUENCE_FLAGS, 1);
	ct_wire_number(&x->b, CT_P_FIRST, 1);
	ct_perfetto_end(x, packet);
	x->last = ns;
}

/* Perfetto reads the states of threads by the version of the kernel. */
void ct_perfetto_tell_system(struct ct_perfetto *x)
{
	const struct ct_header *h = ct_trace_header(x->v->trace);
	size_t packet = ct_wire_open(&x->b, 1), m = ct_wire_open(&x->b, CT_P_SYSTEM_INFO), name;

	name = ct_wire_open(&x->b, 1);
	ct_perfetto_text(&x->b, 1, "Linux");
	ct_perfetto_text(&x->b, 3, h->kernel[0] >= '0' && h->kernel[0] <= '9' ? h->kernel : "5.0");
	ct_perfetto_text(&x->b, 4, h->machine == 183 ? "aarch64" : "x86_64");
	ct_wire_close(&x->b, name);
	ct_wire_close(&x->b, m);
	ct_wire_number(&x->b, CT_P_SEQUENCE, CT_PERFETTO_ABSOLUTE);
	ct_perfetto_end(x, packet);
}

void ct_perfetto_tell_process(struct ct_perfetto *x, uint32_t process, uint64_t ns)
{
	const struct ct_model_tables *t = &x->v->model->tables;
	const char *exe, *slash, *args;
	size_t packet, m, p;

	if (process >= t->process_count || x->process_told[process] >> CT_NUMBERS & 1)
		return;
	x->process_told[process] |= 1u << CT_NUMBERS;
	exe = ct_trace_string(x->v->trace, t->processes[process].exe);
	args = ct_trace_string(x->v->trace, t->processes[process].cmdline);
	slash = exe ? strrchr(exe, '/') : NULL;
	packet = ct_perfetto_begin(x, ns);
	m = ct_wire_open(&x->b, CT_P_TRACK_DESCRIPTOR);
	ct_wire_number(&x->b, 1, ct_perfetto_process_track(x, process));
	p = ct_wire_open(&x->b, 3);
	ct_wire_number(&x->b, 1, t->processes[process].pid);
	if (args)
		ct_perfetto_text(&x->b, 2, args);
	ct_perfetto_text(&x->b, 6, slash ? slash + 1 : exe ? exe : "process");
	ct_wire_close(&x->b, p);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

void ct_perfetto_tell_thread(struct ct_perfetto *x, uint32_t row, uint64_t ns)
{
	const struct ct_thread *t = ct_model_thread_at(x->v->model, row);
	char name[CT_NAME_MAX];
	size_t packet, m, p;

	ct_perfetto_tell_process(x, t->process, ns);
	ct_name_thread_bare(x->v, t, name, sizeof(name));
	packet = ct_perfetto_begin(x, ns);
	m = ct_wire_open(&x->b, CT_P_TRACK_DESCRIPTOR);
	ct_wire_number(&x->b, 1, ct_perfetto_thread_track(row));
	p = ct_wire_open(&x->b, 4);
	ct_wire_number(&x->b, 1, ct_view_pid(x->v, t->process));
	ct_wire_number(&x->b, 2, t->tid);
	ct_perfetto_text(&x->b, 5, name);
	ct_wire_close(&x->b, p);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
	x->threads++;
}

void ct_perfetto_tell_counter(struct ct_perfetto *x, uint32_t process, enum ct_slices_number which,
			      uint64_t ns)
{
	size_t packet = ct_perfetto_begin(x, ns), m = ct_wire_open(&x->b, CT_P_TRACK_DESCRIPTOR), c;

	ct_wire_number(&x->b, 1, ct_perfetto_counter_track(x, process, which));
	ct_wire_number(&x->b, 5, ct_perfetto_process_track(x, process));
	ct_wire_text(&x->b, 2, ct_slices_number_text(which));
	c = ct_wire_open(&x->b, 8);
	ct_wire_number(&x->b, 3, which < CT_NUMBER_THREADS ? 2 : 3);
	ct_wire_close(&x->b, c);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
	x->process_told[process] |= (uint8_t)(1u << which);
}

/* --- what is missing -------------------------------------------------------------------------------------------------------- */

static void missing_descriptor(struct ct_perfetto *x, size_t i, const char *name, uint64_t ns)
{
	size_t packet = begin_absolute(x, ns), m = ct_wire_open(&x->b, CT_P_TRACK_DESCRIPTOR);

	ct_wire_number(&x->b, 1, missing_track(x, i));
	if (i)
		ct_wire_number(&x->b, 5, missing_track(x, 0));
	ct_perfetto_text(&x->b, 2, name);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

static void missing_event(struct ct_perfetto *x, size_t i, uint32_t type, uint64_t ns,
			  const char *name)
{
	size_t packet = begin_absolute(x, ns), m = ct_wire_open(&x->b, CT_P_TRACK_EVENT);

	ct_wire_number(&x->b, CT_E_TYPE, type);
	ct_wire_number(&x->b, CT_E_TRACK, missing_track(x, i));
	if (name)
		ct_perfetto_text(&x->b, CT_E_NAME_TEXT, name);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

/* A track for each thread that lost records: their times may overlap. */
static int tell_losses(struct ct_perfetto *x, size_t *track)
{
	const struct ct_trace_loss *rows;
	char name[CT_NAME_MAX], text[CT_NAME_MAX + 64], n[CT_TEXT_NUMBER];
	size_t count, i;
	int err = ct_trace_losses_by_thread(x->v->trace, &rows, &count);

	for (i = 0; !err && i < count; i++) {
		uint64_t from = ct_trace_ns(x->v->trace, rows[i].from_ticks);

		++*track;
		ct_name_thread(x->v, ct_model_thread(x->v->model, rows[i].thread), name,
			       sizeof(name));
		snprintf(text, sizeof(text), "lost: %s", rows[i].thread ? name : "several threads");
		missing_descriptor(x, *track, text, from);
		snprintf(text, sizeof(text), "%s records lost: %s",
			 ct_text_count(n, rows[i].records), ct_trace_loss_text(rows[i].reason));
		missing_event(x, *track, CT_E_SLICE_BEGIN, from, text);
		missing_event(x, *track, CT_E_SLICE_END, ct_trace_ns(x->v->trace, rows[i].to_ticks),
			      NULL);
	}
	return err;
}

static void tell_holes(struct ct_perfetto *x, size_t *track)
{
	const struct ct_turns *t = &x->v->model->turns;
	uint64_t first = ct_view_from(x->v), last = ct_view_to(x->v);
	uint32_t i;

	if (!t->hole_n)
		return;
	++*track;
	missing_descriptor(x, *track, "switches", ct_trace_ns(x->v->trace, first));
	for (i = 0; i < t->hole_n; i++) {
		uint64_t from = t->holes[i].from > first ? t->holes[i].from : first;
		uint64_t to = t->holes[i].to < last ? t->holes[i].to : last;

		if (from >= to)
			continue;
		missing_event(x, *track, CT_E_SLICE_BEGIN, ct_trace_ns(x->v->trace, from),
			      "not every switch is recorded");
		missing_event(x, *track, CT_E_SLICE_END, ct_trace_ns(x->v->trace, to), NULL);
	}
}

int ct_perfetto_tell_missing(struct ct_perfetto *x, uint64_t ns)
{
	char *notes = ct_slices_notes(x->v), *line, *rest = notes;
	size_t track = 0;
	int err;

	if (!notes)
		return -ENOMEM;
	missing_descriptor(x, 0, "ctrace: what is missing", ns);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line)
			missing_event(x, 0, CT_E_INSTANT, ns, line);
	free(notes);
	err = tell_losses(x, &track);
	tell_holes(x, &track);
	x->said_tracks = missing_track(x, track + 1);
	return err;
}
