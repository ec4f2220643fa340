/*
 * firefox_stack.c - a thread's stacks as the tables of a profile.  Each thread has tables of its own, of what it uses.
 */
#include "views/export/firefox_int.h"

#include <errno.h>
#include <stdlib.h>

#include "views/analyze/names.h"

struct leaf {
	uint32_t node, text; /* key */
	uint64_t row;
};

struct by_name {
	uint32_t name, file; /* key */
	uint64_t row;
};

static int start_tables(struct ct_firefox_stacks *s)
{
	return ct_table_init(&s->leaves, sizeof(struct leaf), 8) == 0 &&
			       ct_table_init(&s->by_name, sizeof(struct by_name), 8) == 0
		       ? 0
		       : -ENOMEM;
}

int ct_firefox_stacks_init(struct ct_firefox_stacks *s, struct ct_view *v, struct ct_strings *texts)
{
	memset(s, 0, sizeof(*s));
	s->v = v;
	s->texts = texts;
	s->node_row = calloc(v->model->tables.node_count + 1u, sizeof(*s->node_row));
	return s->node_row ? start_tables(s) : -ENOMEM;
}

void ct_firefox_stacks_free(struct ct_firefox_stacks *s)
{
	ct_table_free(&s->leaves);
	ct_table_free(&s->by_name);
	free(s->rows);
	free(s->functions);
	free(s->node_row);
}

/* Room for one more.  Returns false when there is none. */
static bool more(struct ct_firefox_stacks *s, void **p, uint32_t n, uint32_t *room, size_t size)
{
	uint32_t wanted = n + n / 2 + 64;
	void *q;

	if (n < *room)
		return true;
	q = realloc(*p, wanted * size);
	if (!q) {
		s->failed = true;
		return false;
	}
	*p = q;
	*room = wanted;
	return true;
}

static uint32_t function(struct ct_firefox_stacks *s, const char *name, const char *file)
{
	struct by_name key = {.name = ct_strings_put(s->texts, name),
			      .file = file ? ct_strings_put(s->texts, file) : 0};
	uint32_t before = s->by_name.count, i = ct_table_put(&s->by_name, &key);
	struct by_name *row = ct_table_row(&s->by_name, i);
	void *p = s->functions;

	s->failed |= s->by_name.failed || s->texts->failed;
	if (s->by_name.count == before)
		return (uint32_t)row->row;
	if (!more(s, &p, s->function_n, &s->function_room, sizeof(*s->functions)))
		return 0;
	s->functions = p;
	s->functions[s->function_n] =
		(struct ct_firefox_function){.name = key.name, .file = key.file};
	row->row = s->function_n;
	return s->function_n++;
}

/* Returns row + 1, 0 when out of memory. */
static uint32_t add(struct ct_firefox_stacks *s, const struct ct_firefox_row *row)
{
	void *p = s->rows;

	if (!more(s, &p, s->row_n, &s->row_room, sizeof(*s->rows)))
		return 0;
	s->rows = p;
	s->rows[s->row_n++] = *row;
	return s->row_n;
}

/* The lines of a frame, outermost first: functions that were inlined call each other, too. */
static uint32_t add_frame(struct ct_firefox_stacks *s, uint64_t frame, uint32_t prefix)
{
	const struct ct_name_line *l;
	struct ct_firefox_row row = {.prefix = prefix};
	char name[CT_NAME_MAX];
	size_t n = ct_name_lines(s->v, frame, &l), i;

	for (i = n ? n : 1; i; i--) {
		bool known = n && l[i - 1].function;

		row.function = function(s,
					known ? l[i - 1].function
					      : ct_name_module(s->v, frame, name, sizeof(name)),
					n ? l[i - 1].file : NULL);
		row.line = n ? l[i - 1].line : 0;
		row.depth = (uint16_t)(n ? n - i : 0);
		row.prefix = add(s, &row);
	}
	return row.prefix;
}

/* Row + 1 of a node; those of its callers come before it. */
static uint32_t add_node(struct ct_firefox_stacks *s, uint32_t node)
{
	const struct ct_trie_node *nodes = s->v->model->tables.nodes;
	uint32_t path[CT_TRACE_STACK_MAX], n = 0, row = 0;

	while (node && node < s->v->model->tables.node_count && n < CT_TRACE_STACK_MAX &&
	       !s->node_row[node]) {
		path[n++] = node;
		node = nodes[node].parent;
	}
	if (node && node < s->v->model->tables.node_count)
		row = s->node_row[node];
	while (n) {
		uint64_t frame = nodes[path[--n]].frame;

		if (frame >> CT_FRAME_MODULE_SHIFT != CT_MODULE_TRUNCATED)
			row = add_frame(s, frame, row);
		s->node_row[path[n]] = row;
	}
	return row;
}

