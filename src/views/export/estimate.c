/*
 * estimate.c - see estimate.h.
 */
#include "views/export/estimate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/text.h"

struct count {
	uint64_t waits, woken;
	uint64_t by_bucket[CT_HIST_BUCKETS];
};

static bool shows(struct ct_view *v, uint32_t thread)
{
	return ct_view_shows(v, ct_model_thread_at(v->model, thread));
}

/* Which objects are wanted; NULL: all. */
static int wanted_objects(struct ct_view *v, const struct ct_choice_options *o, uint8_t **objects)
{
	const struct ct_model *m = v->model;
	struct ct_choice choice;
	uint32_t i;
	int err;

	*objects = NULL;
	if (!o->lock)
		return 0;
	err = ct_choice_init(&choice, v, o);
	*objects = err ? NULL : calloc(m->object_count + 1u, 1);
	if (!err && !*objects)
		err = -ENOMEM;
	for (i = 0; !err && i < m->cells.count; i++)
		if (ct_choice_cell(&choice, i))
			(*objects)[ct_model_cell(m, i)->object] = 1;
	ct_choice_free(&choice);
	return err;
}

static void count_waits(struct ct_view *v, const uint8_t *objects, struct count *c)
{
	const struct ct_model *m = v->model;
	uint32_t i;

	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *cell = ct_model_cell(m, i);

		if (shows(v, cell->thread) && (!objects || objects[cell->object]))
			c->waits += cell->waits + cell->open;
	}
	for (i = 0; i < m->edges.count; i++) {
		const struct ct_edge *e = ct_model_edge(m, i);
		const struct ct_bin *b = ct_model_bin(m, e->bin);

		if (e->kind == CT_EDGE_WAKER && e->who && shows(v, b->thread) &&
		    (!objects || objects[b->object]))
			c->woken += e->count;
	}
	for (i = 0; i < m->hist.count; i++) {
		const struct ct_hist_row *h = ct_table_row(&m->hist, i);
		const struct ct_bin *b = ct_model_bin(m, (uint32_t)(h->key >> 16));

		if (!shows(v, b->thread) || (objects && !objects[b->object]))
			continue;
		c->by_bucket[h->key & 0xffff] += h->count;
	}
}

/* The share of the waits that are of a bucket's length or longer.  Shorter ones than have a record are in the buckets, too. */
static double share_from(const struct count *c, uint32_t bucket)
{
	uint64_t n = 0;

	for (; bucket < CT_HIST_BUCKETS; bucket++)
		n += c->by_bucket[bucket];
	return c->waits ? (double)(n < c->waits ? n : c->waits) / (double)c->waits : 0;
}

/* What a wait, one that was woken and a switch add to what is estimated. */
struct weights {
	double wait, wake, change;
	uint64_t most;
};

static struct weights in_bytes(const struct ct_export_format *f)
{
	return (struct weights){f->wait_bytes, f->wake_bytes, f->switch_bytes, f->most_bytes};
}

/* States are the longest table: each wait is one and what comes after it another, woken threads have one more, and so has whoever leaves a CPU. */
static struct weights in_rows(const struct ct_export_format *f)
{
	return (struct weights){2, 1, 0.5, f->most_rows};
}

static double waits_of(const struct weights *w, const struct count *c, double share)
{
	return share * ((double)c->waits * w->wait + (double)c->woken * w->wake);
}

/* A length with one digit, not below. */
static uint64_t rounded(uint64_t ns)
{
	uint64_t unit = 1;

	while (ns / unit >= 10)
		unit *= 10;
	return (ns + unit - 1) / unit * unit;
}

/* Switches are not shortened by a filter of waits. */
static double switches_of(const struct weights *w, const struct ct_view *v)
{
	const uint64_t *n = v->model->events;

	return w->change * (double)(n[CT_EV_cpu_on] + n[CT_EV_cpu_off] + 3 * n[CT_EV_waking]);
}

static void find_filter(struct ct_view *v, const struct weights *w, const struct count *c,
			struct ct_estimate *e)
{
	uint32_t bucket;

