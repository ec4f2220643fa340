/*
 * cpustat.c - see cpustat.h.
 *
 * CPU by CPU, the time is cut into pieces wherever a slice or a span of counts begins or ends.  Turns are laid over the pieces: each tells its
 * part of the two it ends in and is counted once for those between, so that neither many turns nor long ones cost more than a search.
 */
#include "cpustat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A cpu_idle record. */
struct sample {
	uint64_t from, to;
	double idle, stolen; /* ticks */
	uint32_t cpu;
};

struct piece {
	uint64_t from;
	uint64_t traced, hidden; /* ticks that threads had it; of these, in holes */
	int64_t whole; /* turns that cover this and the next pieces: how many more than of the one before */
	uint32_t sample; /* place + 1; 0: nothing was counted */
	uint32_t slice;	 /* number + 1; 0: outside of the window */
};

struct reading {
	const struct ct_model *model;
	struct ct_cpustats *out;
	struct sample *samples;
	uint32_t samples_n, samples_room;
	uint32_t *turns;	    /* numbers, by CPU */
	uint32_t *turns_of;	    /* by CPU: where they begin in turns; one more for the end */
	uint64_t *cuts;		    /* of this CPU */
	struct piece *piece;	    /* one less than cuts */
	uint32_t n;		    /* pieces */
	double ticks_per_ns, error; /* ticks */
};

/* --- reading ----------------------------------------------------------------------------------------------------------------- */

static int add_sample(struct reading *r, const struct ct_record *rec)
{
	uint64_t span = rec->v[CT_F_cpu_idle_span], cpu = rec->v[CT_F_cpu_idle_cpu];
	const struct ct_cpustats *o = r->out;
	uint64_t end = o->begin + o->slice * o->n, from = rec->ticks > span ? rec->ticks - span : 0;

	if (cpu >= CT_CPUS_MAX || !span || rec->ticks <= o->begin || from >= end)
		return 0;
	if (r->samples_n == r->samples_room) {
		uint32_t room = r->samples_room ? r->samples_room * 2 : 256;
		struct sample *p =
			room > r->samples_room ? realloc(r->samples, room * sizeof(*p)) : NULL;

		if (!p)
			return -ENOMEM;
		r->samples = p;
		r->samples_room = room;
	}
	r->samples[r->samples_n++] = (struct sample){
		.from = from,
		.to = rec->ticks,
		.cpu = (uint32_t)cpu,
		.idle = (double)rec->v[CT_F_cpu_idle_idle_ns] * r->ticks_per_ns,
		.stolen = (double)rec->v[CT_F_cpu_idle_stolen_ns] * r->ticks_per_ns,
	};
	return 0;
}

