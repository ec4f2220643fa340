/*
 * rows.c - see rows.h.
 *
 * Cells are given to rows by a key; then cells, edges and histogram buckets are put in order of their rows by counting, so that
 * every question about a row costs what the row holds and not what the trace holds.
 */
#include "rows_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"

struct key {
	uint32_t kind, process;
	uint32_t how, op;
	uint64_t what;
};

struct row_entry {
	struct key key;
	uint64_t row;
};

/* Key and variable of an object, found once. */
struct object_info {
	uint32_t how; /* 0 with known */
	bool known;
	uint64_t what;
	uint64_t offset; /* in the variable */
	uint64_t total;	 /* ticks, for choosing the row's example */
};

static uint64_t element_bytes(uint32_t kind)
{
	switch (kind) {
	case CT_KIND_MUTEX: return 40;
	case CT_KIND_RWLOCK: return 56;
	case CT_KIND_COND: return 48;
	case CT_KIND_SEM:
	case CT_KIND_BARRIER: return 32;
	default: return 4;
	}
}

static void info_of_fd(struct ct_view *v, uint32_t object, uint32_t op, struct object_info *info)
{
	const char *name = ct_row_fd(v, object, op);
	size_t family;

	if (!name)
		return;
	family = ct_row_family(name);
	if (family < CT_ROW_FAMILIES) {
		info->how = CT_ROW_FAMILY;
		info->what = family;
		return;
	}
	info->how = CT_ROW_NAME;
	info->what = ct_model_fd(v->model, object, op).name;
}

static void find_info(struct ct_view *v, uint32_t object, struct object_info *info)
{
	const struct ct_object *o = &v->model->objects[object];
	struct ct_name_data d;

	info->known = true;
	info->how = CT_ROW_OBJECT;
	info->what = object;
	if (v->o.each)
		return;
	if (o->data) {
		ct_name_data(v, o->data, &d);
		info->how = CT_ROW_VARIABLE;
		info->what = d.base;
		info->offset = d.offset;
	} else if (o->init_stack) {
		info->how = CT_ROW_INIT;
		info->what = o->init_stack;
	} else if (o->first_stack && ct_name_site_frame(v, o->first_stack)) {
		info->how = CT_ROW_SITE;
		info->what = ct_name_site_frame(v, o->first_stack);
	}
}

/* The process whose memory this one's is a copy of: a server's forked workers each have their own of each lock, by one name. */
static uint32_t origin_of(const struct ct_view *v, uint32_t process)
{
	const struct ct_process_rec *rows = v->model->tables.processes;
	uint32_t n = v->model->tables.process_count;

	/* a parent's row comes before its child's */
	while (process < n && rows[process].forked_from && rows[process].forked_from - 1 < process)
		process = rows[process].forked_from - 1;
	return process;
}

static struct key key_of(struct ct_view *v, const struct ct_cell *c, struct object_info *info)
{
	const struct ct_place *p = ct_model_place(v->model, c->object);
	struct key k = {.kind = p->kind, .process = p->process};
	struct object_info found;

	if (!info->known)
		find_info(v, c->object, info);
	found = *info;
	if (p->kind == CT_KIND_FD && !v->o.each)
		info_of_fd(v, c->object, c->op, &found);
	k.how = found.how;
	k.what = found.what;
	if (k.how != CT_ROW_OBJECT)
		k.process = origin_of(v, p->process);
	if (c->op >= CT_OP_FIRST_CALL)
		k.op = c->op;
	if (c->op >= CT_OP_FIRST_CALL && !c->stack && !p->address) {
		k.how = CT_ROW_CALLS;
		k.what = 0;
	} else if (ct_place_is_nameless(p) || (p->kind == CT_KIND_THREAD && !v->o.each)) {
		k.how = CT_ROW_SITE;
		k.what = ct_name_site_frame(v, c->stack);
	}
	return k;
}

/* An object that was not in the row yet. */
static void add_object(struct ct_row *r, const struct ct_object *o, const struct object_info *info,
		       uint32_t kind)
{
	uint64_t element = info->offset / element_bytes(kind);

	r->objects++;
	r->shared += o->processes > 1;
	if (o->processes > r->sharers)
		r->sharers = o->processes;
	if (info->how != CT_ROW_VARIABLE || info->offset % element_bytes(kind))
		r->index_hi = UINT64_MAX;
	if (element < r->index_lo)
		r->index_lo = element;
	if (r->index_hi != UINT64_MAX && element > r->index_hi)
		r->index_hi = element;
}

static void add_cell(struct ct_row *r, const struct ct_cell *c, const struct ct_more *more,
		     struct object_info *info)
{
	uint64_t total = ct_cell_total(c), waits = ct_cell_waits(c);

