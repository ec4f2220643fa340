/*
 * sched.c - see sched.h.
 *
 * Times.  The kernel stamps switches with CLOCK_MONOTONIC, threads their records with counter ticks.  At every look both clocks are read
 * together; a switch lies between two such samples, a few milliseconds apart, and takes its ticks from the straight line between them.
 * How far a sample lies off the line between its neighbours tells how wrong such times may be.
 */
#include "sched.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"
#include "sched_int.h"

#define OFF_NS	      20000000u	 /* between two questions whether a CPU has come */
#define STEP_NS	      100000000u /* of one CPU before the next has its turn */
#define BLOCK_WAIT_NS 500000000u /* full chunks lie here at most so long */

/* --- time ----------------------------------------------------------------------------------------------------------------- */

/* On the line through the two samples.  Differences are small enough for a double, the times themselves are not. */
static uint64_t ticks_at(const struct ct_sched *s, uint64_t ns)
{
	double slope = (double)(s->now.ticks - s->before.ticks) /
		       (double)(s->now.mono_ns - s->before.mono_ns);

	return s->before.ticks +
	       (uint64_t)(int64_t)((double)(int64_t)(ns - s->before.mono_ns) * slope);
}

/* How far the middle one of three samples lies off the line between the others, in ns. */
static uint64_t off_line(const struct ct_clock_sample *a, const struct ct_clock_sample *b,
			 const struct ct_clock_sample *c)
{
	double ns_per_tick = (double)(c->mono_ns - a->mono_ns) / (double)(c->ticks - a->ticks);
	double off =
		(double)(b->mono_ns - a->mono_ns) - (double)(b->ticks - a->ticks) * ns_per_tick;

	return (uint64_t)(off < 0 ? -off : off);
}

bool ct_sched_sample(struct ct_sched *s)
{
	struct ct_clock_sample next = ct_clock_sample(&ct_cap.clock);
	uint64_t off;

	if (next.mono_ns <= s->now.mono_ns || next.ticks <= s->now.ticks)
		return false;
	if (s->before.mono_ns) {
		off = off_line(&s->before, &s->now, &next);
		if (off > s->error_ns)
			s->error_ns = off;
	}
	s->before = s->now;
	s->now = next;
	return s->before.mono_ns != 0;
}

/* --- what is recorded -------------------------------------------------------------------------------------------------------- */

static void say(struct ct_sched *s, struct ct_sched_cpu *c, enum ct_sched_what what, uint64_t ns)
{
	bool off = c >= s->cpu + s->from.n;
	struct ct_record r = {.type = CT_EV_sched};

	r.v[CT_F_sched_what] = what;
	r.v[CT_F_sched_cpu] = c->cpu;
	r.v[CT_F_sched_source] = s->from.source->id;
	r.v[CT_F_sched_count] = what == CT_SCHED_FROM && off;
	r.v[CT_F_sched_error_ns] = what == CT_SCHED_TO ? s->error_ns : 0;
	c->covered = what == CT_SCHED_FROM;
	if (c->covered)
		c->from_ns = ns;
	ct_sched_add(s, c, &r, ns);
}

void ct_sched_say(struct ct_sched *s, enum ct_sched_what what, uint64_t ns)
{
	unsigned i;

	if (what == CT_SCHED_TO)
		ct_sched_tell_account(s);
	else
		s->taken_ns = ns;
	for (i = 0; i < s->from.n; i++)
		if (s->cpu[i].covered != (what == CT_SCHED_FROM))
			say(s, &s->cpu[i], what, ns > s->cpu[i].last_ns ? ns : s->cpu[i].last_ns);
}

/* --- CPUs that come and go --------------------------------------------------------------------------------------------------- */

static bool is_off(unsigned cpu)
{
	char path[80], c = '1';
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, &c, 1) != 1)
			c = '1';
		close(fd);
	}
	return fd >= 0 && c == '0';
}

/* Of a CPU that is off everything is known: no thread has it. */
void ct_sched_say_off(struct ct_sched *s, enum ct_sched_what what, uint64_t ns)
{
	unsigned i;

	for (i = s->from.n; i < s->from.n + s->from.off; i++)
		if (s->cpu[i].covered != (what == CT_SCHED_FROM))
			say(s, &s->cpu[i], what, ns > s->cpu[i].last_ns ? ns : s->cpu[i].last_ns);
}

