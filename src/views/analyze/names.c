/*
 * names.c - see names.h.  Answers are kept for each frame, so a frame that is printed a thousand times is resolved once.
 */
#include "views/analyze/names.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/symbol.h"
#include "views/analyze/json.h"
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

static uint32_t module_of(uint64_t frame)
{
	return (uint32_t)(frame >> CT_FRAME_MODULE_SHIFT);
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static struct ct_sym_module *symbols_of(struct ct_view *v, uint64_t frame)
{
	const struct ct_module_rec *rec = ct_trace_module(v->trace, frame);
	uint64_t key = module_of(frame);
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
	struct ct_sym_module *sym = symbols_of(v, row->frame);
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
static void shorten(char *s)
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
	shorten(buf);
	return buf;
}

static char *line_text(const struct ct_name_line *l, char *buf, size_t size)
{
	ct_name_function(l, buf, size);
	if (l->file && l->line)
		ct_text_add(buf, size, " (%s:%u)", base_name(l->file), l->line);
	else if (l->file)
		ct_text_add(buf, size, " (%s)", base_name(l->file));
	return buf;
}

char *ct_name_module(struct ct_view *v, uint64_t frame, char *buf, size_t size)
{
	const struct ct_module_rec *rec = ct_trace_module(v->trace, frame);
	const char *path = rec ? ct_trace_string(v->trace, rec->path) : NULL;

	buf[0] = 0;
	ct_text_add(buf, size, "%s%s0x%llx", path ? base_name(path) : "", path ? "+" : "",
		    (unsigned long long)(frame & CT_FRAME_OFFSET));
	return buf;
}

char *ct_name_frame(struct ct_view *v, uint64_t frame, char *buf, size_t size)
{
	const struct ct_name_line *l;
	size_t n = ct_name_lines(v, frame, &l);

	return n ? line_text(&l[n - 1], buf, size) : ct_name_module(v, frame, buf, size);
}

/* --- stacks ------------------------------------------------------------------------------------------------------------------- */

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

	w->cut = n && module_of(w->frame[n - 1]) == CT_MODULE_TRUNCATED;
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
	return n ? line_text(&l[k], buf, size) : ct_name_module(v, frame, buf, size);
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
			ct_text_add(buf, size, "%s", line_text(&l[k], one, sizeof(one)));
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

void ct_name_thread_json(struct ct_view *v, struct ct_json *j, const char *prefix,
			 const struct ct_thread *t)
{
	char name[CT_NAME_MAX], key[64];

	snprintf(key, sizeof(key), "%stid", prefix);
	ct_json_number(j, key, t ? t->tid : 0);
	snprintf(key, sizeof(key), "%spid", prefix);
	ct_json_number(j, key, t ? ct_view_pid(v, t->process) : 0);
	snprintf(key, sizeof(key), "%sthread", prefix);
	ct_json_text(j, key, t ? ct_name_thread_bare(v, t, name, sizeof(name)) : NULL);
}

void ct_name_stack_json(struct ct_view *v, struct ct_json *j, const char *key, uint32_t stack)
{
	uint64_t frame[CT_TRACE_STACK_MAX];
	size_t n = ct_trace_stack(v->trace, stack, frame, CT_TRACE_STACK_MAX), i;

	ct_json_array(j, key);
	for (i = 0; i < n; i++)
		if (module_of(frame[i]) != CT_MODULE_TRUNCATED)
			frame_json(v, j, frame[i]);
	ct_json_close(j, ']');
}

/* --- objects ------------------------------------------------------------------------------------------------------------------ */

void ct_name_data(struct ct_view *v, uint64_t frame, struct ct_name_data *out)
{
	const struct ct_trace_data *d = ct_trace_symbol_data(v->trace, frame);
	struct ct_sym_module *sym;
	struct ct_sym_data s;

	memset(out, 0, sizeof(*out));
	out->base = frame;
	if (d) {
		*out = (struct ct_name_data){d->name, d->function, d->file,
					     d->line, d->offset,   frame - d->offset};
		return;
	}
	sym = symbols_of(v, frame);
	if (sym && ct_symbols_data(sym, frame & CT_FRAME_OFFSET, &s) == 1)
		*out = (struct ct_name_data){s.name, s.function, s.file,
					     s.line, s.offset,	 frame - s.offset};
}

static void name_fd(struct ct_view *v, uint32_t object, uint32_t op, uint64_t number, char *buf,
		    size_t size)
{
	struct ct_fd_known known = ct_model_fd(v->model, object, op);
	const char *name = known.name ? ct_trace_string(v->trace, known.name) : NULL;

	ct_text_add(buf, size, "fd %lld", (long long)number - 1);
	if (name)
		ct_text_add(buf, size, " %s%s", name, known.sure ? "" : "?");
	if (known.earlier)
		ct_text_add(buf, size, " (and %u earlier)", known.earlier);
}

static void name_variable(struct ct_view *v, uint64_t frame, char *buf, size_t size)
{
	char one[CT_NAME_MAX];
	struct ct_name_data d;

	ct_name_data(v, frame, &d);
	if (!d.name) {
		ct_text_add(buf, size, "global %s", ct_name_module(v, frame, one, sizeof(one)));
		return;
	}
	ct_text_add(buf, size, "%s", d.name);
	shorten(buf);
	if (d.offset)
		ct_text_add(buf, size, "+0x%llx", (unsigned long long)d.offset);
	if (d.file || d.function)
		ct_text_add(buf, size, " in ");
	if (d.function)
		ct_text_add(buf, size, "%s%s", d.function, d.file ? ", " : "");
	if (d.file)
		ct_text_add(buf, size, "%s:%u", base_name(d.file), d.line);
}

/* Programs wrap pthread_mutex_init(); two frames tell which of the wrapper's callers it was. */
static char *name_creation(struct ct_view *v, uint32_t stack, char *buf, size_t size)
{
	char *arrow;

	if (!ct_name_site_frame(v, stack)) {
		buf[0] = 0;
		return buf;
	}
	ct_name_chain(v, stack, buf, size);
	arrow = strstr(buf, " <- ");
	arrow = arrow ? strstr(arrow + 1, " <- ") : NULL;
	if (arrow)
		*arrow = 0;
	return buf;
}

static void name_memory(struct ct_view *v, uint32_t object, char *buf, size_t size)
{
	const struct ct_object *o = &v->model->objects[object];
	char one[CT_NAME_MAX];

	if (o->data)
		name_variable(v, o->data, buf, size);
	else if (o->init_stack && *name_creation(v, o->init_stack, one, sizeof(one)))
		ct_text_add(buf, size, "created in %s", one);
	else if (o->first_stack && *ct_name_site(v, o->first_stack, one, sizeof(one)))
		ct_text_add(buf, size, "first waited for in %s", one);
	else
		ct_text_add(buf, size, "of unknown origin, at 0x%llx",
			    (unsigned long long)ct_model_place(v->model, object)->address);
}

char *ct_name_object(struct ct_view *v, uint32_t object, uint32_t op, char *buf, size_t size)
{
	const struct ct_place *p = ct_model_place(v->model, object);
	char one[CT_NAME_MAX];

	buf[0] = 0;
	switch (p->kind) {
	case CT_KIND_FD:
		if (p->address)
			name_fd(v, object, op, p->address, buf, size);
		break;
	case CT_KIND_THREAD:
		ct_text_add(buf, size, "%s",
			    ct_name_thread(v, ct_model_thread(v->model, (uint32_t)p->address), one,
					   sizeof(one)));
		break;
	case CT_KIND_SLEEP:
	case CT_KIND_POLL:
	case CT_KIND_CALL:
	case CT_KIND_OTHER: break;
	case CT_KIND_IPC:
		if (p->address)
			ct_text_add(buf, size, "id %llu", (unsigned long long)p->address - 1);
		break;
	default: name_memory(v, object, buf, size); break;
	}
	return buf;
}

char *ct_name_wait(struct ct_view *v, const struct ct_cell *c, char *buf, size_t size)
{
	const struct ct_place *p = ct_model_place(v->model, c->object);
	char object[CT_NAME_MAX];
	const char *kind = c->op >= CT_OP_FIRST_CALL || p->kind == CT_KIND_RWLOCK
				   ? ct_op_say(c->op)
				   : ct_kind_label((enum ct_kind)p->kind);

	ct_name_object(v, c->object, c->op, object, sizeof(object));
	buf[0] = 0;
	ct_text_add(buf, size, "%s%s%s", kind, object[0] ? " " : "", object);
	return buf;
}

/* --- threads and processes ---------------------------------------------------------------------------------------------------- */

/* A thread that was given no name goes by its start routine; std::thread's says nothing, so there by who made it. */
static void name_by_routine(struct ct_view *v, const struct ct_thread *t, char *buf, size_t size)
{
	const struct ct_name_line *l;
	char one[CT_NAME_MAX], *bracket;
	size_t n;

	if (t->routine && !ct_model_is_runtime(v->model, t->routine)) {
		/* A routine is an exact address, not a return address. */
		n = ct_name_lines(v, t->routine | CT_FRAME_EXACT, &l);
		if (n && l[n - 1].function)
			ct_text_add(buf, size, "%s", l[n - 1].function);
		else
			ct_name_module(v, t->routine, buf, size);
		shorten(buf);
	} else if (t->create_stack && *ct_name_site(v, t->create_stack, one, sizeof(one))) {
		/* No brackets: the tid gets them. */
		bracket = strstr(one, " (");
		if (bracket) {
			memmove(bracket + 1, bracket + 2, strlen(bracket + 2) + 1);
			one[strcspn(one, ")")] = 0;
		}
		ct_text_add(buf, size, "thread of %s", one);
	} else {
		ct_text_add(buf, size, "thread");
	}
}

char *ct_name_start(struct ct_view *v, const struct ct_thread *t, char *buf, size_t size)
{
	buf[0] = 0;
	if (t->main)
		ct_text_add(buf, size, "main");
	else
		name_by_routine(v, t, buf, size);
	return buf;
}

char *ct_name_thread_bare(struct ct_view *v, const struct ct_thread *t, char *buf, size_t size)
{
	buf[0] = 0;
	if (!t)
		ct_text_add(buf, size, "unknown thread");
	else if (t->name[0])
		ct_text_add(buf, size, "%s", t->name);
	else if (t->main)
		ct_text_add(buf, size, "main");
	else
		name_by_routine(v, t, buf, size);
	return buf;
}

char *ct_name_thread(struct ct_view *v, const struct ct_thread *t, char *buf, size_t size)
{
	ct_name_thread_bare(v, t, buf, size);
	if (t)
		ct_text_add(buf, size, " (%u)", t->tid);
	return buf;
}

char *ct_name_thread_apart(struct ct_view *v, const struct ct_thread *t, uint32_t process,
			   char *buf, size_t size)
{
	ct_name_thread(v, t, buf, size);
	if (t && t->process != process)
		ct_text_add(buf, size, ", pid %u", ct_view_pid(v, t->process));
	return buf;
}

char *ct_name_process(struct ct_view *v, uint32_t process, char *buf, size_t size)
{
	const struct ct_process_rec *p;
	const char *exe;

	buf[0] = 0;
	if (process >= v->model->tables.process_count) {
		ct_text_add(buf, size, "unknown process");
		return buf;
	}
	p = &v->model->tables.processes[process];
	exe = ct_trace_string(v->trace, p->exe);
	ct_text_add(buf, size, "%s (pid %u)", exe ? base_name(exe) : "process", p->pid);
	return buf;
}

const char *ct_kind_label(enum ct_kind kind)
{
	static const char *const labels[CT_KINDS] = {
		"nothing", "mutex", "rwlock",	"spin lock",	  "condvar", "semaphore",
		"barrier", "once",  "join",	"futex",	  "sleep",   "",
		"poll",	   "call",  "System V", "other operation"};

	return kind < CT_KINDS ? labels[kind] : "other";
}

const char *ct_kind_name(enum ct_kind kind)
{
	static const char *const names[CT_KINDS] = {
		"none",	  "mutex", "rwlock", "spin", "cond", "sem",  "barrier", "once",
		"thread", "futex", "sleep",  "fd",   "poll", "call", "ipc",	"other"};

	return kind < CT_KINDS ? names[kind] : "other";
}
