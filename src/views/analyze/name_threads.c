/*
 * name_threads.c - what a person calls a thread and a process: see names.h.
 */
#include "names_int.h"

#include <stdio.h>
#include <string.h>

#include "views/analyze/json.h"
#include "views/analyze/text.h"

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
		ct_name_shorten(buf);
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
	ct_text_add(buf, size, "%s (pid %u)", exe ? ct_name_base(exe) : "process", p->pid);
	return buf;
}