/*
 * One that was off when recording began, and comes, has no event: what runs there is not recorded, and is a hole for all threads since it was
 * last seen off.  One that goes and comes again keeps its own.
 */
static void watch_off(struct ct_sched *s)
{
	uint64_t now = s->now.mono_ns;
	unsigned i;

	if (!s->from.off || now - s->off_ns < OFF_NS)
		return;
	for (i = s->from.n; i < s->from.n + s->from.off; i++) {
		struct ct_sched_cpu *c = &s->cpu[i];
		bool off = s->is_off(c->cpu);

		if (c->covered && !off) {
			say(s, c, CT_SCHED_TO, s->off_ns > c->last_ns ? s->off_ns : c->last_ns);
			s->misses = true;
		} else if (!c->covered && off) {
			say(s, c, CT_SCHED_FROM, now);
		}
	}
	s->off_ns = now;
}

/* --- switches ---------------------------------------------------------------------------------------------------------------- */

struct taking {
	struct ct_sched *sched;
	struct ct_sched_cpu *cpu;
};

static bool is_switch(const struct ct_switch *w)
{
	return w->kind <= CT_SWITCH_MISSING;
}

/* Of a source that tells them apart from switches. */
static void take_life(void *arg, const struct ct_switch *w)
{
	struct ct_sched *s = arg;

	if (is_switch(w))
		return;
	if (s->lives)
		ct_lives_take(s->lives, w);
	if (w->kind == CT_SWITCH_GONE)
		ct_account_gone(&s->account, w->tid, w->ns);
}

static void take_lives(struct ct_sched *s)
{
	if (s->from.source->lives)
		s->from.source->lives(&s->from, take_life, s);
}

static void take(void *arg, const struct ct_switch *w)
{
	struct taking *t = arg;
	struct ct_sched *s = t->sched;
	struct ct_sched_cpu *c = t->cpu;
	struct ct_record r = {.type = CT_EV_cpu_off};
	uint64_t ns = w->ns;

	if (s->lives)
		ct_lives_take(s->lives, w);
	/* perf tells of nobody's last switch: who has ended leaves the CPU now, but for some us */
	if (!is_switch(w) && w->kind != CT_SWITCH_GONE)
		return;
	if (ns < c->from_ns)
		return; /* between the source's going on and our saying so */
	/* older kernels (5.4) give what was missing a later time than the switch behind it, which has happened all the same */
	if (ns < c->last_ns)
		ns = c->last_ns;
	s->switches++;
	switch (w->kind) {
	case CT_SWITCH_ON:
		r.type = CT_EV_cpu_on;
		r.v[CT_F_cpu_on_tid] = w->tid;
		r.v[CT_F_cpu_on_cpu] = c->cpu;
		c->on_ns = ns;
		c->ready_ns = s->from.accounts ? ct_account_on(&s->account, w) : 0;
		break;
	case CT_SWITCH_WAITS:
	case CT_SWITCH_PREEMPTED:
	case CT_SWITCH_STOPS:
	case CT_SWITCH_GONE:
		r.v[CT_F_cpu_off_tid] = w->tid;
		r.v[CT_F_cpu_off_cpu] = c->cpu;
		r.v[CT_F_cpu_off_how] = w->kind == CT_SWITCH_PREEMPTED ? CT_OFF_PREEMPTED
					: w->kind == CT_SWITCH_STOPS   ? CT_OFF_STOPPED
								       : CT_OFF_WAITS;
		if (c->on_ns && ns > c->on_ns)
			s->period_cpu_ns += ns - c->on_ns;
		if (s->from.accounts && w->ran_ns && c->on_ns)
			ct_account_off(&s->account, w, (uint32_t)(c - s->cpu), c->on_ns,
				       c->ready_ns);
		c->on_ns = 0;
		break;
	case CT_SWITCH_WAKING:
		r.type = CT_EV_waking;
		r.v[CT_F_waking_tid] = w->tid;
		r.v[CT_F_waking_cpu] = c->cpu;
		r.v[CT_F_waking_waker] = w->waker;
		r.v[CT_F_waking_how] = w->how;
		break;
	case CT_SWITCH_MISSING:
		s->switches--;
		s->missing += w->count;
		s->misses = true;
		r.type = CT_EV_sched;
		r.v[CT_F_sched_what] = CT_SCHED_MISSING;
		r.v[CT_F_sched_cpu] = c->cpu;
		r.v[CT_F_sched_source] = s->from.source->id;
		r.v[CT_F_sched_count] = w->count;
		r.v[CT_F_sched_span] = c->last_ns && ns > c->last_ns
					       ? ticks_at(s, ns) - ticks_at(s, c->last_ns)
					       : 0;
		c->on_ns = 0;
		break;
	default: return;
	}
	ct_sched_add(s, c, &r, ns);
}

