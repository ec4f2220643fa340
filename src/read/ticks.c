/*
 * ticks.c - from the trace's clock to CLOCK_MONOTONIC.
 *
 * There are samples (ticks, ns) in the header and in the head of each chunk, all taken by threads that may have been preempted between
 * the two readings and are then wrong by a time slice.  The time of the trace is cut into at most 256 buckets, and each gives
 * one point: the sample whose offset from the nominal rate is the median of the bucket's.  Of these points those are dropped
 * whose offset from the trace's own rate is far from that of their neighbours.  Between points time is a straight line, beyond
 * the ends the nearest line goes on; points must ascend in both clocks, so time never goes back.
 */
#include <errno.h>
#include <stdlib.h>

#include "trace_int.h"

#define BUCKETS	      256
#define NEIGHBOURS    3
#define TOLERANCE_NS  20000u
#define NS_PER_SECOND 1000000000ull
#define SLOPE_ONE     (1ull << 32)
#define SLOPE_MAX     (1000ull << 32) /* 1 MHz */
#define SLOPE_MIN     (1ull << 22)    /* 1 THz */

struct sample {
	uint64_t ticks, ns;
	int64_t offset; /* ns - ticks * slope */
};

static uint64_t scale(uint64_t ticks, uint64_t slope)
{
	unsigned __int128 ns = ((unsigned __int128)ticks * slope) >> 32;

	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

static uint64_t nominal_slope(const struct ct_header *h)
{
	uint64_t per_second = h->ticks_per_second, slope;

	if (!per_second)
		return SLOPE_ONE;
	slope = (uint64_t)(((unsigned __int128)NS_PER_SECOND << 32) / per_second);
	return slope < SLOPE_MIN ? SLOPE_MIN : slope > SLOPE_MAX ? SLOPE_MAX : slope;
}

static int by_ticks(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

static int by_offset(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static size_t header_samples(const struct ct_header *h, struct sample *out, uint64_t slope)
{
	size_t n = 0, i;

	for (i = 0; i < CT_CLOCK_SAMPLES && i < h->clock_samples; i++) {
		const struct ct_clock_sample *s = &h->samples[i];

		if (!s->ticks || !s->mono_ns)
			continue; /* being written */
		out[n++] = (struct sample){s->ticks, s->mono_ns,
					   (int64_t)(s->mono_ns - scale(s->ticks, slope))};
	}
	return n;
}

static size_t collect(const struct ct_trace *t, struct sample *out, uint64_t slope)
{
	size_t n = header_samples(&t->header, out, slope), i;

	if (t->has_arena && t->header.container == CT_STREAM)
		n += header_samples(&t->arena_header, out + n, slope);
	for (i = 0; i < t->chunks_n; i++) {
		const struct ct_trace_chunk *c = &t->chunks[i];

		if (c->base_mono_ns)
			out[n++] = (struct sample){
				c->base_ticks, c->base_mono_ns,
				(int64_t)(c->base_mono_ns - scale(c->base_ticks, slope))};
	}
	return n;
}

/* The point that stands for samples[0 .. n), all of one bucket. */
static struct sample choose(struct sample *samples, size_t n)
{
	qsort(samples, n, sizeof(*samples), by_offset);
	return samples[n / 2];
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The rate most pairs of far points agree on; a few wrong points do not move it. */
static uint64_t own_slope(const struct sample *p, size_t n, uint64_t nominal)
{
	uint64_t slopes[BUCKETS + 1];
	size_t half = n / 2, i, k = 0;

	for (i = 0; i + half < n; i++) {
		uint64_t ticks = p[i + half].ticks - p[i].ticks, ns = p[i + half].ns - p[i].ns;

		if (ticks && p[i + half].ns > p[i].ns)
			slopes[k++] = (uint64_t)(((unsigned __int128)ns << 32) / ticks);
	}
	if (!k)
		return nominal;
	qsort(slopes, k, sizeof(slopes[0]), by_value);
	return slopes[k / 2] > SLOPE_MAX ? nominal : slopes[k / 2];
}

/* Is point i's offset far from the median of the seven around it? */
static bool is_stray(const struct sample *p, size_t n, size_t i, uint64_t tolerance_ns)
{
	struct sample near[2 * NEIGHBOURS + 1] = {{0}};
	size_t from = i > NEIGHBOURS ? i - NEIGHBOURS : 0, k = 0;
	uint64_t off;

	while (from < n && from <= i + NEIGHBOURS)
		near[k++] = p[from++];
	qsort(near, k, sizeof(near[0]), by_offset);
	off = (uint64_t)p[i].offset - (uint64_t)near[k / 2].offset;
	if (off >> 63)
		off = 0 - off;
	return off > tolerance_ns;
}

static void add_point(struct ct_trace *t, const struct sample *s, uint64_t slope)
{
	struct ct_clock_piece *last = t->clock_n ? &t->clock[t->clock_n - 1] : NULL;

	if (last) {
		unsigned __int128 rise;

		if (s->ticks <= last->ticks || s->ns < last->ns)
			return;
		rise = ((unsigned __int128)(s->ns - last->ns) << 32) / (s->ticks - last->ticks);
		/* the clocks of one machine do not drift apart by a percent: one of the two is wrong */
		if (rise > (unsigned __int128)slope + slope / 64 || rise < slope - slope / 64 ||
		    rise > SLOPE_MAX)
			return;
		last->slope = (uint64_t)rise;
	}
	t->clock[t->clock_n++] = (struct ct_clock_piece){s->ticks, s->ns, slope};
}

/* One point for each bucket that has samples, at the front of the array; returns their number. */
static size_t thin_out(struct sample *samples, size_t n)
{
	uint64_t base = n ? samples[0].ticks : 0;
	uint64_t width = n ? (samples[n - 1].ticks - base) / BUCKETS + 1 : 1;
	size_t points = 0, from = 0, i;

	for (i = 0; i < n; i++) {
		uint64_t bucket = (samples[i].ticks - base) / width;
		struct sample point;

		if (i + 1 < n && (samples[i + 1].ticks - base) / width == bucket)
			continue;
		point = choose(samples + from, i + 1 - from);
		samples[points++] = point;
		from = i + 1;
	}
	return points;
}

static void add_points(struct ct_trace *t, struct sample *p, size_t n, uint64_t nominal)
{
	uint64_t slope = nominal, tolerance_ns = TOLERANCE_NS;
	size_t i;

	if (n >= 4) {
		slope = own_slope(p, n, nominal);
		/* a clock that is being slewed bends by up to 500 ppm inside a bucket */
		tolerance_ns += (p[n - 1].ns - p[0].ns) / BUCKETS / 10000;
		for (i = 0; i < n; i++)
			p[i].offset = (int64_t)(p[i].ns - scale(p[i].ticks, slope));
	}
	for (i = 0; i < n; i++)
		if (n < 4 || !is_stray(p, n, i, tolerance_ns))
			add_point(t, &p[i], slope);
}

int ct_clock_build(struct ct_trace *t)
{
	uint64_t slope = nominal_slope(&t->header);
	struct sample *samples = calloc(t->chunks_n + 2 * CT_CLOCK_SAMPLES, sizeof(*samples));
	size_t n;

	t->clock = calloc(BUCKETS + 2, sizeof(*t->clock));
	if (!samples || !t->clock) {
		free(samples);
		return -ENOMEM;
	}
	n = collect(t, samples, slope);
	if (n)
		qsort(samples, n, sizeof(*samples), by_ticks);
	add_points(t, samples, thin_out(samples, n), slope);
	free(samples);
	if (!t->clock_n)
		t->clock[t->clock_n++] = (struct ct_clock_piece){0, t->header.start_mono_ns, slope};
	if (t->clock_n > 1)
		t->clock[t->clock_n - 1].slope = t->clock[t->clock_n - 2].slope;
	return 0;
}

/* The last piece that begins at or before ticks; the first one when none does. */
static const struct ct_clock_piece *piece_at(const struct ct_trace *t, uint64_t ticks)
{
	size_t lo = 0, hi = t->clock_n;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (t->clock[mid].ticks <= ticks)
			lo = mid;
		else
			hi = mid;
	}
	return &t->clock[lo];
}

uint64_t ct_trace_ns(const struct ct_trace *t, uint64_t ticks)
{
	const struct ct_clock_piece *p = piece_at(t, ticks);
	uint64_t ns;

	if (ticks < p->ticks) {
		ns = scale(p->ticks - ticks, p->slope);
		return ns < p->ns ? p->ns - ns : 0;
	}
	ns = p->ns + scale(ticks - p->ticks, p->slope);
	if (p + 1 < t->clock + t->clock_n && ns > p[1].ns)
		return p[1].ns;
	return ns >= p->ns ? ns : UINT64_MAX;
}

uint64_t ct_trace_ticks(const struct ct_trace *t, uint64_t mono_ns)
{
	uint64_t lo = 0, hi = UINT64_MAX;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (ct_trace_ns(t, mid) < mono_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint64_t ct_trace_span_ns(const struct ct_trace *t, uint64_t end_ticks, uint64_t dur_ticks)
{
	uint64_t start = end_ticks > dur_ticks ? end_ticks - dur_ticks : 0;

	return ct_trace_ns(t, end_ticks) - ct_trace_ns(t, start);
}

uint64_t ct_trace_realtime_ns(const struct ct_trace *t, uint64_t mono_ns)
{
	return t->header.start_real_ns + (mono_ns - t->header.start_mono_ns);
}