uint32_t ct_firefox_stack(struct ct_firefox_stacks *s, uint32_t node, uint32_t leaf,
			  uint16_t category)
{
	struct leaf key = {.node = node, .text = leaf}, *row;
	uint32_t before = s->leaves.count, found;
	struct ct_firefox_row line = {.category = category};

	if (!leaf) {
		found = add_node(s, node);
		return found ? found - 1 : CT_NONE;
	}
	row = ct_table_row(&s->leaves, ct_table_put(&s->leaves, &key));
	if (s->leaves.count != before) {
		line.prefix = add_node(s, node);
		line.function = function(s, ct_strings_at(s->texts, leaf), NULL);
		row->row = add(s, &line);
	}
	s->failed |= s->leaves.failed;
	return row->row ? (uint32_t)row->row - 1 : CT_NONE;
}

/* --- writing ---------------------------------------------------------------------------------------------------------------- */

/* One number, or null. */
static void cell(struct ct_out *out, uint32_t i, bool known, uint64_t value)
{
	if (i)
		ct_out_bytes(out, ",", 1);
	if (known)
		ct_out_number(out, value);
	else
		ct_out_text(out, "null");
}

static void same(struct ct_out *out, const char *name, uint32_t n, const char *value)
{
	uint32_t i;

	ct_out_text(out, name);
	for (i = 0; i < n; i++) {
		ct_out_text(out, i ? "," : "");
		ct_out_text(out, value);
	}
}

static void write_stacks(struct ct_firefox_stacks *s, struct ct_out *out)
{
	uint32_t i, n = s->row_n;

	ct_out_text(out, "\"stackTable\":{\"frame\":[");
	for (i = 0; i < n; i++)
		cell(out, i, true, i);
	ct_out_text(out, "],\"prefix\":[");
	for (i = 0; i < n; i++)
		cell(out, i, s->rows[i].prefix != 0, s->rows[i].prefix - 1ull);
	ct_out_text(out, "],\"length\":");
	ct_out_number(out, n);
	same(out, "},\n\"frameTable\":{\"address\":[", n, "-1");
	ct_out_text(out, "],\"inlineDepth\":[");
	for (i = 0; i < n; i++)
		cell(out, i, true, s->rows[i].depth);
	ct_out_text(out, "],\"category\":[");
	for (i = 0; i < n; i++)
		cell(out, i, true, s->rows[i].category);
	same(out, "],\"subcategory\":[", n, "0");
	ct_out_text(out, "],\"func\":[");
	for (i = 0; i < n; i++)
		cell(out, i, true, s->rows[i].function);
	same(out, "],\"nativeSymbol\":[", n, "null");
	same(out, "],\"innerWindowID\":[", n, "0");
	ct_out_text(out, "],\"line\":[");
	for (i = 0; i < n; i++)
		cell(out, i, s->rows[i].line != 0, s->rows[i].line);
	same(out, "],\"column\":[", n, "null");
	ct_out_text(out, "],\"length\":");
	ct_out_number(out, n);
}

static void write_functions(struct ct_firefox_stacks *s, struct ct_out *out)
{
	uint32_t i, n = s->function_n;

	ct_out_text(out, "},\n\"funcTable\":{\"name\":[");
	for (i = 0; i < n; i++)
		cell(out, i, true, s->functions[i].name);
	same(out, "],\"isJS\":[", n, "false");
	same(out, "],\"relevantForJS\":[", n, "false");
	same(out, "],\"resource\":[", n, "-1");
	ct_out_text(out, "],\"fileName\":[");
	for (i = 0; i < n; i++)
		cell(out, i, s->functions[i].file != 0, s->functions[i].file);
	same(out, "],\"lineNumber\":[", n, "null");
	same(out, "],\"columnNumber\":[", n, "null");
	ct_out_text(out, "],\"length\":");
	ct_out_number(out, n);
	ct_out_text(out, "},\n\"resourceTable\":{\"lib\":[],\"name\":[],\"host\":[],\"type\":[],"
			 "\"length\":0},"
			 "\n\"nativeSymbols\":{\"libIndex\":[],\"address\":[],\"name\":[],"
			 "\"functionSize\":[],"
			 "\"length\":0}");
}

void ct_firefox_stacks_write(struct ct_firefox_stacks *s, struct ct_out *out)
{
	write_stacks(s, out);
	write_functions(s, out);
	s->row_n = s->function_n = 0;
	memset(s->node_row, 0, (s->v->model->tables.node_count + 1u) * sizeof(*s->node_row));
	ct_table_free(&s->leaves);
	ct_table_free(&s->by_name);
	if (start_tables(s) < 0)
		s->failed = true;
}
