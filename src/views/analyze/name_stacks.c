/*
 * name_stacks.c - what a person calls a stack: see names.h.
 */
#include "names_int.h"

#include <string.h>

#include "views/analyze/json.h"
#include "views/analyze/text.h"

/* Does this line belong to the standard library's templates, compiled into the program? */
static bool is_plumbing(const struct ct_name_line *l)
{
	static const char *const starts[] = {"std::",	   "__gnu_cxx::", "__gthread",
					     "void std::", "decltype",	  "bool std::"};
	size_t i;

	for (i = 0; l->function && i < sizeof(starts) / sizeof(starts[0]); i++)
		if (!strncmp(l->function, starts[i], strlen(starts[i])))
			return true;
	return false;
}

struct walk {
	uint64_t frame[CT_TRACE_STACK_MAX];
	size_t first, count; /* without the runtime's frames at both ends */
	bool cut;
};

/*
 * _start is the C library's, whatever file it was linked into.  In a stripped program it has no name, but only it can be outermost and call
 * into a library.
 */
static bool is_start(struct ct_view *v, const struct walk *w, size_t last)
{
	const struct ct_name_line *l;
	size_t n = ct_name_lines(v, w->frame[last], &l);

	if (n && l[n - 1].function)
		return !strcmp(l[n - 1].function, "_start");
	return !w->cut && ct_model_is_runtime(v->model, w->frame[last - 1]);
}

static bool walk_stack(struct ct_view *v, uint32_t stack, struct walk *w)
{
	size_t n = ct_trace_stack(v->trace, stack, w->frame, CT_TRACE_STACK_MAX), lo = 0, hi;

	w->cut = n && ct_name_module_of(w->frame[n - 1]) == CT_MODULE_TRUNCATED;
	hi = n -= w->cut;
	while (lo < hi && ct_model_is_runtime(v->model, w->frame[lo]))
		lo++;
	if (hi > lo + 1 && is_start(v, w, hi - 1))
		hi--;
	while (hi > lo && ct_model_is_runtime(v->model, w->frame[hi - 1]))
		hi--;
	if (lo == hi) {
		lo = 0;
		hi = n;
	}
	w->first = lo;
	w->count = hi;
	return hi > lo;
}

size_t ct_name_own_frames(struct ct_view *v, uint32_t stack, uint64_t frame[CT_TRACE_STACK_MAX])
{
	struct walk w;
	size_t i;

	if (!walk_stack(v, stack, &w))
		return 0;
	for (i = 0; i < w.count; i++)
		frame[i] = w.frame[i];
	return w.count;
}

uint64_t ct_name_site_frame(struct ct_view *v, uint32_t stack)
{
	const struct ct_name_line *l;
	struct walk w;
	size_t i, k, n;

	if (!walk_stack(v, stack, &w))
		return 0;
	for (i = w.first; i < w.count; i++) {
		n = ct_name_lines(v, w.frame[i], &l);
		if (!n)
			return w.frame[i];
		for (k = 0; k < n; k++)
			if (!is_plumbing(&l[k]))
				return w.frame[i];
	}
	return w.frame[w.first];
}

char *ct_name_site(struct ct_view *v, uint32_t stack, char *buf, size_t size)
{
	uint64_t frame = ct_name_site_frame(v, stack);
	const struct ct_name_line *l;
	size_t n, k;

	buf[0] = 0;
	if (!frame)
		return buf;
	n = ct_name_lines(v, frame, &l);
	for (k = 0; k + 1 < n && is_plumbing(&l[k]);)
		k++;
	return n ? ct_name_line_text(&l[k], buf, size) : ct_name_module(v, frame, buf, size);
}

char *ct_name_chain(struct ct_view *v, uint32_t stack, char *buf, size_t size)
{
	const struct ct_name_line *l;
	char one[CT_NAME_MAX];
	struct walk w;
	size_t i, k, n;

	buf[0] = 0;
	if (!walk_stack(v, stack, &w)) {
		ct_text_add(buf, size, "unknown stack");
		return buf;
	}
	for (i = w.first; i < w.count; i++) {
		n = ct_name_lines(v, w.frame[i], &l);
		if (!n) {
			ct_text_add(buf, size, "%s", buf[0] ? " <- " : "");
			ct_text_add(buf, size, "%s",
				    ct_name_module(v, w.frame[i], one, sizeof(one)));
		}
		for (k = 0; k < n; k++) {
			if (is_plumbing(&l[k]))
				continue;
			ct_text_add(buf, size, "%s", buf[0] ? " <- " : "");
			ct_text_add(buf, size, "%s", ct_name_line_text(&l[k], one, sizeof(one)));
		}
	}
	if (!buf[0])
		ct_name_frame(v, w.frame[w.first], buf, size);
	if (w.cut)
		ct_text_add(buf, size, " <- (cut)");
	return buf;
}

static void frame_json(struct ct_view *v, struct ct_json *j, uint64_t frame)
{
	const struct ct_module_rec *rec = ct_trace_module(v->trace, frame);
	const struct ct_name_line *l;
	size_t n = ct_name_lines(v, frame, &l), k;

	for (k = 0; k < n || !k; k++) {
		ct_json_object(j, NULL);
		ct_json_text(j, "function", n ? l[k].function : NULL);
		ct_json_text(j, "file", n ? l[k].file : NULL);
		ct_json_number(j, "line", n ? l[k].line : 0);
		ct_json_bool(j, "inlined", n && l[k].inlined);
		ct_json_text(j, "module", rec ? ct_trace_string(v->trace, rec->path) : NULL);
		ct_json_number(j, "offset", frame & CT_FRAME_OFFSET);
		ct_json_close(j, '}');
	}
}

void ct_name_stack_json(struct ct_view *v, struct ct_json *j, const char *key, uint32_t stack)
{
	uint64_t frame[CT_TRACE_STACK_MAX];
	size_t n = ct_trace_stack(v->trace, stack, frame, CT_TRACE_STACK_MAX), i;

	ct_json_array(j, key);
	for (i = 0; i < n; i++)
		if (ct_name_module_of(frame[i]) != CT_MODULE_TRUNCATED)
			frame_json(v, j, frame[i]);
	ct_json_close(j, ']');
}
