/*
 * ps.c - which processes are being traced now.  Each arena is opened like any trace; nothing is asked of the processes themselves.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "views/analyze/json.h"
#include "views/analyze/text.h"
#include "views/analyze/view.h"

struct totals {
	uint64_t waits;
	unsigned threads, blocked;
};

static struct totals totals_of(const struct ct_trace *t, uint32_t process)
{
	const struct ct_trace_slot *s;
	size_t n = ct_trace_slots(t, &s), i;
	struct totals all = {0};

	for (i = 0; i < n; i++) {
		if (s[i].process != process)
			continue;
		all.threads++;
		all.blocked += s[i].op != 0;
		all.waits += s[i].waits;
	}
	return all;
}

/* Does a process map this file?  1 yes, 0 no, -1 it may not be asked. */
static int maps_file(uint32_t pid, uint64_t inode)
{
	char line[4352];
	unsigned long long number;
	int found = 0;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%u/maps", pid);
	f = fopen(line, "re");
	if (!f)
		return errno == ENOENT ? 0 : -1;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %*s %*s %*s %llu", &number) == 1 && number == inode;
	if (ferror(f))
		found = -1;
	fclose(f);
	return found;
}

/* A number in a trace may be another process's by now, or a thread's, so existing is not enough. */
static bool is_alive(const struct ct_process_rec *p, uint64_t inode)
{
	int maps;

	if (p->state != CT_PROC_LIVE || !p->pid || p->end_ticks)
		return false;
	maps = maps_file(p->pid, inode);
	return maps > 0 || (maps < 0 && (kill((pid_t)p->pid, 0) == 0 || errno == EPERM));
}

static uint64_t age_ns(const struct ct_trace *t, const struct ct_process_rec *p)
{
	uint64_t begin = ct_trace_ns(t, p->begin_ticks), now;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return now > begin ? now - begin : 0;
}

static void show(FILE *out, struct ct_trace *t, uint32_t process, const struct ct_process_rec *p,
		 const struct ct_view_options *o, struct ct_json *j)
{
	const struct ct_header *h = ct_trace_header(t);
	const char *command = ct_trace_string(t, p->cmdline);
	struct totals all = totals_of(t, process);
	char n[2][CT_TEXT_NUMBER], text[256];

	if (!command)
		command = ct_trace_string(t, p->exe);
	if (o->json) {
		ct_json_object(j, NULL);
		ct_json_number(j, "pid", p->pid);
		ct_json_text(j, "command", command);
		ct_json_number(j, "recorder_pid", h->recorder_pid);
		ct_json_text(j, "trace", ct_trace_info(t)->path);
		ct_json_number(j, "age_ns", age_ns(t, p));
		ct_json_number(j, "threads", all.threads);
		ct_json_number(j, "blocked", all.blocked);
		ct_json_number(j, "waits", all.waits);
		ct_json_close(j, '}');
		return;
	}
	fprintf(out, "%8u %8u %9s %10s %4u of %-4u ", p->pid, h->recorder_pid,
		ct_text_ns(n[0], age_ns(t, p)), ct_text_count(n[1], all.waits), all.blocked,
		all.threads);
	ct_text_cut(out, ct_text_safe(text, sizeof(text), command ? command : "unknown"),
		    o->width > 80 ? o->width - 52 : 30);
	fprintf(out, "\n%53s%s\n", "", ct_text_safe(text, sizeof(text), ct_trace_info(t)->path));
}

int ct_view_ps(FILE *out, const char *const *arenas, size_t n, const struct ct_view_options *o)
{
	const struct ct_process_rec *p;
	struct ct_trace *t;
	struct ct_json j;
	struct stat st;
	size_t i, k, count;
	int shown = 0;

	if (o->json) {
		ct_json_start(&j, out);
		ct_json_text(&j, "command", "ps");
		ct_json_number(&j, "version", 1);
		ct_json_array(&j, "processes");
	}
	for (i = 0; i < n; i++) {
		if (stat(arenas[i], &st) < 0 || ct_trace_open(arenas[i], &t, NULL, 0) < 0)
			continue;
		count = ct_trace_processes(t, &p);
		for (k = 0; k < count; k++) {
			if (!is_alive(&p[k], st.st_ino))
				continue;
			if (!shown++ && !o->json)
				fprintf(out, "%8s %8s %9s %10s %12s %s\n", "pid", "recorder", "age",
					"waits", "blocked", "command, trace");
			show(out, t, (uint32_t)k, &p[k], o, &j);
		}
		ct_trace_close(t);
	}
	if (o->json) {
		ct_json_close(&j, ']');
		ct_json_finish(&j);
	} else if (!shown) {
		fprintf(out, "no process is being traced\n");
	}
	return shown;
}
