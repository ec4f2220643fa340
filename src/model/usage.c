/*
 * usage.c - see usage.h.
 *
 * What was used between two looks is spread evenly over the slices between them.  Memory stands still from one look to the next; what a
 * process had is gone when it ends, or when the next image takes its place.
 */
#include "usage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct end {
	uint64_t ticks;
	uint32_t process;
};

struct process {
	uint64_t resident, anonymous;
	bool counted;
};

struct reading {
	struct ct_usage_over *over;
	const struct ct_model_tables *tables;
	struct process *process;
	struct end *ends; /* by time */
	uint32_t ends_n, ended;
	uint64_t resident, anonymous; /* of all, now */
	unsigned at;		      /* slice that it is now */
};

static int by_ticks(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return (x->process > y->process) - (x->process < y->process);
}

/* The slice a time lies in, the first or last one for those outside. */
static unsigned slice_at(const struct ct_usage_over *o, uint64_t ticks)
{
	uint64_t i = ticks > o->begin ? (ticks - o->begin) / o->slice : 0;

	return i < o->n ? (unsigned)i : o->n - 1;
}

static bool is_after(const struct ct_usage_over *o, uint64_t ticks)
{
	return ticks > o->begin && ticks - o->begin >= o->slice * o->n;
}

static void note_most(struct reading *r)
{
	struct ct_usage_slice *s = &r->over->slices[r->at];

	if (r->resident > s->resident)
		s->resident = r->resident;
	if (r->anonymous > s->anonymous)
		s->anonymous = r->anonymous;
}

/* Each slice on the way begins with what there was then; what there was before the first one is none of its business. */
static void go_to(struct reading *r, uint64_t ticks)
{
	unsigned to = slice_at(r->over, ticks);

	if (ticks < r->over->begin)
		return;
	note_most(r);
	while (r->at < to) {
		r->at++;
		note_most(r);
	}
}

static void set_memory(struct reading *r, uint32_t process, uint64_t resident, uint64_t anonymous)
{
	struct process *p = &r->process[process];

	r->resident += resident - p->resident;
	r->anonymous += anonymous - p->anonymous;
	p->resident = resident;
	p->anonymous = anonymous;
}

static void end_until(struct reading *r, uint64_t ticks)
{
	for (; r->ended < r->ends_n && r->ends[r->ended].ticks <= ticks; r->ended++) {
		go_to(r, r->ends[r->ended].ticks);
		set_memory(r, r->ends[r->ended].process, 0, 0);
	}
}

static void add_part(struct ct_usage_slice *s, const struct ct_record *r, double part)
{
	s->cpu_ns += part * (double)r->v[CT_F_usage_cpu_ns];
	s->system_ns += part * (double)r->v[CT_F_usage_system_ns];
	s->minor += part * (double)r->v[CT_F_usage_minor];
	s->major += part * (double)r->v[CT_F_usage_major];
	s->voluntary += part * (double)r->v[CT_F_usage_voluntary];
	s->involuntary += part * (double)r->v[CT_F_usage_involuntary];
}

static void spread(struct ct_usage_over *o, const struct ct_record *r, uint64_t from)
{
	unsigned i;

	if (r->ticks < o->begin || is_after(o, from))
		return;
	if (from == r->ticks) {
		add_part(&o->slices[slice_at(o, from)], r, 1);
		return;
	}
	for (i = slice_at(o, from); i < o->n; i++) {
		uint64_t lo = o->begin + o->slice * i, hi = lo + o->slice;

		lo = lo > from ? lo : from;
		hi = hi < r->ticks ? hi : r->ticks;
		if (hi <= lo)
			return;
		add_part(&o->slices[i], r, (double)(hi - lo) / (double)(r->ticks - from));
	}
}

static void take(struct reading *r, const struct ct_record *rec)
{
	uint32_t process = (uint32_t)rec->v[CT_F_usage_process];
	uint64_t span = rec->v[CT_F_usage_span], from = rec->ticks > span ? rec->ticks - span : 0,
		 end = r->tables->processes[process].end_ticks;
	bool gone = end && end <= rec->ticks;

	if (!r->process[process].counted)
		r->over->processes++;
	r->process[process].counted = true;
	if (from < r->over->known_from)
		r->over->known_from = from;
	spread(r->over, rec, from);
	if (is_after(r->over, rec->ticks))
		return;
	end_until(r, rec->ticks);
	go_to(r, rec->ticks);
	set_memory(r, process, gone ? 0 : rec->v[CT_F_usage_resident],
		   gone ? 0 : rec->v[CT_F_usage_anonymous]);
	if (rec->ticks >= r->over->begin)
		note_most(r);
}

static int walk(struct ct_trace *t, struct reading *r, bool (*shows)(void *arg, uint32_t process),
		void *arg)
{
	struct ct_filter filter = CT_FILTER_NONE;
	const struct ct_event *e;
	struct ct_walk *w;
	int err;

	filter.events = 1ull << CT_EV_usage;
	err = ct_walk_open(t, CT_ORDER_CHUNK, &filter, &w);
	if (err)
		return err;
	while ((err = ct_walk_next(w, &e)) > 0) {
		uint64_t process = e->r.v[CT_F_usage_process];

		if (process < r->tables->process_count && shows(arg, (uint32_t)process))
			take(r, &e->r);
	}
	ct_walk_close(w);
	end_until(r, UINT64_MAX);
	go_to(r, UINT64_MAX);
	return err;
}

/* What a process used before it executed another program is in the first record of that image, where nobody had looked before. */
static void count_images_before(struct reading *r, bool (*shows)(void *arg, uint32_t process),
				void *arg)
{
	const struct ct_process_rec *rows = r->tables->processes;
	uint32_t i, next;

	for (i = r->tables->process_count; i-- > 0;) {
		next = rows[i].next_image;
		if (r->process[i].counted || next <= i + 1 || next > r->tables->process_count ||
		    !r->process[next - 1].counted || rows[i].flags & CT_PROC_LEFT_OUT ||
		    !shows(arg, i))
			continue;
		r->process[i].counted = true;
		r->over->processes++;
	}
}

int ct_usage_build(struct ct_trace *t, const struct ct_model *m, struct ct_usage_over *over,
		   bool (*shows)(void *arg, uint32_t process), void *arg)
{
	uint32_t n = m->tables.process_count, i;
	struct reading r = {.over = over, .tables = &m->tables};
	int err = -ENOMEM;

	memset(over->slices, 0, over->n * sizeof(*over->slices));
	over->known_from = UINT64_MAX;
	over->processes = 0;
	r.process = calloc(n + 1u, sizeof(*r.process));
	r.ends = calloc(n + 1u, sizeof(*r.ends));
	if (r.process && r.ends) {
		for (i = 0; i < n; i++)
			if (m->tables.processes[i].end_ticks)
				r.ends[r.ends_n++] =
					(struct end){m->tables.processes[i].end_ticks, i};
		qsort(r.ends, r.ends_n, sizeof(*r.ends), by_ticks);
		err = walk(t, &r, shows, arg);
		count_images_before(&r, shows, arg);
	}
	free(r.process);
	free(r.ends);
	return err;
}