/* Where much has come together all CPUs are gone through in steps: who counts along a thread's way from one to another hears of it about in turn. */
void ct_sched_take(struct ct_sched *s)
{
	struct taking t = {.sched = s};
	uint64_t now = s->now.mono_ns, to = s->taken_ns;
	unsigned i;

	do {
		to = now - to > STEP_NS ? to + STEP_NS : now;
		for (i = 0; i < s->from.n; i++) {
			t.cpu = &s->cpu[i];
			s->from.source->read(&s->from, i, to, take, &t);
		}
	} while (to < now);
	s->taken_ns = now;
	take_lives(s);
	if (s->now.mono_ns - s->account_ns >= CT_SCHED_ACCOUNT_NS)
		ct_sched_tell_account(s);
}

/* --- from begin to end --------------------------------------------------------------------------------------------------------- */

/* The trace says it too, so that every view can. */
static void refused(struct ct_sched *s, struct ct_sched_cpu *none, enum ct_sched_source source,
		    int err)
{
	struct ct_record r = {.type = CT_EV_sched};

	r.v[CT_F_sched_what] = CT_SCHED_REFUSED;
	r.v[CT_F_sched_source] = source;
	r.v[CT_F_sched_count] = (uint64_t)-err;
	ct_sched_add(s, none, &r, s->now.mono_ns);
}

static bool opens(const struct ct_switch_source *source, pid_t pid)
{
	struct ct_switches s = {.ready = -1};

	if (source->open(&s, pid) < 0)
		return false;
	source->close(&s);
	return true;
}

bool ct_sched_can(enum ct_sched_mode mode, enum ct_sched_from from, pid_t pid)
{
	bool any = from == CT_SCHED_FROM_ANY;

	return mode != CT_SCHED_OFF &&
	       (((any || from == CT_SCHED_FROM_PERF) && opens(&ct_switches_perf, pid)) ||
		((any || from == CT_SCHED_FROM_BPF) && opens(&ct_switches_bpf, pid)));
}

static void find_source(struct ct_sched *s, struct ct_sched_cpu *none,
			const struct ct_switch_source *const *sources, unsigned n, pid_t pid)
{
	unsigned i;
	int err;

	for (i = 0; i < n && !s->from.source; i++) {
		err = sources[i]->open(&s->from, pid);
		if (!err) {
			s->from.source = sources[i];
		} else {
			memset(&s->from, 0, sizeof(s->from));
			s->from.ready = -1;
			refused(s, none, sources[i]->id, err);
		}
	}
}

void ct_sched_open_from(struct ct_sched *s, enum ct_sched_mode mode,
			const struct ct_switch_source *const *sources, unsigned n, pid_t pid,
			struct ct_stream *stream, uint64_t ring_bytes)
{
	struct ct_sched_cpu first = {.cpu = 0};
	unsigned i;

	memset(s, 0, sizeof(*s));
	s->mode = mode;
	s->stream = stream;
	s->from.ready = -1;
	s->is_off = is_off;
	s->misses = mode != CT_SCHED_OFF;
	if (mode == CT_SCHED_OFF || !n)
		return;
	s->on = true;
	s->now = ct_clock_sample(&ct_cap.clock);
	while (!ct_sched_sample(s))
		;
	if (ring_bytes)
		s->full_max = (unsigned)(ring_bytes / CT_CHUNK_BYTES) + 1;
	find_source(s, &first, sources, n, pid);
	s->cpu = calloc(s->from.n + s->from.off + 1, sizeof(*s->cpu));
	if (!s->cpu) {
		s->error = -ENOMEM;
		if (s->from.source)
			s->from.source->close(&s->from);
		s->from.n = s->from.off = 0;
		s->from.source = NULL;
	}
	for (i = 0; i < s->from.n + s->from.off; i++)
		s->cpu[i].cpu = s->from.cpu[i];
	/* who refused is told where CPU 0's records go on */
	if (s->from.n && s->cpu[0].cpu == first.cpu)
		s->cpu[0] = first;
	else
		ct_sched_seal(s, &first);
	if (s->from.n)
		s->from.source->enable(&s->from, true);
	while (!ct_sched_sample(s))
		;
	ct_sched_say(s, CT_SCHED_FROM, s->now.mono_ns);
	ct_sched_say_off(s, CT_SCHED_FROM, s->now.mono_ns);
	s->off_ns = s->now.mono_ns;
	s->misses = !s->from.n;
	ct_budget_open(s);
}

