/*
 * names.c - see names.h.  Answers are kept for each frame, so a frame that is printed a thousand times is resolved once.
 */
#include "names_int.h"

#include <stdlib.h>
#include <string.h>

#include "views/analyze/text.h"

struct frame_row {
	uint64_t frame; /* key */
	struct ct_name_line *lines;
	uint64_t count;
};

struct module_row {
	uint64_t module; /* key */
	struct ct_sym_module *sym;
};

void ct_name_forget(struct ct_view *v)
{
	uint32_t i;

	for (i = 0; i < v->frame_names.count; i++)
		free(((struct frame_row *)ct_table_row(&v->frame_names, i))->lines);
	ct_table_free(&v->frame_names);
	ct_table_free(&v->modules);
}

const char *ct_name_base(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

struct ct_sym_module *ct_name_symbols(struct ct_view *v, uint64_t frame)
{
	const struct ct_module_rec *rec = ct_trace_module(v->trace, frame);
	uint64_t key = ct_name_module_of(frame);
	uint32_t before = v->modules.count, i;
	struct module_row *row;
	const char *path;

	if (!rec || !v->symbols)
		return NULL;
	i = ct_table_put(&v->modules, &key);
	row = ct_table_row(&v->modules, i);
	if (v->modules.count != before) {
		path = ct_trace_string(v->trace, rec->path);
		row->sym = ct_symbols_module(v->symbols, path ? path : "", rec->build_id,
					     rec->build_id_len <= sizeof(rec->build_id)
						     ? rec->build_id_len
						     : sizeof(rec->build_id));
	}
	return row->sym;
}

/* What ctrace-run resolved when it finished the trace. */
static void lines_from_trace(struct ct_view *v, struct frame_row *row)
{
	const struct ct_trace_line *l;
	size_t n = ct_trace_symbol(v->trace, row->frame, &l), i;

	if (!n)
		return;
	row->lines = calloc(n, sizeof(*row->lines));
	if (!row->lines)
		return;
	for (i = 0; i < n; i++) {
		row->lines[i].function = l[i].function;
		row->lines[i].file = l[i].file;
		row->lines[i].line = l[i].line;
		row->lines[i].inlined = i + 1 < n;
	}
	row->count = n;
}

static void lines_from_files(struct ct_view *v, struct frame_row *row)
{
	struct ct_sym_module *sym = ct_name_symbols(v, row->frame);
	struct ct_sym_frame f[CT_SYM_FRAMES_MAX];
	uint64_t address = row->frame & CT_FRAME_OFFSET;
	int n, i;

	if (!sym)
		return;
	if (!(row->frame & CT_FRAME_EXACT) && address)
		address--;
	n = ct_symbols_code(sym, address, f, CT_SYM_FRAMES_MAX);
	if (n <= 0)
		return;
	row->lines = calloc((size_t)n, sizeof(*row->lines));
	if (!row->lines)
		return;
	for (i = 0; i < n; i++) {
		row->lines[i].function = f[i].function;
		row->lines[i].file = f[i].file;
		row->lines[i].line = f[i].line;
		row->lines[i].inlined = f[i].inlined;
	}
	row->count = (uint64_t)n;
}

size_t ct_name_lines(struct ct_view *v, uint64_t frame, const struct ct_name_line **lines)
{
	uint32_t before = v->frame_names.count;
	struct frame_row *row =
		ct_table_row(&v->frame_names, ct_table_put(&v->frame_names, &frame));

	if (v->frame_names.count != before) {
		lines_from_trace(v, row);
		if (!row->count)
			lines_from_files(v, row);
	}
	*lines = row->lines;
	return row->frame == frame ? (size_t)row->count : 0;
}

/* --- text of one line --------------------------------------------------------------------------------------------------------- */

/*
 * C++ names are long for reasons a reader of waits does not care about: argument lists, anonymous namespaces and the compiler's
 * clone suffixes go, and template arguments longer than a word become <...>.  Names with an operator in them are left alone, their brackets may be the operator.
 */
void ct_name_shorten(char *s)
{
	static const char anonymous[] = "(anonymous namespace)::";
	char *from = s, *to = s, *open, *clone = strstr(s, " [clone ");
	int depth;

	if (clone)
		*clone = 0;
	for (open = strstr(s, anonymous); open; open = strstr(open, anonymous))
		memmove(open, open + strlen(anonymous), strlen(open + strlen(anonymous)) + 1);
	if (strstr(s, "operator") || (!strchr(s, '<') && !strchr(s, '(')))
		return;
	while (*from) {
		if (*from == '(') {
			for (depth = 0; *from; from++) {
				depth += *from == '(' ? 1 : *from == ')' ? -1 : 0;
				if (!depth)
					break;
			}
			from += *from != 0;
			continue;
		}
		if (*from != '<') {
			*to++ = *from++;
			continue;
		}
		open = from;
		for (depth = 0; *from; from++) {
			depth += *from == '<' ? 1 : *from == '>' ? -1 : 0;
			if (!depth)
				break;
		}
		from += *from != 0;
		if (from - open > 20) {
			memcpy(to, "<...>", 5);
			to += 5;
		} else {
			memmove(to, open, (size_t)(from - open));
			to += from - open;
		}
	}
	*to = 0;
}

char *ct_name_function(const struct ct_name_line *l, char *buf, size_t size)
{
	buf[0] = 0;
	ct_text_add(buf, size, "%s", l->function ? l->function : "??");
	ct_name_shorten(buf);
	return buf;
}

char *ct_name_line_text(const struct ct_name_line *l, char *buf, size_t size)
{
	ct_name_function(l, buf, size);
	if (l->file && l->line)
		ct_text_add(buf, size, " (%s:%u)", ct_name_base(l->file), l->line);
	else if (l->file)
		ct_text_add(buf, size, " (%s)", ct_name_base(l->file));
	return buf;
}

char *ct_name_module(struct ct_view *v, uint64_t frame, char *buf, size_t size)
{
	const struct ct_module_rec *rec = ct_trace_module(v->trace, frame);
	const char *path = rec ? ct_trace_string(v->trace, rec->path) : NULL;

	buf[0] = 0;
	ct_text_add(buf, size, "%s%s0x%llx", path ? ct_name_base(path) : "", path ? "+" : "",
		    (unsigned long long)(frame & CT_FRAME_OFFSET));
	return buf;
}

char *ct_name_frame(struct ct_view *v, uint64_t frame, char *buf, size_t size)
{
	const struct ct_name_line *l;
	size_t n = ct_name_lines(v, frame, &l);

	return n ? ct_name_line_text(&l[n - 1], buf, size) : ct_name_module(v, frame, buf, size);
}