	r->waits += waits;
	r->short_waits += c->short_waits;
	r->short_total += c->short_total;
	r->open += c->open;
	r->abandoned += more->abandoned;
	r->abandoned_total += more->abandoned_total;
	r->timeouts += c->timeouts;
	r->total += total;
	r->part_waits[c->why] += waits;
	r->part_total[c->why] += total;
	if (c->max > r->max)
		r->max = c->max;
	info->total += total;
	if (info->total >= r->object_total) {
		r->object = c->object;
		r->object_total = info->total;
	}
	if (total >= r->op_total) {
		r->op = c->op;
		r->op_total = total;
		r->site = c->stack;
	}
}

/* Sorted copies carry their old number here. */
struct order {
	uint64_t total;
	uint32_t row;
};

static int by_total(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* Most time first; renumbers the rows of the cells. */
static int sort_rows(struct ct_rows *rows, uint32_t *row_of_cell, uint32_t cells)
{
	struct order *order = calloc(rows->count + 1u, sizeof(*order));
	struct ct_row *sorted = calloc(rows->count + 1u, sizeof(*sorted));
	uint32_t *now = calloc(rows->count + 1u, sizeof(*now)), i;
	int err = order && sorted && now ? 0 : -ENOMEM;

	if (!err) {
		for (i = 0; i < rows->count; i++)
			order[i] = (struct order){rows->row[i].total, i};
		qsort(order, rows->count, sizeof(*order), by_total);
		for (i = 0; i < rows->count; i++) {
			sorted[i] = rows->row[order[i].row];
			now[order[i].row] = i;
		}
		for (i = 0; i < cells; i++)
			if (row_of_cell[i] != CT_NONE)
				row_of_cell[i] = now[row_of_cell[i]];
		free(rows->row);
		rows->row = sorted;
		sorted = NULL;
	}
	free(order);
	free(sorted);
	free(now);
	return err;
}

/* Numbers 0..n-1 in order of their rows; *first of each row goes to `start`, which has count + 1 entries. */
static uint32_t *in_order(uint32_t n, const uint32_t *row_of, uint32_t count, uint32_t *start)
{
	uint32_t *order = calloc(n + 1u, sizeof(*order)), i;

	if (!order)
		return NULL;
	memset(start, 0, (count + 1u) * sizeof(*start));
	for (i = 0; i < n; i++)
		if (row_of[i] != CT_NONE)
			start[row_of[i] + 1]++;
	for (i = 0; i < count; i++)
		start[i + 1] += start[i];
	for (i = 0; i < n; i++)
		if (row_of[i] != CT_NONE)
			order[start[row_of[i]]++] = i;
	for (i = count; i; i--)
		start[i] = start[i - 1];
	start[0] = 0;
	return order;
}

static int order_all(struct ct_view *v, struct ct_rows *rows, const uint32_t *row_of_cell)
{
	struct ct_model *m = v->model;
	uint32_t n = rows->count, i, most;
	uint32_t *start = calloc(n + 2u, sizeof(*start)), *row_of;
	uint32_t *row_of_bin = malloc((m->bins.count + 1u) * sizeof(*row_of_bin));

	most = m->edges.count > m->hist.count ? m->edges.count : m->hist.count;
	row_of = calloc(most + 1u, sizeof(*row_of));
	if (!start || !row_of || !row_of_bin)
		goto out;
	/* All cells of a bin are in the same row, or filtered out together. */
	memset(row_of_bin, 0xff, (m->bins.count + 1u) * sizeof(*row_of_bin));
	for (i = 0; i < m->cells.count; i++)
		row_of_bin[ct_model_cell(m, i)->bin] = row_of_cell[i];
	rows->cell = in_order(m->cells.count, row_of_cell, n, start);
	for (i = 0; i <= n; i++)
		rows->row[i].cells = start[i];
	for (i = 0; i < m->edges.count; i++)
		row_of[i] = row_of_bin[ct_model_edge(m, i)->bin];
	rows->edge = in_order(m->edges.count, row_of, n, start);
	for (i = 0; i <= n; i++)
		rows->row[i].edges = start[i];
	for (i = 0; i < m->hist.count; i++)
		row_of[i] =
			row_of_bin[((struct ct_hist_row *)ct_table_row(&m->hist, i))->key >> 16];
	rows->part = in_order(m->hist.count, row_of, n, start);
	for (i = 0; i <= n; i++)
		rows->row[i].parts = start[i];
out:
	free(start);
	free(row_of);
	free(row_of_bin);
	return rows->cell && rows->edge && rows->part ? 0 : -ENOMEM;
}

int ct_row_percentiles(struct ct_view *v, struct ct_rows *rows, uint32_t row)
{
	struct ct_row *r = &rows->row[row];
	uint32_t k, n = r[1].parts - r->parts;
	struct ct_hist_part *parts = calloc(n + 1u, sizeof(*parts));

	if (!parts)
		return -ENOMEM;
	for (k = 0; k < n; k++) {
		const struct ct_hist_row *h =
			ct_table_row(&v->model->hist, rows->part[r->parts + k]);

		parts[k] = (struct ct_hist_part){(uint32_t)(h->key & 0xffff), h->count};
	}
	r->p50 = ct_hist_percentile(parts, n, 500, r->max ? r->max : UINT64_MAX);
	r->p99 = ct_hist_percentile(parts, n, 990, r->max ? r->max : UINT64_MAX);
	free(parts);
	return 0;
}

/* A lock may be on a descriptor, and then its kind does not tell. */
static bool is_of_kinds(const struct ct_model *m, const struct ct_cell *c, uint32_t kinds)
{
	return c->why == CT_WHY_LOCK || kinds >> ct_model_place(m, c->object)->kind & 1;
}

/* Gives every cell that is wanted to a row. */
static int give_cells(struct ct_view *v, uint32_t whys, uint32_t kinds, struct ct_rows *out,
		      uint32_t *row_of_cell)
{
	struct ct_model *m = v->model;
	struct object_info *info = calloc(m->object_count + 1u, sizeof(*info));
	struct ct_table keys = {0}, pairs = {0}; /* pairs: row and object */
	uint32_t i, before, room = 0;
	uint64_t pair;
	int err = -ENOMEM;

	if (ct_table_init(&keys, sizeof(struct row_entry), sizeof(struct key)) < 0 ||
	    ct_table_init(&pairs, 8, 8) < 0 || !info)
		goto out;
	for (i = 0; i < m->cells.count; i++) {
		struct ct_cell *c = ct_model_cell(m, i);
		struct key k;
		uint32_t row;

		row_of_cell[i] = CT_NONE;
		if (!(whys >> c->why & 1) || !is_of_kinds(m, c, kinds) ||
		    !ct_view_shows(v, ct_model_thread_at(m, c->thread)))
			continue;
		k = key_of(v, c, &info[c->object]);
		row = ct_table_put(&keys, &k);
		/* One row more than there are: its firsts are the ends of the last row. */
		if (row + 2 > room) {
			struct ct_row *p;

			room = room ? room * 2 : 64;
			p = realloc(out->row, room * sizeof(*p));
			if (!p)
				goto out;
			out->row = p;
		}
		if (row == out->count) {
			memset(&out->row[row], 0, sizeof(out->row[row]));
			out->row[row].kind = k.kind;
			out->row[row].process = ct_model_place(v->model, c->object)->process;
			out->row[row].how = k.how;
			out->row[row].index_lo = UINT64_MAX;
			out->count++;
		}
		pair = (uint64_t)row << 32 | c->object;
		before = pairs.count;
		ct_table_put(&pairs, &pair);
		add_cell(&out->row[row], c, ct_cell_more(m, c), &info[c->object]);
		if (pairs.count != before)
			add_object(&out->row[row], &m->objects[c->object], &info[c->object],
				   k.kind);
		if (ct_model_place(v->model, c->object)->process != out->row[row].process) {
			out->row[row].process = k.process;
			out->row[row].forks = true;
		}
		row_of_cell[i] = row;
		out->waits += ct_cell_waits(c);
		out->total += ct_cell_total(c);
	}
	err = keys.failed || pairs.failed ? -ENOMEM : 0;
out:
	ct_table_free(&keys);
	ct_table_free(&pairs);
	free(info);
	return err;
}

int ct_rows_build(struct ct_view *v, uint32_t whys, uint32_t kinds, struct ct_rows *out)
{
	uint32_t *row_of_cell = calloc(v->model->cells.count + 1u, sizeof(*row_of_cell));
	int err = -ENOMEM;

	memset(out, 0, sizeof(*out));
	if (row_of_cell)
		err = give_cells(v, whys, kinds, out, row_of_cell);
	if (!err)
		err = sort_rows(out, row_of_cell, v->model->cells.count);
	if (!err)
		err = order_all(v, out, row_of_cell);
	free(row_of_cell);
	if (err)
		ct_rows_free(out);
	return err;
}

void ct_rows_free(struct ct_rows *rows)
{
	free(rows->row);
	free(rows->cell);
	free(rows->edge);
	free(rows->part);
	memset(rows, 0, sizeof(*rows));
}