	for (bucket = 0; bucket < CT_HIST_BUCKETS; bucket++) {
		double left = waits_of(w, c, share_from(c, bucket)) + switches_of(w, v);

		if (left * 10 > (double)w->most * 9)
			continue;
		if (share_from(c, bucket) > 0) {
			e->min_ns = rounded(ct_view_ns(v, ct_hist_value(bucket)));
			e->left = (uint64_t)left;
		}
		return;
	}
}

/* How much it is, by these weights; and where that is too much, what would help. */
static uint64_t weigh(struct ct_view *v, const struct weights *w, const struct count *c,
		      double share, struct ct_estimate *e)
{
	double sum = waits_of(w, c, share) + switches_of(w, v);

	if (w->most && sum > (double)w->most) {
		e->share = 0.9 * (double)w->most / sum;
		find_filter(v, w, c, e);
	}
	return (uint64_t)sum;
}

int ct_export_estimate(struct ct_view *v, const struct ct_export_format *format,
		       const struct ct_export_options *o, struct ct_estimate *e)
{
	const struct weights bytes = in_bytes(format), rows = in_rows(format);
	struct count *c = calloc(1, sizeof(*c));
	uint8_t *objects = NULL;
	int err = c ? wanted_objects(v, &o->choice, &objects) : -ENOMEM;
	uint32_t bucket = 0;
	double share;

	memset(e, 0, sizeof(*e));
	if (!err) {
		count_waits(v, objects, c);
		while (bucket + 1 < CT_HIST_BUCKETS &&
		       ct_view_ns(v, ct_hist_value(bucket)) < o->choice.min_ns)
			bucket++;
		share = o->choice.min_ns ? share_from(c, bucket) : 1;
		e->waits = (uint64_t)((double)c->waits * share);
		e->bytes = weigh(v, &bytes, c, share, e);
		if (format->most_rows)
			e->rows = weigh(v, &rows, c, share, e);
	}
	free(objects);
	free(c);
	return err;
}

/* Both as the text of a number. */
static char *amount(const struct ct_export_format *f, uint64_t n, char buf[CT_TEXT_NUMBER])
{
	if (!f->most_rows)
		return ct_text_bytes(buf, n);
	ct_text_count(buf, n);
	ct_text_add(buf, CT_TEXT_NUMBER, " rows");
	return buf;
}

bool ct_export_warning(const struct ct_export_format *f, const struct ct_estimate *e, char *text,
		       size_t size)
{
	char n[4][CT_TEXT_NUMBER];

	uint64_t is = f->most_rows ? e->rows : e->bytes;
	uint64_t most = f->most_rows ? f->most_rows : f->most_bytes;

	if (!most || is <= most)
		return false;
	snprintf(text, size, "about %s%s, and %s takes %s at most; ", amount(f, is, n[0]),
		 f->most_rows ? " of states" : "", f->viewer, amount(f, most, n[1]));
	if (e->min_ns)
		ct_text_add(text, size, "--min-duration %g%s would leave %s, ",
			    (double)e->min_ns / (e->min_ns < 1000000 ? 1e3 : 1e6),
			    e->min_ns < 1000000 ? "us" : "ms", amount(f, e->left, n[2]));
	ct_text_add(text, size, "--from and --to around %.2g %% of the time would fit",
		    100 * e->share);
	return true;
}

bool ct_export_too_many(struct ct_view *v, const struct ct_export_format *f,
			const struct ct_export_sums *sums, char *text, size_t size)
{
	uint64_t from = ct_view_from(v), to = ct_view_to(v);
	double share = (double)f->well_events / (double)(sums->events + 1);
	char n[3][CT_TEXT_NUMBER];

	if (!f->most_events || sums->events < f->most_events)
		return false;
	to = from + (uint64_t)((double)(to - from) * share);
	snprintf(text, size,
		 "%s events: %s takes about %s of memory for them; --from %.6f --to %.6f would "
		 "leave about %s",
		 ct_text_count(n[0], sums->events), f->viewer,
		 ct_text_bytes(n[1], sums->events * f->event_memory),
		 1e-9 * (double)ct_view_when(v, from), 1e-9 * (double)ct_view_when(v, to),
		 ct_text_count(n[2], f->well_events));
	return true;
}
