/*
 * perfetto_stacks.c - stacks as interned data: a function, a file and a module are told once, a frame refers to them, a stack to frames.
 */
#include "views/export/perfetto_int.h"

#include <errno.h>
#include <stdlib.h>

#include "views/analyze/names.h"

/* Fields of InternedData. */
enum {
	FUNCTION_NAMES = 5,
	FRAMES = 6,
	CALLSTACKS = 7,
	BUILD_IDS = 16,
	MAPPING_PATHS = 17,
	SOURCE_PATHS = 18,
	MAPPINGS = 19
};

struct frame {
	uint64_t frame;	       /* key */
	uint32_t first, count; /* numbers of its lines, outermost first */
};

int ct_perfetto_stacks_init(struct ct_perfetto_stacks *s, struct ct_view *v)
{
	const struct ct_module_rec *modules;

	memset(s, 0, sizeof(*s));
	s->v = v;
	s->functions.raw = s->files.raw = true;
	s->node_n = v->model->tables.node_count;
	s->module_n = ct_trace_modules(v->trace, &modules);
	s->number = calloc(s->node_n + 1u, sizeof(*s->number));
	s->modules = calloc(s->module_n + 1, 1);
	return s->number && s->modules && ct_table_init(&s->frames, sizeof(struct frame), 8) == 0
		       ? 0
		       : -ENOMEM;
}

void ct_perfetto_stacks_free(struct ct_perfetto_stacks *s)
{
	ct_strings_free(&s->functions);
	ct_strings_free(&s->files);
	ct_table_free(&s->frames);
	free(s->number);
	free(s->modules);
}

static void tell_text(struct ct_wire *b, uint32_t field, uint32_t number, const char *text)
{
	size_t m = ct_wire_open(b, field);

	ct_wire_number(b, 1, number);
	ct_perfetto_text(b, 2, text);
	ct_wire_close(b, m);
}

/* The number of a text, which is told when it is new. */
static uint32_t text(struct ct_perfetto_stacks *s, struct ct_wire *b, struct ct_strings *t,
		     uint32_t field, const char *what)
{
	uint32_t before = ct_strings_last(t), number = ct_strings_put(t, what);

	if (ct_strings_last(t) != before)
		tell_text(b, field, number, what);
	s->failed |= t->failed;
	return number;
}

/* The number of a module is its row in the trace, as are those of its path and its build id.  0: none. */
static uint32_t module(struct ct_perfetto_stacks *s, struct ct_wire *b, uint64_t frame)
{
	const struct ct_module_rec *rec = ct_trace_module(s->v->trace, frame);
	uint32_t id = (uint32_t)(frame >> CT_FRAME_MODULE_SHIFT);
	const char *path;
	size_t m;

	if (!rec || id >= s->module_n)
		return 0;
	if (s->modules[id])
		return id;
	s->modules[id] = 1;
	path = ct_trace_string(s->v->trace, rec->path);
	tell_text(b, MAPPING_PATHS, id, path ? path : "");
	if (rec->build_id_len && rec->build_id_len <= sizeof(rec->build_id)) {
		m = ct_wire_open(b, BUILD_IDS);
		ct_wire_number(b, 1, id);
		ct_wire_bytes(b, 2, rec->build_id, rec->build_id_len);
		ct_wire_close(b, m);
	}
	m = ct_wire_open(b, MAPPINGS);
	ct_wire_number(b, 1, id);
	if (rec->build_id_len && rec->build_id_len <= sizeof(rec->build_id))
		ct_wire_number(b, 2, id);
	ct_wire_number(b, 4, rec->vaddr_lo);
	ct_wire_number(b, 5, rec->vaddr_hi);
	ct_wire_number(b, 7, id);
	ct_wire_close(b, m);
	return id;
}

static void tell_line(struct ct_perfetto_stacks *s, struct ct_wire *b, uint64_t frame,
		      const struct ct_name_line *l)
{
	uint32_t function, file = 0, mapping = module(s, b, frame);
	char name[CT_NAME_MAX];
	size_t m;

	function = text(s, b, &s->functions, FUNCTION_NAMES,
			l && l->function && *l->function
				? l->function
				: ct_name_module(s->v, frame, name, sizeof(name)));
	if (l && l->file)
		file = text(s, b, &s->files, SOURCE_PATHS, l->file);
	m = ct_wire_open(b, FRAMES);
	ct_wire_number(b, 1, ++s->frame_count);
	ct_wire_number(b, 2, function);
	if (mapping) {
		ct_wire_number(b, 3, mapping);
		ct_wire_number(b, 4, frame & CT_FRAME_OFFSET);
	}
	if (file)
		ct_wire_number(b, 5, file);
	if (file && l && l->line)
		ct_wire_number(b, 6, l->line);
	ct_wire_close(b, m);
}

/* One frame of the stack is several when functions were inlined. */
static const struct frame *lines_of(struct ct_perfetto_stacks *s, struct ct_wire *b, uint64_t frame)
{
	uint32_t before = s->frames.count, i = ct_table_put(&s->frames, &frame);
	struct frame *row = ct_table_row(&s->frames, i);
	const struct ct_name_line *l;
	size_t n;

	if (s->frames.count == before)
		return row;
	row->first = s->frame_count + 1;
	n = ct_name_lines(s->v, frame, &l);
	if (!n)
		tell_line(s, b, frame, NULL);
	for (; n; n--)
		tell_line(s, b, frame, &l[n - 1]);
	row->count = s->frame_count + 1 - row->first;
	s->failed |= s->frames.failed;
	return row;
}

void ct_perfetto_stack_tell(struct ct_perfetto_stacks *s, struct ct_wire *b, uint32_t node)
{
	uint64_t frame[CT_TRACE_STACK_MAX];
	size_t n = ct_trace_stack(s->v->trace, node, frame, CT_TRACE_STACK_MAX), i, m;
	uint32_t k;

	if (!n || node >= s->node_n || s->number[node])
		return;
	/* frames first: interned data is a flat list, and a stack is told in one piece */
	for (i = 0; i < n; i++)
		lines_of(s, b, frame[i]);
	s->number[node] = ++s->count;
	m = ct_wire_open(b, CALLSTACKS);
	ct_wire_number(b, 1, s->count);
	for (i = n; i; i--) {
		const struct frame *f;

		if (frame[i - 1] >> CT_FRAME_MODULE_SHIFT == CT_MODULE_TRUNCATED)
			continue;
		f = lines_of(s, b, frame[i - 1]);
		for (k = 0; k < f->count; k++)
			ct_wire_number(b, 2, f->first + k);
	}
	ct_wire_close(b, m);
}
