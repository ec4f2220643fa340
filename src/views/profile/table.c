/*
 * table.c - a profile as a table of functions, in the manner of `go tool pprof -top`: what was charged to a function itself (flat), and to it
 * and what it called (cum).
 */
#include "views/profile/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/lines.h"
#include "views/analyze/text.h"

struct row {
	uint64_t flat, cum; /* ticks */
	uint64_t flat_count, cum_count;
	uint32_t name;
	uint32_t seen; /* sample + 1 that counted it last: recursion counts once */
};

struct table {
	struct ct_frames frames;
	struct row *row; /* by name, then sorted */
	uint32_t room, count;
};

static int make_room(struct table *t)
{
	uint32_t room = t->frames.names.room;
	struct row *more;

	if (t->frames.names.count <= t->room)
		return 0;
	more = realloc(t->row, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(more + t->room, 0, (room - t->room) * sizeof(*more));
	t->row = more;
	t->room = room;
	return 0;
}

static int by_flat(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->flat != y->flat)
		return x->flat > y->flat ? -1 : 1;
	if (x->cum != y->cum)
		return x->cum > y->cum ? -1 : 1;
	return (x->name > y->name) - (x->name < y->name);
}

static int by_cum(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->cum != y->cum ? (x->cum > y->cum ? -1 : 1) : by_flat(a, b);
}

static int make(struct table *t, struct ct_profile *p)
{
	int err = ct_frames_init(&t->frames, p);
	const uint32_t *ids;
	uint32_t i;
	size_t n, k;

	for (i = 0; i < p->samples.count && !err; i++) {
		const struct ct_sample *s = ct_profile_sample(p, i);

		n = ct_frames_of(&t->frames, s, &ids);
		err = make_room(t);
		for (k = 0; k < n && !err; k++) {
			struct row *r = &t->row[ids[k]];

			if (r->seen != i + 1) {
				r->cum += s->total;
				r->cum_count += s->count;
			}
			r->seen = i + 1;
			r->name = ids[k];
			if (k + 1 < n)
				continue;
			r->flat += s->total;
			r->flat_count += s->count;
		}
	}
	if (!err && t->frames.failed)
		err = -ENOMEM;
	for (i = 0; i < t->room && !err; i++)
		if (t->row[i].seen)
			t->row[t->count++] = t->row[i];
	if (t->count)
		qsort(t->row, t->count, sizeof(*t->row), p->o.by_cum ? by_cum : by_flat);
	return err;
}

static void free_table(struct table *t)
{
	free(t->row);
	ct_frames_free(&t->frames);
}

static char *per_cent(char buf[CT_TEXT_NUMBER], uint64_t part, uint64_t whole)
{
	snprintf(buf, CT_TEXT_NUMBER, "%.2f%%", whole ? 100 * (double)part / (double)whole : 0.0);
	return buf;
}

static void print_rows(struct ct_profile *p, const struct table *t)
{
	struct ct_view *v = p->v;
	char n[6][CT_TEXT_NUMBER];
	uint64_t sum = 0;
	uint32_t i;

	fprintf(v->out, "%s%10s %7s %7s %10s %7s %11s  %s%s\n", ct_dim(v), "flat", "flat%", "sum%",
		"cum", "cum%", "count", "function", ct_plain(v));
	for (i = 0; i < t->count && i < v->o.top; i++) {
		const struct row *r = &t->row[i];

		sum += r->flat;
		fprintf(v->out, "%10s %7s %7s %10s %7s %11s  ",
			ct_text_ns(n[0], ct_view_ns(v, r->flat)), per_cent(n[1], r->flat, p->total),
			per_cent(n[2], sum, p->total), ct_text_ns(n[3], ct_view_ns(v, r->cum)),
			per_cent(n[4], r->cum, p->total),
			ct_text_count(n[5], p->o.by_cum ? r->cum_count : r->flat_count));
		ct_text_cut(v->out, ct_strings_at(&t->frames.names, r->name),
			    v->o.width > 90 ? v->o.width - 60 : 30);
		fputc('\n', v->out);
	}
	if (i < t->count)
		fprintf(v->out, "%10s and %u more; --top %u shows them\n", "", t->count - i,
			t->count);
}

int ct_profile_text(struct ct_profile *p)
{
	struct table t = {0};
	char n[2][CT_TEXT_NUMBER];
	uint32_t i;
	int err = make(&t, p);

	if (!err) {
		fprintf(p->v->out, "%s%s%s: %s, %s %s\n\n", ct_bold(p->v),
			ct_profile_name(p->o.kind), ct_plain(p->v),
			ct_text_ns(n[0], ct_view_ns(p->v, p->total)), ct_text_count(n[1], p->count),
			p->o.kind < CT_PROFILE_SCHED ? (p->count == 1 ? "wait" : "waits")
			: p->count == 1		     ? "time"
						     : "times");
		print_rows(p, &t);
		fputc('\n', p->v->out);
		for (i = 0; i < p->comments; i++)
			ct_text_wrap(p->v->out, p->comment[i], 0, p->v->o.width);
	}
	free_table(&t);
	return err;
}

int ct_profile_json(struct ct_profile *p)
{
	struct table t = {0};
	struct ct_json j;
	uint32_t i;
	int err = make(&t, p);

	if (err) {
		free_table(&t);
		return err;
	}
	ct_line_head_json(p->v, &j, "profile");
	ct_json_text(&j, "profile", ct_profile_name(p->o.kind));
	ct_json_number(&j, "total_ns", ct_view_ns(p->v, p->total));
	ct_json_number(&j, "count", p->count);
	ct_json_array(&j, "comments");
	for (i = 0; i < p->comments; i++)
		ct_json_text(&j, NULL, p->comment[i]);
	ct_json_close(&j, ']');
	ct_json_array(&j, "functions");
	for (i = 0; i < t.count && i < p->v->o.top; i++) {
		const struct row *r = &t.row[i];

		ct_json_object(&j, NULL);
		ct_json_text(&j, "function", ct_strings_at(&t.frames.names, r->name));
		ct_json_text(&j, "file",
			     r->name < t.frames.file_room && t.frames.file[r->name]
				     ? ct_strings_at(&t.frames.files, t.frames.file[r->name])
				     : NULL);
		ct_json_number(&j, "flat_ns", ct_view_ns(p->v, r->flat));
		ct_json_number(&j, "cum_ns", ct_view_ns(p->v, r->cum));
		ct_json_number(&j, "flat_count", r->flat_count);
		ct_json_number(&j, "cum_count", r->cum_count);
		ct_json_close(&j, '}');
	}
	ct_json_close(&j, ']');
	ct_json_finish(&j);
	free_table(&t);
	return 0;
}
