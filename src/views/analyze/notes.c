/*
 * notes.c - see notes.h.
 */
#include "views/analyze/notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"
#include "views/analyze/text.h"

#define DECADES 9u /* 1 us to 100 s */

/* --- rows ------------------------------------------------------------------------------------------------------------------- */

static bool is_whole(const struct ct_note *n)
{
	return !(n->flags & CT_NOTE_UNENDED) && n->dur != UINT64_MAX;
}

static int by_name(const void *a, const void *b)
{
	const struct ct_note *x = a, *y = b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	if (is_whole(x) != is_whole(y))
		return is_whole(x) ? -1 : 1;
	return x->dur < y->dur ? -1 : x->dur > y->dur;
}

static int by_length(const void *a, const void *b)
{
	const struct ct_note *x = a, *y = b;
	bool known[2] = {x->dur != UINT64_MAX, y->dur != UINT64_MAX};

	if (known[0] != known[1])
		return known[0] ? -1 : 1;
	if (x->dur != y->dur)
		return x->dur > y->dur ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int by_total(const void *a, const void *b)
{
	const struct ct_note_row *x = a, *y = b;

	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

int ct_notes_rows(struct ct_notes *n)
{
	struct ct_note_row *r = NULL;
	uint32_t i;

	n->row = calloc(n->count + 1u, sizeof(*n->row));
	if (!n->row)
		return -ENOMEM;
	qsort(n->note, n->count, sizeof(*n->note), by_name);
	for (i = 0; i < n->count; i++) {
		const struct ct_note *one = &n->note[i];

		if (!r || r->name != one->name) {
			r = &n->row[n->rows++];
			r->name = one->name;
			r->first = i;
		}
		r->unended += (one->flags & CT_NOTE_UNENDED) != 0;
		r->unbegun += (one->flags & CT_NOTE_UNBEGUN) != 0;
		if (is_whole(one)) {
			r->count++;
			r->total += one->dur;
		}
	}
	qsort(n->row, n->rows, sizeof(*n->row), by_total);
	return 0;
}

void ct_notes_longest(struct ct_notes *n)
{
	qsort(n->note, n->count, sizeof(*n->note), by_length);
}

void ct_notes_free(struct ct_notes *n)
{
	ct_tasks_free(n->tasks);
	free(n->note);
	free(n->row);
}

bool ct_notes_in_time(const struct ct_view *v, uint64_t end)
{
	return end >= v->model->options.from_ticks && end <= v->model->options.to_ticks;
}

uint64_t ct_notes_before(const struct ct_view *v, uint64_t from, uint64_t to)
{
	uint64_t begin = v->model->options.from_ticks;

	return from >= begin ? 0 : (to < begin ? to : begin) - from;
}

/* The smallest that at least so many in a thousand are not above: exact, since all are there. */
static uint64_t percentile(const struct ct_notes *n, const struct ct_note_row *r,
			   unsigned per_mille)
{
	uint64_t rank = ((uint64_t)r->count * per_mille + 999) / 1000;

	return r->count ? n->note[r->first + (rank ? rank - 1 : 0)].dur : 0;
}

/* How many are shorter than 1 us, and so on up; the last: all others. */
static void histogram(struct ct_view *v, const struct ct_notes *n, const struct ct_note_row *r,
		      uint32_t to[DECADES + 1])
{
	uint32_t i;
	unsigned k;

	for (k = 0; k <= DECADES; k++)
		to[k] = 0;
	for (i = 0; i < r->count; i++) {
		uint64_t ns = ct_view_ns(v, n->note[r->first + i].dur), edge = 1000;

		for (k = 0; k < DECADES && ns >= edge; k++)
			edge *= 10;
		to[k]++;
	}
}

/* --- text --------------------------------------------------------------------------------------------------------------------- */

char *ct_note_name(struct ct_view *v, uint32_t id, char *buf, size_t size)
{
	const char *name = ct_trace_string(v->trace, id);

	return ct_text_safe(buf, size, name ? name : "(no name)");
}

char *ct_note_task(uint64_t id, char *buf, size_t size)
{
	if (id)
		snprintf(buf, size, "%u.%u", (unsigned)(id >> 32), (unsigned)id);
	else
		snprintf(buf, size, "-");
	return buf;
}

static void print_histogram(struct ct_view *v, const struct ct_notes *n,
			    const struct ct_note_row *r)
{
	static const char *const names[] = {"< 1 us",	"< 10 us", "< 100 us", "< 1 ms",  "< 10 ms",
					    "< 100 ms", "< 1 s",   "< 10 s",   "< 100 s", "longer"};
	char text[256] = "", number[CT_TEXT_NUMBER];
	uint32_t in[DECADES + 1];
	unsigned k;

	histogram(v, n, r, in);
	for (k = 0; k <= DECADES; k++)
		if (in[k])
			ct_text_add(text, sizeof(text), "%s%s: %s", text[0] ? ", " : "", names[k],
				    ct_text_count(number, in[k]));
	fprintf(v->out, "%s%10s  ", ct_dim(v), "");
	ct_text_wrap(v->out, text, 12, v->o.width);
	fputs(ct_plain(v), v->out);
}

static void print_row(struct ct_view *v, const struct ct_notes *n, const struct ct_note_row *r)
{
	char t[6][CT_TEXT_NUMBER], text[2 * CT_NAME_MAX], number[CT_TEXT_NUMBER];

	ct_note_name(v, r->name, text, sizeof(text));
	if (r->unended)
		ct_text_add(text, sizeof(text), ", %s not ended",
			    ct_text_count(number, r->unended));
	if (r->unbegun)
		ct_text_add(text, sizeof(text), ", of %s the beginning is not there",
			    ct_text_count(number, r->unbegun));
	if (!r->count) {
		fprintf(v->out, "%10s %9s %9s %9s %9s %9s  ", "0", "-", "-", "-", "-", "-");
		ct_text_wrap(v->out, text, 62, v->o.width);
		return;
	}
	fprintf(v->out, "%10s %9s %9s %9s %9s %9s  ", ct_text_count(t[0], r->count),
		ct_text_ns(t[1], ct_view_ns(v, r->total)),
		ct_text_ns(t[2], ct_view_ns(v, percentile(n, r, 500))),
		ct_text_ns(t[3], ct_view_ns(v, percentile(n, r, 900))),
		ct_text_ns(t[4], ct_view_ns(v, percentile(n, r, 990))),
		ct_text_ns(t[5], ct_view_ns(v, percentile(n, r, 1000))));
	ct_text_wrap(v->out, text, 62, v->o.width);
	print_histogram(v, n, r);
}

void ct_notes_print(struct ct_view *v, const struct ct_notes *n, const char *what)
{
	uint32_t i;

	fprintf(v->out, "%s%10s %9s %9s %9s %9s %9s  %s%s\n", ct_dim(v), "count", "total", "p50",
		"p90", "p99", "max", what, ct_plain(v));
	for (i = 0; i < n->rows && i < v->o.top; i++)
		print_row(v, n, &n->row[i]);
	if (n->rows > v->o.top)
		fprintf(v->out, "%12sand %u more; --top shows more\n", "", n->rows - v->o.top);
}

/* --- labels ------------------------------------------------------------------------------------------------------------------- */

bool ct_notes_labelled(struct ct_view *v, const struct ct_tasks *t, uint32_t thread, uint64_t ticks)
{
	const struct ct_label *labels[CT_LABELS_AT];
	const char *want = v->o.label, *key, *equals = want ? strchr(want, '=') : NULL;
	size_t n = equals ? (size_t)(equals - want) : want ? strlen(want) : 0;
	uint32_t count, i;

	if (!want)
		return true;
	count = ct_labels_at(&t->labels, thread, ticks, labels, CT_LABELS_AT);
	for (i = 0; i < count; i++) {
		key = ct_trace_string(v->trace, labels[i]->key);
		if (key && strlen(key) == n && !memcmp(key, want, n) &&
		    (!equals || !strcmp(ct_label_value(&t->labels, labels[i]), equals + 1)))
			return true;
	}
	return false;
}

void ct_note_labels(struct ct_view *v, const struct ct_tasks *t, uint32_t thread, uint64_t ticks,
		    char *text, size_t size)
{
	const struct ct_label *labels[CT_LABELS_AT];
	uint32_t count = ct_labels_at(&t->labels, thread, ticks, labels, CT_LABELS_AT), i;
	char key[CT_NAME_MAX];

	for (i = 0; i < count; i++)
		ct_text_add(text, size, ", %s=%s",
			    ct_note_name(v, labels[i]->key, key, sizeof(key)),
			    ct_label_value(&t->labels, labels[i]));
}

void ct_note_labels_json(struct ct_view *v, struct ct_json *j, const struct ct_tasks *t,
			 uint32_t thread, uint64_t ticks)
{
	const struct ct_label *labels[CT_LABELS_AT];
	uint32_t count = ct_labels_at(&t->labels, thread, ticks, labels, CT_LABELS_AT), i;
	char key[CT_NAME_MAX];

	ct_json_object(j, "labels");
	for (i = 0; i < count; i++)
		ct_json_text(j, ct_note_name(v, labels[i]->key, key, sizeof(key)),
			     ct_label_value(&t->labels, labels[i]));
	ct_json_close(j, '}');
}

void ct_notes_missing(struct ct_view *v, const struct ct_tasks *t)
{
	char n[CT_TEXT_NUMBER];

	if (t->nameless_ends)
		fprintf(v->out, "of %s region%s there is only the end, without a name\n",
			ct_text_count(n, t->nameless_ends), t->nameless_ends == 1 ? "" : "s");
	if (t->labels.left_out)
		fprintf(v->out, "%s labels were too many to look at\n",
			ct_text_count(n, t->labels.left_out));
}

/* --- what was done ---------------------------------------------------------------------------------------------------------------- */

static void add_part(struct ct_view *v, const char *what, uint64_t ticks, char *text, size_t size)
{
	char number[CT_TEXT_NUMBER];

	if (ticks)
		ct_text_add(text, size, "%s%s %s", text[0] ? ", " : "", what,
			    ct_text_ns(number, ct_view_ns(v, ticks)));
}

void ct_note_split(struct ct_view *v, const struct ct_split *s, uint64_t dur, uint64_t before,
		   char *text, size_t size)
{
	uint64_t known = ct_split_known(s) + before;
	char kinds[256] = "";
	int i;

	text[0] = 0;
	add_part(v, "running", s->running, text, size);
	add_part(v, "runnable", s->runnable, text, size);
	for (i = 0; i < CT_KINDS; i++)
		add_part(v, i == CT_KIND_FD ? "descriptor" : ct_kind_label((enum ct_kind)i),
			 s->blocked[i], kinds, sizeof(kinds));
	add_part(v, "blocked", ct_split_blocked(s), text, size);
	if (kinds[0])
		ct_text_add(text, size, " (%s)", kinds);
	add_part(v, "off the CPU unrecorded", s->outside, text, size);
	add_part(v, "awake", s->awake, text, size);
	add_part(v, "recording stopped", s->unseen, text, size);
	add_part(v, "before the chosen time", before, text, size);
	add_part(v, "not known", dur > known ? dur - known : 0, text, size);
}

/* --- JSON --------------------------------------------------------------------------------------------------------------------- */

void ct_notes_json(struct ct_view *v, struct ct_json *j, const struct ct_notes *n)
{
	char name[CT_NAME_MAX];
	uint32_t i, in[DECADES + 1];
	uint64_t edge;
	unsigned k;

	ct_json_array(j, "names");
	for (i = 0; i < n->rows && i < v->o.top; i++) {
		const struct ct_note_row *r = &n->row[i];

		ct_json_object(j, NULL);
		ct_json_text(j, "name",
			     r->name ? ct_note_name(v, r->name, name, sizeof(name)) : NULL);
		ct_json_number(j, "count", r->count);
		ct_json_number(j, "unended", r->unended);
		ct_json_number(j, "unbegun", r->unbegun);
		ct_json_number(j, "total_ns", ct_view_ns(v, r->total));
		ct_json_number(j, "p50_ns", ct_view_ns(v, percentile(n, r, 500)));
		ct_json_number(j, "p90_ns", ct_view_ns(v, percentile(n, r, 900)));
		ct_json_number(j, "p99_ns", ct_view_ns(v, percentile(n, r, 990)));
		ct_json_number(j, "max_ns", ct_view_ns(v, percentile(n, r, 1000)));
		ct_json_array(j, "histogram");
		histogram(v, n, r, in);
		for (k = 0, edge = 1000; k <= DECADES; k++, edge *= 10) {
			if (!in[k])
				continue;
			ct_json_object(j, NULL);
			ct_json_number(j, "at_least_ns", k ? edge / 10 : 0);
			ct_json_number(j, "count", in[k]);
			ct_json_close(j, '}');
		}
		ct_json_close(j, ']');
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
	ct_json_number(j, "names_in_all", n->rows);
}

void ct_note_split_json(struct ct_view *v, struct ct_json *j, const struct ct_split *s,
			uint64_t dur, uint64_t before)
{
	uint64_t known = ct_split_known(s) + before;
	int i;

	ct_json_object(j, "split");
	ct_json_number(j, "running_ns", ct_view_ns(v, s->running));
	ct_json_number(j, "runnable_ns", ct_view_ns(v, s->runnable));
	ct_json_object(j, "blocked_ns");
	for (i = 0; i < CT_KINDS; i++)
		if (s->blocked[i])
			ct_json_number(j, ct_kind_name((enum ct_kind)i),
				       ct_view_ns(v, s->blocked[i]));
	ct_json_close(j, '}');
	ct_json_number(j, "outside_ns", ct_view_ns(v, s->outside));
	ct_json_number(j, "awake_ns", ct_view_ns(v, s->awake));
	ct_json_number(j, "paused_ns", ct_view_ns(v, s->unseen));
	ct_json_number(j, "before_ns", ct_view_ns(v, before));
	ct_json_number(j, "unknown_ns", ct_view_ns(v, dur > known ? dur - known : 0));
	ct_json_close(j, '}');
}
