/*
 * row_names.c - what a row is called: the name of its one object, or what is true of all of them.
 */
#include "rows_int.h"

#include <string.h>

#include "views/analyze/names.h"
#include "views/analyze/text.h"

static const struct {
	const char *name, *plural;
} families[CT_ROW_FAMILIES] = {{"socket", "sockets"},
			       {"pipe", "pipes"},
			       {"tcp", "TCP sockets"},
			       {"udp", "UDP sockets"},
			       {"unix", "UNIX sockets"}};

const char *ct_row_fd(struct ct_view *v, uint32_t object, uint32_t op)
{
	return ct_trace_string(v->trace, ct_model_fd(v->model, object, op).name);
}

size_t ct_row_family(const char *name)
{
	size_t i = 0;

	while (i < CT_ROW_FAMILIES &&
	       (!name || strncmp(name, families[i].name, strlen(families[i].name)) != 0))
		i++;
	return i;
}

/* "item_locks[0..63] in thread.c:60": the index goes behind the variable's name. */
static void name_array(struct ct_view *v, const struct ct_row *r, char *buf, size_t size)
{
	struct ct_name_data d;
	const char *slash;

	ct_name_data(v, v->model->objects[r->object].data, &d);
	if (!d.name) {
		ct_name_object(v, r->object, r->op, buf, size);
		return;
	}
	ct_text_add(buf, size, "%s", d.name);
	if (r->index_hi != UINT64_MAX && r->index_hi != r->index_lo)
		ct_text_add(buf, size, "[%llu..%llu]", (unsigned long long)r->index_lo,
			    (unsigned long long)r->index_hi);
	slash = d.file ? strrchr(d.file, '/') : NULL;
	if (d.file)
		ct_text_add(buf, size, " in %s:%u", slash ? slash + 1 : d.file, d.line);
}

/* Names that hold for several objects.  Returns false where the name of one of them does, with their number behind it. */
static bool name_several(struct ct_view *v, const struct ct_row *r, char *buf, size_t size)
{
	char one[CT_NAME_MAX];
	size_t family;

	if (r->how == CT_ROW_FAMILY) {
		family = ct_row_family(ct_row_fd(v, r->object, r->op));
		ct_text_add(buf, size, "on %u %s", r->objects,
			    family < CT_ROW_FAMILIES ? families[family].plural : "descriptors");
		return true;
	}
	if (r->kind == CT_KIND_THREAD) {
		ct_text_add(buf, size, "of %u threads in %s", r->objects,
			    ct_name_site(v, r->site, one, sizeof(one)));
		return true;
	}
	return false;
}

/* A System V identifier of a namespace: the object of no one process. */
static bool has_namespace(const struct ct_view *v, const struct ct_row *r)
{
	return r->kind == CT_KIND_IPC && ct_model_place(v->model, r->object)->address &&
	       r->process < v->model->tables.process_count &&
	       v->model->tables.processes[r->process].ipc_namespace;
}

char *ct_row_object(struct ct_view *v, const struct ct_row *r, char *buf, size_t size)
{
	char one[CT_NAME_MAX];

	buf[0] = 0;
	if (r->how == CT_ROW_CALLS) {
		/* They are below the threshold, or their records were lost. */
		if (r->waits && ct_view_ns(v, r->total / r->waits) <
					ct_trace_header(v->trace)->call_threshold_ns)
			ct_text_add(buf, size, "calls below %s",
				    ct_text_ns(one, ct_trace_header(v->trace)->call_threshold_ns));
		else
			ct_text_add(buf, size, "calls without a record");
	} else if (ct_place_is_nameless(ct_model_place(v->model, r->object))) {
		if (*ct_name_site(v, r->site, one, sizeof(one)))
			ct_text_add(buf, size, "in %s", one);
	} else if (r->objects == 1) {
		ct_text_add(buf, size, "%s%s", r->kind == CT_KIND_THREAD ? "of " : "",
			    ct_name_object(v, r->object, r->op, one, sizeof(one)));
	} else if (!name_several(v, r, buf, size)) {
		if (r->how == CT_ROW_VARIABLE)
			name_array(v, r, buf, size);
		else
			ct_name_object(v, r->object, r->op, buf, size);
		ct_text_add(buf, size, " (%u objects)", r->objects);
	}
	if (r->shared && r->shared == r->objects)
		ct_text_add(buf, size, ", shared by %u processes", r->sharers);
	else if (!has_namespace(v, r) && v->many_processes &&
		 r->process < v->model->tables.process_count && r->kind != CT_KIND_THREAD)
		ct_text_add(buf, size, ", pid %u%s", v->model->tables.processes[r->process].pid,
			    r->forks ? " and its forks" : "");
	return buf;
}

char *ct_row_name(struct ct_view *v, const struct ct_row *r, char *buf, size_t size)
{
	char one[CT_NAME_MAX];

	ct_row_object(v, r, one, sizeof(one));
	buf[0] = 0;
	ct_text_add(buf, size, "%s%s%s",
		    r->op >= CT_OP_FIRST_CALL ? ct_op_say(r->op)
					      : ct_kind_label((enum ct_kind)r->kind),
		    one[0] ? (r->how == CT_ROW_CALLS ? ", " : " ") : "", one);
	return buf;
}

bool ct_row_is_called(const char *printed, const char *name)
{
	size_t n = strlen(name);

	return n && !strncmp(printed, name, n) &&
	       (!printed[n] || printed[n] == ' ' || printed[n] == ',');
}
