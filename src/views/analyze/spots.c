/*
 * spots.c - see spots.h.
 */
#include "views/analyze/spots.h"

#include <string.h>

#include "model/table.h"
#include "views/analyze/json.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

#define NAMED 3 /* modules of a kind that the line names */

static const struct {
	const char *name, *text, *line;
} kinds[CT_BLIND_LIMIT] = {
	[CT_BLIND_CALLS] = {"calls", "makes system calls itself", "system calls of their own in "},
	[CT_BLIND_GO] = {"go", "has a Go runtime, which makes system calls itself",
			 "a Go runtime in "},
	[CT_BLIND_URING] = {"io_uring", "waits in io_uring by itself", "io_uring in "},
	[CT_BLIND_DEEPBIND] = {"deepbind",
			       "was loaded with RTLD_DEEPBIND: it calls libc past ctrace",
			       "RTLD_DEEPBIND for "},
	[CT_BLIND_NAMESPACE] = {"namespace", "was loaded by dlmopen: it has a libc of its own",
				"a link namespace of its own for "},
	[CT_BLIND_OWN] = {"own", "has functions of its own that ctrace would record",
			  "functions of their own in "},
	[CT_BLIND_MADE] = {"made", "code made while the program ran: what it calls is not known",
			   NULL},
	[CT_BLIND_UNSEEN] = {"unseen", "", NULL},
	[CT_BLIND_UNREAD] = {"unread", "could not be looked at", NULL},
	[CT_BLIND_IMAGE] = {"image",
			    "was executed out of reach of the recording: by another user, or "
			    "without LD_PRELOAD",
			    "executed out of reach: "},
	[CT_BLIND_UNREACHED] = {"unreached",
				"is out of reach: only when its threads ran is recorded", NULL},
	[CT_BLIND_THREADS] = {"threads", "threads of it came and went between two looks", NULL},
	[CT_BLIND_PROGRAMS] = {"programs",
			       "programs came and went before anybody saw which they were", NULL},
};

static bool is_shown(struct ct_view *v, const struct ct_blind_rec *b)
{
	return b->kind && b->kind < CT_BLIND_LIMIT && b->process < v->model->tables.process_count &&
	       ct_view_shows_process(v, b->process);
}

static const char *base_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "unknown";
}

/* Several processes have the same module: it is named once.  Twice, where there is no memory to know better. */
static bool is_new(struct ct_table *seen, const struct ct_blind_rec *b)
{
	uint64_t key = (uint64_t)b->kind << 32 | b->path;
	uint32_t before = seen->count;

	if (!seen->failed)
		ct_table_put(seen, &key);
	return seen->failed || seen->count != before;
}

const char *ct_spots_line(struct ct_view *v, char *to, size_t room)
{
	const struct ct_blind_rec *rows;
	size_t n = ct_trace_blind(v->trace, &rows), i;
	unsigned kind, count, all = 0;
	struct ct_table seen;

	ct_table_init(&seen, 8, 8);
	to[0] = 0;
	ct_text_add(to, room, "blind: ");
	for (kind = 1; kind < CT_BLIND_LIMIT; kind++) {
		for (i = count = 0; i < n && kinds[kind].line; i++) {
			if (rows[i].kind != kind || !is_shown(v, &rows[i]) ||
			    !is_new(&seen, &rows[i]))
				continue;
			if (count++ >= NAMED)
				continue;
			ct_text_add(to, room, "%s%s",
				    count > 1 ? ", "
				    : all     ? "; "
					      : "",
				    count > 1 ? "" : kinds[kind].line);
			ct_text_add(to, room, "%s",
				    base_of(ct_trace_string(v->trace, rows[i].path)));
			all++;
		}
		if (count > NAMED)
			ct_text_add(to, room, " and %u more", count - NAMED);
	}
	ct_table_free(&seen);
	if (!all)
		return NULL;
	ct_text_add(to, room, ": waits there are not recorded; ctrace info --blind lists them");
	return to;
}