/*
 * BPF programs come first: they cost a quarter of perf's records, and can pause.  After perf's events are closed the kernel looks for some at
 * every switch for one more second (its switch is thrown late, perf_sched_delayed), which is a tenth of a program that does little else.
 */
void ct_sched_open(struct ct_sched *s, enum ct_sched_mode mode, enum ct_sched_from from, pid_t pid,
		   struct ct_stream *stream, uint64_t ring_bytes)
{
	const struct ct_switch_source *sources[2];
	unsigned n = 0;

	if (from == CT_SCHED_FROM_ANY || from == CT_SCHED_FROM_BPF)
		sources[n++] = &ct_switches_bpf;
	if (from == CT_SCHED_FROM_ANY || from == CT_SCHED_FROM_PERF)
		sources[n++] = &ct_switches_perf;
	ct_sched_open_from(s, mode, sources, n, pid, stream, ring_bytes);
}

void ct_sched_forked(struct ct_sched *s)
{
	if (!s->from.n || s->from.source->forked(&s->from) == 0)
		return;
	if (!s->paused)
		ct_sched_say(s, CT_SCHED_TO, s->now.mono_ns);
	s->paused = s->misses = true;
	s->mode = CT_SCHED_EXACT; /* never again */
}

bool ct_sched_tells(const struct ct_sched *s)
{
	return s->from.n && !s->paused;
}

bool ct_sched_unaccounted(const struct ct_sched *s)
{
	return s->misses || (s->from.n && !s->from.accounts);
}

uint64_t ct_sched_ticks(const struct ct_sched *s, uint64_t ns)
{
	return ticks_at(s, ns);
}

int ct_sched_ready(const struct ct_sched *s)
{
	return s->from.ready;
}

void ct_sched_look(struct ct_sched *s, uint64_t now_ns)
{
	if (!s->on)
		return;
	if (s->from.n && ct_sched_sample(s)) {
		watch_off(s);
		if (s->paused)
			take_lives(s);
		else
			ct_sched_take(s);
	}
	if (s->from.n && s->mode == CT_SCHED_AUTO)
		ct_budget_keep(s, now_ns);
	if (s->full_max || !s->full_n) {
		s->full_since_ns = now_ns;
		return;
	}
	if (s->full_n >= CT_SCHED_ENOUGH || now_ns - s->full_since_ns >= BLOCK_WAIT_NS) {
		ct_sched_write_full(s);
		s->full_since_ns = now_ns;
	}
}

static void write_rest(struct ct_sched *s)
{
	unsigned i;

	ct_sched_say_off(s, CT_SCHED_TO, s->now.mono_ns);
	for (i = 0; i < s->from.n + s->from.off; i++)
		ct_sched_seal(s, &s->cpu[i]);
	ct_sched_write_full(s);
}

int ct_sched_write(struct ct_sched *s, struct ct_stream *stream)
{
	if (!s->on)
		return 0;
	s->stream = stream;
	s->error = 0;
	if (s->from.n && !s->paused)
		ct_sched_say(s, CT_SCHED_TO, s->now.mono_ns);
	write_rest(s);
	return s->error;
}

int ct_sched_finish(struct ct_sched *s)
{
	if (!s->on)
		return 0;
	if (s->from.n && !s->paused) {
		s->from.source->enable(&s->from, false);
		while (!ct_sched_sample(s))
			;
		ct_sched_take(s);
		ct_sched_say(s, CT_SCHED_TO, s->now.mono_ns);
	}
	write_rest(s);
	free(s->full);
	free(s->cpu);
	ct_account_free(&s->account);
	if (s->from.source)
		s->from.source->close(&s->from);
	s->on = false;
	return s->error;
}
