/*
 * lines.c - the symbols a finished trace brings along: several blocks, each with strings of its own, become two sorted tables.
 * When two blocks name the same frame the later block counts.
 */
#include <errno.h>
#include <stdlib.h>

#include "trace_int.h"

struct parts {
	const struct ct_symbols_head *head;
	const struct ct_symbol_frame *frames;
	const struct ct_symbol_line *lines;
	const struct ct_symbol_data *data;
	const char *strings;
};

static struct parts split(const uint8_t *payload)
{
	struct parts p = {.head = (const void *)payload};

	p.frames = (const void *)(p.head + 1);
	p.lines = (const void *)(p.frames + p.head->frames);
	p.data = (const void *)(p.lines + p.head->lines);
	p.strings = (const void *)(p.data + p.head->data);
	return p;
}

static const char *text(const struct parts *p, uint32_t id)
{
	return id ? p->strings + id - 1 : NULL;
}

static int by_frame(const void *a, const void *b)
{
	const struct ct_symbol_row *x = a, *y = b;

	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	return x->first > y->first ? -1 : x->first < y->first; /* later blocks first */
}

static int reserve(struct ct_trace *t)
{
	size_t frames = 1, lines = 1, data = 1, i;

	for (i = 0; i < t->symbols_n; i++) {
		struct parts p = split(t->symbols[i]);

		frames += p.head->frames;
		lines += p.head->lines;
		data += p.head->data;
	}
	t->symbol_rows = calloc(frames, sizeof(*t->symbol_rows));
	t->data_rows = calloc(data, sizeof(*t->data_rows));
	t->lines = calloc(lines, sizeof(*t->lines));
	t->data = calloc(data, sizeof(*t->data));
	return t->symbol_rows && t->data_rows && t->lines && t->data ? 0 : -ENOMEM;
}

int ct_trace_names_build(struct ct_trace *t)
{
	size_t lines = 0, data = 0, i, k;

	if (!t->symbols_n)
		return 0;
	if (reserve(t) < 0)
		return -ENOMEM;
	for (i = 0; i < t->symbols_n; i++) {
		struct parts p = split(t->symbols[i]);

		for (k = 0; k < p.head->frames; k++)
			t->symbol_rows[t->symbol_rows_n++] = (struct ct_symbol_row){
				p.frames[k].frame, (uint32_t)lines + p.frames[k].first,
				p.frames[k].lines};
		for (k = 0; k < p.head->lines; k++)
			t->lines[lines++] = (struct ct_trace_line){
				text(&p, p.lines[k].function), text(&p, p.lines[k].file),
				p.lines[k].line, p.lines[k].flags};
		for (k = 0; k < p.head->data; k++) {
			const struct ct_symbol_data *d = &p.data[k];

			t->data_rows[t->data_rows_n++] =
				(struct ct_symbol_row){d->frame, (uint32_t)data, 1};
			t->data[data++] =
				(struct ct_trace_data){text(&p, d->name), text(&p, d->function),
						       text(&p, d->file), d->line, d->offset};
		}
	}
	qsort(t->symbol_rows, t->symbol_rows_n, sizeof(*t->symbol_rows), by_frame);
	qsort(t->data_rows, t->data_rows_n, sizeof(*t->data_rows), by_frame);
	return 0;
}

void ct_trace_names_free(struct ct_trace *t)
{
	size_t i;

	for (i = 0; i < t->symbols_n; i++)
		free(t->symbols[i]);
	free(t->symbols);
	free(t->symbol_rows);
	free(t->data_rows);
	free(t->lines);
	free(t->data);
}

/* The first row of a frame. */
static const struct ct_symbol_row *find(const struct ct_symbol_row *rows, size_t n, uint64_t frame)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (rows[mid].frame < frame)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && rows[lo].frame == frame ? &rows[lo] : NULL;
}

size_t ct_trace_symbol(const struct ct_trace *t, uint64_t frame, const struct ct_trace_line **lines)
{
	const struct ct_symbol_row *row = find(t->symbol_rows, t->symbol_rows_n, frame);

	*lines = row ? &t->lines[row->first] : NULL;
	return row ? row->n : 0;
}

const struct ct_trace_data *ct_trace_symbol_data(const struct ct_trace *t, uint64_t frame)
{
	const struct ct_symbol_row *row = find(t->data_rows, t->data_rows_n, frame);

	return row ? &t->data[row->first] : NULL;
}