static int by_cpu(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

/* By CPU and time; of two that overlap, which none of ours do, the first is believed. */
static void settle_samples(struct reading *r)
{
	uint32_t i, n = 0;

	if (!r->samples_n)
		return;
	qsort(r->samples, r->samples_n, sizeof(*r->samples), by_cpu);
	for (i = 0; i < r->samples_n; i++) {
		const struct sample *s = &r->samples[i];

		if (n && r->samples[n - 1].cpu == s->cpu && s->from < r->samples[n - 1].to)
			continue;
		r->samples[n++] = *s;
	}
	r->samples_n = n;
}

static int read_samples(struct ct_trace *t, struct reading *r)
{
	struct ct_filter filter = CT_FILTER_NONE;
	const struct ct_event *e;
	struct ct_walk *w;
	int err, full = 0;

	filter.events = 1ull << CT_EV_cpu_idle;
	err = ct_walk_open(t, CT_ORDER_CHUNK, &filter, &w);
	if (err)
		return err;
	while (!full && (err = ct_walk_next(w, &e)) > 0)
		if (!e->thread)
			full = add_sample(r, &e->r);
	ct_walk_close(w);
	settle_samples(r);
	return full ? full : err;
}

/* Numbers of turns by CPU. */
static int part_turns(struct reading *r)
{
	const struct ct_pool *all = &r->model->turns.all;
	uint32_t i;

	r->turns_of = calloc(CT_CPUS_MAX + 1u, sizeof(*r->turns_of));
	r->turns = malloc((all->count + 1u) * sizeof(*r->turns));
	if (!r->turns_of || !r->turns)
		return -ENOMEM;
	for (i = 0; i < all->count; i++)
		r->turns_of[((const struct ct_turn *)ct_pool_at(all, i))->cpu]++;
	for (i = 1; i <= CT_CPUS_MAX; i++)
		r->turns_of[i] += r->turns_of[i - 1];
	/* from the end, so that each count goes back to where its CPU begins */
	for (i = all->count; i-- > 0;)
		r->turns[--r->turns_of[((const struct ct_turn *)ct_pool_at(all, i))->cpu]] = i;
	return 0;
}

/* --- one CPU ----------------------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Pieces for the samples from s on; room is enough. */
static void cut(struct reading *r, uint32_t s, uint32_t samples)
{
	const struct ct_cpustats *o = r->out;
	uint32_t i, n = 0, cuts = 0, end = s + samples;

	for (i = 0; i <= o->n; i++)
		r->cuts[cuts++] = o->begin + o->slice * i;
	for (i = s; i < end; i++) {
		r->cuts[cuts++] = r->samples[i].from;
		r->cuts[cuts++] = r->samples[i].to;
	}
	qsort(r->cuts, cuts, sizeof(*r->cuts), by_value);
	for (i = 0; i < cuts; i++)
		if (!n || r->cuts[n - 1] != r->cuts[i])
			r->cuts[n++] = r->cuts[i];
	r->n = n - 1;
	for (i = 0; i < r->n; i++) {
		uint64_t from = r->cuts[i];
		struct piece *p = &r->piece[i];

		*p = (struct piece){.from = from};
		if (from >= o->begin && (from - o->begin) / o->slice < o->n)
			p->slice = (uint32_t)((from - o->begin) / o->slice) + 1;
		while (s < end && r->samples[s].to <= from)
			s++;
		if (s < end && r->samples[s].from <= from)
			p->sample = s + 1;
	}
}

/* The piece that a time lies in. */
static uint32_t piece_at(const struct reading *r, uint64_t ticks)
{
	uint32_t lo = 0, hi = r->n;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (r->piece[mid].from <= ticks)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static void lay(struct reading *r, uint32_t i, uint64_t from, uint64_t to)
{
	r->piece[i].traced += to - from;
	r->piece[i].hidden += to - from - ct_turns_seen(&r->model->turns, from, to);
}

static void lay_turn(struct reading *r, const struct ct_turn *turn)
{
	uint64_t first = r->cuts[0], last = r->cuts[r->n];
	uint64_t from = turn->on > first ? turn->on : first,
		 to = turn->off < last ? turn->off : last;
	uint32_t lo, hi;

	if (from >= to)
		return;
	lo = piece_at(r, from);
	hi = piece_at(r, to - 1);
	if (lo == hi) {
		lay(r, lo, from, to);
		return;
	}
	lay(r, lo, from, r->cuts[lo + 1]);
	lay(r, hi, r->cuts[hi], to);
	r->piece[lo + 1].whole++;
	r->piece[hi].whole--;
}

/* All turns are laid: what is traced of each piece. */
static void add_whole(struct reading *r)
{
	int64_t over = 0;
	uint32_t i;

	for (i = 0; i < r->n; i++) {
		struct piece *p = &r->piece[i];
		uint64_t to = r->cuts[i + 1], length = to - p->from,
			 hole = length - ct_turns_seen(&r->model->turns, p->from, to);

		over += p->whole;
		/* a CPU has one thread at a time, whatever records say */
		if (over > 0 || p->traced > length) {
			p->traced = length;
			p->hidden = hole;
		}
		if (p->hidden > hole)
			p->hidden = hole;
	}
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

/* Ticks of a piece that no traced thread had, and of these, in holes. */
static double rest_of(const struct reading *r, uint32_t i, double *hole)
{
	const struct piece *p = &r->piece[i];
	uint64_t to = r->cuts[i + 1], length = to - p->from;

	*hole = (double)(length - ct_turns_seen(&r->model->turns, p->from, to) - p->hidden);
	*hole = least(*hole, (double)(length - p->traced));
	return (double)(length - p->traced);
}

static void add_share(struct ct_cpustat_part *to, const struct ct_cpustat_part *of, double share)
{
	to->others += of->others * share;
	to->idle += of->idle * share;
	to->stolen += of->stolen * share;
	to->unknown += of->unknown * share;
}

/* What the time of one sample was, which has `rest` ticks for it.  Counts that are shown late are carried on, as far as rounding explains. */
static struct ct_cpustat_part part_sample(const struct sample *s, double rest, double hole,
					  struct ct_cpustat_part *carry, double error)
{
	struct ct_cpustat_part p;
	double idle = s->idle + carry->idle, stolen = s->stolen + carry->stolen, busy;

	p.idle = least(idle, rest);
	p.stolen = least(stolen, rest - p.idle);
	carry->idle = least(idle - p.idle, error);
	carry->stolen = least(stolen - p.stolen, error / 2);
	busy = rest - p.idle - p.stolen;
	p.unknown = least(busy, hole);
	p.others = busy - p.unknown;
	return p;
}

/* Pieces from i on that belong to one sample, or to none.  Returns where they end. */
static uint32_t part_pieces(struct reading *r, struct ct_cpustat_cpu *c, uint32_t i,
			    struct ct_cpustat_part *carry, double *counted)
{
	const struct sample *s = r->piece[i].sample ? &r->samples[r->piece[i].sample - 1] : NULL;
	struct ct_cpustat_part p = {.unknown = 1};
	double rest = 0, hole = 0, part, h, inside = 0;
	uint32_t end;

	for (end = i; end < r->n && r->piece[end].sample == r->piece[i].sample; end++) {
		rest += rest_of(r, end, &h);
		hole += h;
		if (r->piece[end].slice)
			inside += (double)(r->cuts[end + 1] - r->cuts[end]);
	}
	if (s) {
		p = part_sample(s, rest, hole, carry, r->error);
		*counted += rest;
		c->stolen_more += (s->stolen - p.stolen) * inside / (double)(s->to - s->from);
	} else {
		*carry = (struct ct_cpustat_part){0};
		rest = 1; /* p is of one tick */
	}
	for (; i < end; i++) {
		part = rest_of(r, i, &h);
		if (!r->piece[i].slice || part <= 0)
			continue;
		add_share(&c->slice[r->piece[i].slice - 1], &p, part / rest);
		add_share(&c->all, &p, part / rest);
	}
	return end;
}

static void forget(struct ct_cpustat_part *p)
{
	*p = (struct ct_cpustat_part){.unknown = p->others + p->idle + p->stolen + p->unknown};
}

static void find_cpu(struct reading *r, struct ct_cpustat_cpu *c, uint32_t first, uint32_t samples)
{
	struct ct_cpustat_part carry = {0};
	double counted = 0;
	uint32_t i;
	unsigned k;

	cut(r, first, samples);
	for (i = r->turns_of[c->cpu]; i < r->turns_of[c->cpu + 1]; i++)
		lay_turn(r, ct_pool_at(&r->model->turns.all, r->turns[i]));
	add_whole(r);
	for (i = 0; i < r->n;)
		i = part_pieces(r, c, i, &carry, &counted);
	if (c->stolen_more < r->error)
		c->stolen_more = 0;
	/* a moment is too little for counts in hundredths of a second */
	if (counted > r->error)
		return;
	forget(&c->all);
	for (k = 0; k < r->out->n; k++)
		forget(&c->slice[k]);
}

/* --- all of them --------------------------------------------------------------------------------------------------------------- */

/* How many samples follow that are of one CPU. */
static uint32_t same_cpu(const struct reading *r, uint32_t first)
{
	uint32_t i = first;

	while (i < r->samples_n && r->samples[i].cpu == r->samples[first].cpu)
		i++;
	return i - first;
}

static int find_cpus(struct reading *r)
{
	struct ct_cpustats *o = r->out;
	uint32_t i, n, most = 0;

	for (i = 0; i < r->samples_n; i += n, o->count++) {
		n = same_cpu(r, i);
		most = n > most ? n : most;
	}
	o->cpu = calloc(o->count + 1u, sizeof(*o->cpu));
	o->parts = calloc((size_t)o->count * o->n + 1u, sizeof(*o->parts));
	r->cuts = malloc((2u * (size_t)most + o->n + 1u) * sizeof(*r->cuts));
	r->piece = calloc(2u * (size_t)most + o->n + 1u, sizeof(*r->piece));
	if (!o->cpu || !o->parts || !r->cuts || !r->piece)
		return -ENOMEM;
	for (i = n = 0; i < o->count; i++) {
		o->cpu[i].cpu = r->samples[n].cpu;
		o->cpu[i].slice = o->parts + (size_t)i * o->n;
		most = same_cpu(r, n);
		find_cpu(r, &o->cpu[i], n, most);
		n += most;
	}
	return 0;
}

int ct_cpustats_build(struct ct_trace *t, const struct ct_model *m, struct ct_cpustats *c)
{
	struct reading r = {.model = m, .out = c};
	int err;

	c->cpu = NULL;
	c->parts = NULL;
	c->count = 0;
	r.ticks_per_ns = (double)m->tables.second_ticks / 1e9;
	r.error = CT_CPUSTAT_ERROR_NS * r.ticks_per_ns;
	err = read_samples(t, &r);
	if (!err && r.samples_n)
		err = part_turns(&r);
	if (!err && r.samples_n)
		err = find_cpus(&r);
	free(r.samples);
	free(r.turns);
	free(r.turns_of);
	free(r.cuts);
	free(r.piece);
	return err;
}

void ct_cpustats_free(struct ct_cpustats *c)
{
	free(c->cpu);
	free(c->parts);
	c->cpu = NULL;
	c->parts = NULL;
	c->count = 0;
}

const struct ct_cpustat_cpu *ct_cpustats_of(const struct ct_cpustats *c, uint64_t cpu)
{
	uint32_t lo = 0, hi = c->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->cpu[mid].cpu < cpu)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->count && c->cpu[lo].cpu == cpu ? &c->cpu[lo] : NULL;
}
