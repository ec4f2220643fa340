/*
 * resolve.c - see resolve.h.
 */
#include "resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "file/symbols.h"
#include "symbol/symbol.h"

struct work {
	const struct ct_arena *arena;
	struct ct_symbols *session;
	struct ct_symbols_builder *builder;
	uint64_t *code, *data; /* sorted, each once */
	size_t code_count, data_count;
	uint16_t open_id; /* module whose frames are being looked up */
	struct ct_sym_module *open;
	struct timespec began;
	bool progress, told;
};

/* --- which frames -------------------------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t sort_once(uint64_t *v, size_t n)
{
	size_t i, out = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (i = 0; i < n; i++)
		if (!out || v[out - 1] != v[i])
			v[out++] = v[i];
	return out;
}

static bool has_module(const struct ct_arena *a, uint64_t frame)
{
	uint64_t id = frame >> CT_FRAME_MODULE_SHIFT;

	return id && id < a->dict.module_cap && atomic_load(&a->dict.modules[id].state) == 2;
}

static size_t from_set(const struct ct_arena *a, const struct ct_set *s, uint64_t *to)
{
	size_t n = 0, i;

	for (i = 0; i < s->room; i++)
		if (s->rows[i].key && has_module(a, s->rows[i].key))
			to[n++] = s->rows[i].key;
	return n;
}

static int collect(struct work *w, const struct ct_set *code, const struct ct_set *data)
{
	uint32_t nodes = atomic_load(w->arena->dict.node_count), i;

	if (nodes > w->arena->dict.node_cap)
		nodes = w->arena->dict.node_cap;
	w->code = malloc((nodes + code->room + 1) * sizeof(*w->code));
	w->data = malloc((data->room + 1) * sizeof(*w->data));
	if (!w->code || !w->data)
		return -ENOMEM;
	w->code_count = from_set(w->arena, code, w->code);
	for (i = 1; i < nodes; i++)
		if (has_module(w->arena, w->arena->dict.nodes[i].frame))
			w->code[w->code_count++] = w->arena->dict.nodes[i].frame;
	w->code_count = sort_once(w->code, w->code_count);
	w->data_count = sort_once(w->data, from_set(w->arena, data, w->data));
	return 0;
}

/* --- looking up -------------------------------------------------------------------------------------------------------------------------- */

static void tell_progress(struct work *w, size_t done)
{
	struct timespec now;

	if (!w->progress || done % 64)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - w->began.tv_sec < 1)
		return;
	fprintf(stderr, "\rctrace-run: looking up symbols, %zu %%",
		done * 100 / (w->code_count + w->data_count + 1));
	w->told = true;
}

static struct ct_sym_module *module_of(struct work *w, uint64_t frame)
{
	uint16_t id = (uint16_t)(frame >> CT_FRAME_MODULE_SHIFT);
	const struct ct_module_rec *m = &w->arena->dict.modules[id];

	if (id == w->open_id)
		return w->open;
	w->open_id = id;
	w->open = NULL;
	if (m->path && m->path <= w->arena->dict.string_cap)
		w->open = ct_symbols_module(w->session, w->arena->dict.strings + m->path - 1,
					    m->build_id, m->build_id_len);
	return w->open;
}

static int add_code(struct work *w, uint64_t frame)
{
	struct ct_sym_module *m = module_of(w, frame);
	struct ct_sym_frame lines[CT_SYM_FRAMES_MAX];
	uint64_t vaddr = frame & CT_FRAME_OFFSET;
	int n, i, err;

	if (!m)
		return 0;
	if (!(frame & CT_FRAME_EXACT))
		vaddr--; /* the call, not the instruction it returns to */
	n = ct_symbols_code(m, vaddr, lines, CT_SYM_FRAMES_MAX);
	if (n <= 0)
		return n;
	err = ct_symbols_add_frame(w->builder, frame);
	for (i = 0; i < n && !err; i++)
		err = ct_symbols_add_line(
			w->builder, lines[i].function, lines[i].file, lines[i].line,
			(lines[i].inlined ? CT_SYMBOL_INLINED : 0) |
				(lines[i].approximate ? CT_SYMBOL_APPROXIMATE : 0));
	return err;
}

static int add_data(struct work *w, uint64_t frame)
{
	struct ct_sym_module *m = module_of(w, frame);
	struct ct_sym_data d;
	int n = m ? ct_symbols_data(m, frame & CT_FRAME_OFFSET, &d) : 0;

	if (n <= 0)
		return n;
	return ct_symbols_add_data(w->builder, frame, d.name, d.function, d.file, d.line, d.offset);
}

static int look_up(struct work *w)
{
	size_t i;
	int err = 0;

	for (i = 0; i < w->code_count && !err; i++) {
		err = add_code(w, w->code[i]);
		tell_progress(w, i);
	}
	for (i = 0; i < w->data_count && !err; i++) {
		err = add_data(w, w->data[i]);
		tell_progress(w, w->code_count + i);
	}
	if (w->told)
		fprintf(stderr, "\r\033[K");
	return err;
}

int ct_resolve(const struct ct_arena *arena, const struct ct_set *code, const struct ct_set *data,
	       struct ct_stream *out, bool progress)
{
	struct work w = {.arena = arena, .progress = progress};
	const void *bytes;
	size_t size;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &w.began);
	err = collect(&w, code, data);
	if (err || !(w.code_count + w.data_count))
		goto out;
	w.session = ct_symbols_new(NULL);
	w.builder = ct_symbols_builder_new();
	err = w.session && w.builder ? look_up(&w) : -ENOMEM;
	if (!err)
		err = ct_symbols_payload(w.builder, &bytes, &size);
	if (!err && size)
		err = ct_stream_rows(out, CT_BLOCK_SYMBOLS, 0, bytes, size);
out:
	ct_symbols_builder_free(w.builder);
	if (w.session)
		ct_symbols_free(w.session);
	free(w.code);
	free(w.data);
	return err;
}