const char *ct_spots_unreached(struct ct_view *v, char *to, size_t room)
{
	const struct ct_blind_rec *rows;
	size_t n = ct_trace_blind(v->trace, &rows), i, all = 0, last = 0;
	uint64_t threads = 0, programs = 0;
	char name[CT_NAME_MAX], number[CT_TEXT_NUMBER];

	to[0] = 0;
	for (i = 0; i < n; i++) {
		if (!is_shown(v, &rows[i]))
			continue;
		if (rows[i].kind == CT_BLIND_UNREACHED) {
			if (!all++)
				last = i;
		} else if (rows[i].kind == CT_BLIND_THREADS) {
			threads += rows[i].count;
		} else if (rows[i].kind == CT_BLIND_PROGRAMS) {
			programs += rows[i].count;
		}
	}
	if (all) {
		const char *what = ct_trace_string(v->trace, rows[last].detail);

		ct_text_safe(name, sizeof(name),
			     base_of(ct_trace_string(v->trace, rows[last].path)));
		ct_text_add(to, room, "%s (pid %u) is %s", name,
			    v->model->tables.processes[rows[last].process].pid,
			    what ? what : "out of reach");
		if (all > 1)
			ct_text_add(to, room, ", and %zu more are out of reach", all - 1);
		ct_text_add(to, room, ": what %s threads waited for is not recorded",
			    all > 1 ? "their" : "its");
	}
	if (threads)
		ct_text_add(to, room, "; %s threads came and went unseen",
			    ct_text_count(number, threads));
	if (programs)
		ct_text_add(to, room, "%s%s programs came and went unseen", to[0] ? "; " : "",
			    ct_text_count(number, programs));
	return to[0] ? to : NULL;
}

void ct_spots_print(struct ct_view *v)
{
	const struct ct_blind_rec *rows;
	size_t n = ct_trace_blind(v->trace, &rows), i;
	char text[CT_NAME_MAX], number[CT_TEXT_NUMBER];
	unsigned shown = 0, unseen = 0;

	for (i = 0; i < n; i++) {
		const char *detail = ct_trace_string(v->trace, rows[i].detail);
		const char *path = ct_trace_string(v->trace, rows[i].path);

		if (!is_shown(v, &rows[i]))
			continue;
		if (rows[i].kind == CT_BLIND_UNSEEN) {
			unseen++;
			continue;
		}
		if (!shown++)
			fprintf(v->out, "%s%8s %10s  %s%s\n", ct_dim(v), "pid", "times",
				"blind spot", ct_plain(v));
		fprintf(v->out, "%8u %10s  ", v->model->tables.processes[rows[i].process].pid,
			rows[i].kind == CT_BLIND_MADE ? ct_text_bytes(number, rows[i].count)
						      : ct_text_count(number, rows[i].count));
		if (path)
			fprintf(v->out, "%s%s%s\n%21s", ct_bold(v),
				ct_text_safe(text, sizeof(text), path), ct_plain(v), "");
		fputs(kinds[rows[i].kind].text, v->out);
		if (detail)
			fprintf(v->out, " (%s)", ct_text_safe(text, sizeof(text), detail));
		fputc('\n', v->out);
	}
	if (unseen)
		fprintf(v->out, "%s%u process%s before %s libraries were seen: only %s looked at\n",
			shown ? "\n" : "", unseen, unseen == 1 ? " ended" : "es ended",
			unseen == 1 ? "its" : "their",
			unseen == 1 ? "its executable was" : "their executables were");
	else if (!shown && ct_trace_info(v->trace)->container == CT_ARENA)
		fprintf(v->out, "nobody has looked: that is done when the trace is finished\n");
	else if (!shown && !ct_trace_info(v->trace)->finished)
		fprintf(v->out, "the trace has no end, and nobody has looked\n");
	else if (!shown)
		fprintf(v->out, "no blind spots were found\n");
}

void ct_spots_json(struct ct_view *v, struct ct_json *j)
{
	const struct ct_blind_rec *rows;
	size_t n = ct_trace_blind(v->trace, &rows), i;

	ct_json_array(j, "blind");
	for (i = 0; i < n; i++) {
		if (!is_shown(v, &rows[i]))
			continue;
		ct_json_object(j, NULL);
		ct_json_number(j, "process", rows[i].process);
		ct_json_number(j, "pid", v->model->tables.processes[rows[i].process].pid);
		ct_json_text(j, "kind", kinds[rows[i].kind].name);
		ct_json_text(j, "path", ct_trace_string(v->trace, rows[i].path));
		ct_json_text(j, "detail", ct_trace_string(v->trace, rows[i].detail));
		ct_json_number(j, "count", rows[i].count);
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
}
