/*
 * stacks.c - stacks, frames and their symbols for <ctrace/reader.h>.
 */
#include "reader_int.h"

#include <stdlib.h>
#include <string.h>

static uint32_t module_of(uint64_t frame)
{
	return (uint32_t)(frame >> CT_FRAME_MODULE_SHIFT);
}

/* All frames, with the mark that tells that there were more. */
static size_t all_frames(const struct ctr_trace *t, uint32_t stack, uint64_t *frames, bool *cut)
{
	size_t n = ct_trace_stack(t->v.trace, stack, frames, CT_TRACE_STACK_MAX);

	*cut = n && module_of(frames[n - 1]) == CT_MODULE_TRUNCATED;
	return n - *cut;
}

size_t ctr_stack(const struct ctr_trace *t, uint32_t stack, uint64_t *frames, size_t room)
{
	uint64_t all[CT_TRACE_STACK_MAX];
	bool cut;
	size_t n = all_frames(t, stack, all, &cut);

	n = n < room ? n : room;
	if (n)
		memcpy(frames, all, n * sizeof(*frames));
	return n;
}

bool ctr_stack_cut(const struct ctr_trace *t, uint32_t stack)
{
	uint64_t all[CT_TRACE_STACK_MAX];
	bool cut;

	all_frames(t, stack, all, &cut);
	return cut;
}

static char *make_site(struct ctr_trace *t, uint32_t row, char *buf, size_t size)
{
	return ct_name_site(&t->v, row, buf, size);
}

const char *ctr_stack_site(struct ctr_trace *t, uint32_t stack)
{
	return ctr_keep(t, &t->sites, t->v.model->tables.node_count, stack, make_site);
}

static const struct ct_name_line *line_at(struct ctr_trace *t, uint64_t frame, size_t line)
{
	static const struct ct_name_line none;
	const struct ct_name_line *lines;

	return line < ct_name_lines(&t->v, frame, &lines) ? &lines[line] : &none;
}

size_t ctr_frame_lines(struct ctr_trace *t, uint64_t frame)
{
	const struct ct_name_line *lines;

	return ct_name_lines(&t->v, frame, &lines);
}

const char *ctr_frame_function(struct ctr_trace *t, uint64_t frame, size_t line)
{
	return line_at(t, frame, line)->function;
}

const char *ctr_frame_file(struct ctr_trace *t, uint64_t frame, size_t line)
{
	return line_at(t, frame, line)->file;
}

uint32_t ctr_frame_line(struct ctr_trace *t, uint64_t frame, size_t line)
{
	return line_at(t, frame, line)->line;
}

const char *ctr_frame_module(const struct ctr_trace *t, uint64_t frame)
{
	const struct ct_module_rec *m = ct_trace_module(t->v.trace, frame);

	return m ? ct_trace_string(t->v.trace, m->path) : NULL;
}

uint64_t ctr_frame_offset(const struct ctr_trace *t, uint64_t frame)
{
	(void)t;
	return frame & CT_FRAME_OFFSET;
}

const char *ctr_frame_build_id(struct ctr_trace *t, uint64_t frame)
{
	const struct ct_module_rec *m = ct_trace_module(t->v.trace, frame);
	struct ctr_build_row *row;
	uint64_t key = module_of(frame);
	size_t n, i;

	if (!m || !m->build_id_len)
		return NULL;
	row = ct_table_row(&t->builds, ct_table_put(&t->builds, &key));
	if (row->module != key)
		return NULL;
	n = m->build_id_len < sizeof(m->build_id) ? m->build_id_len : sizeof(m->build_id);
	if (!row->hex)
		row->hex = calloc(1, 2 * n + 1);
	for (i = 0; row->hex && i < n && !row->hex[2 * i]; i++) {
		row->hex[2 * i] = "0123456789abcdef"[m->build_id[i] >> 4];
		row->hex[2 * i + 1] = "0123456789abcdef"[m->build_id[i] & 15];
	}
	return row->hex;
}

const char *ctr_frame_name(struct ctr_trace *t, uint64_t frame)
{
	struct ctr_frame_row *row = ct_table_row(&t->frames, ct_table_put(&t->frames, &frame));
	char buf[CT_NAME_MAX * 2];

	if (row->frame != frame)
		return "";
	if (!row->name)
		row->name = strdup(ct_name_frame(&t->v, frame, buf, sizeof(buf)));
	return row->name ? row->name : "";
}
