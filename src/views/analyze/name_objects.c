/*
 * name_objects.c - what a person calls an object and a wait for it: see names.h.
 */
#include "names_int.h"

#include <string.h>

#include "views/analyze/text.h"

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
	sym = ct_name_symbols(v, frame);
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
	ct_name_shorten(buf);
	if (d.offset)
		ct_text_add(buf, size, "+0x%llx", (unsigned long long)d.offset);
	if (d.file || d.function)
		ct_text_add(buf, size, " in ");
	if (d.function)
		ct_text_add(buf, size, "%s%s", d.function, d.file ? ", " : "");
	if (d.file)
		ct_text_add(buf, size, "%s:%u", ct_name_base(d.file), d.line);
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
