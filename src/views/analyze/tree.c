/*
 * tree.c - see tree.h.
 *
 * A row of the process table is an executed image, or a fork that did something worth a record.  Who made it is told by the row it was
 * copied from, by the image before it, by ctrace-run where it looked into another pid namespace, else by the parent's pid: then it is the
 * newest row of that number that had begun.  A process that was forked and recorded nothing has no row, so the parent of what it made may
 * not be there; that is a root of its own.
 */
#include "views/analyze/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "file/namespace.h"
#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

#define DEPTH_MAX 60 /* deeper ones are not indented more */

/* --- who made whom ------------------------------------------------------------------------------------------------------------------ */

static uint32_t by_pid(const struct ct_process_rec *rows, uint32_t i)
{
	uint64_t namespace = ct_process_namespace(rows, i);
	uint32_t k;

	for (k = i; rows[i].ppid && k-- > 0;)
		if (rows[k].state >= CT_PROC_LIVE && rows[k].pid == rows[i].ppid &&
		    rows[k].begin_ticks <= rows[i].begin_ticks &&
		    ct_process_namespace(rows, k) == namespace)
			return k;
	return CT_NO_PARENT;
}

uint32_t *ct_process_parents(const struct ct_view *v)
{
	const struct ct_process_rec *rows = v->model->tables.processes;
	uint32_t n = v->model->tables.process_count, i;
	uint32_t *parent = malloc((n + 1u) * sizeof(*parent));

	for (i = 0; parent && i < n; i++)
		parent[i] = CT_NO_PARENT;
	for (i = 0; parent && i < n; i++) {
		uint32_t next = rows[i].next_image;

		if (rows[i].state < CT_PROC_LIVE)
			continue;
		if (next > i + 1 && next <= n)
			parent[next - 1] = i;
		if (parent[i] != CT_NO_PARENT)
			continue;
		/* only a row before it, so that there is no circle in whatever the file holds */
		if (rows[i].forked_from && rows[i].forked_from - 1 < i)
			parent[i] = rows[i].forked_from - 1;
		else if (rows[i].outside_parent && rows[i].outside_parent - 1 < i)
			parent[i] = rows[i].outside_parent - 1;
		else
			parent[i] = by_pid(rows, i);
	}
	return parent;
}

enum ct_process_end ct_process_end_of(const struct ct_view *v, const struct ct_process_rec *p)
{
	if (p->next_image)
		return CT_PROCESS_EXECUTED;
	if (p->exit_status != CT_EXIT_UNKNOWN && (p->end_ticks || p->exit_status))
		return p->exit_status & 0x7f ? CT_PROCESS_KILLED : CT_PROCESS_EXITED;
	if (!p->end_ticks && ct_trace_info(v->trace)->live)
		return CT_PROCESS_RUNNING;
	if (!p->end_ticks && p->state == CT_PROC_LIVE && ct_trace_info(v->trace)->finished)
		return CT_PROCESS_RUNNING;
	return CT_PROCESS_UNKNOWN;
}

/* --- what is shown of each ------------------------------------------------------------------------------------------------------------- */

struct node {
	uint32_t parent, first, next; /* rows; CT_NO_PARENT none */
	uint32_t threads;
	uint64_t waits, total;
};

struct tree {
	struct ct_view *v;
	const struct ct_process_rec *rows;
	struct node *nodes;
	uint32_t n;
};

static bool is_shown(const struct tree *t, uint32_t i)
{
	return t->rows[i].state >= CT_PROC_LIVE;
}

static int make_tree(struct ct_view *v, struct tree *t)
{
	struct ct_model *m = v->model;
	uint32_t *parent = ct_process_parents(v), i;

	*t = (struct tree){.v = v, .rows = m->tables.processes, .n = m->tables.process_count};
	t->nodes = calloc(t->n + 1u, sizeof(*t->nodes));
	if (!parent || !t->nodes) {
		free(parent);
		free(t->nodes);
		return -ENOMEM;
	}
	for (i = 0; i < t->n; i++)
		t->nodes[i] = (struct node){parent[i], CT_NO_PARENT, CT_NO_PARENT, 0, 0, 0};
	free(parent);
	/* from the last one, so that children are in the order they came */
	for (i = t->n; i-- > 0;) {
		uint32_t p = t->nodes[i].parent;

		if (p == CT_NO_PARENT || !is_shown(t, i) || !is_shown(t, p))
			continue;
		t->nodes[i].next = t->nodes[p].first;
		t->nodes[p].first = i;
	}
	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);
		const struct ct_thread *thread = ct_model_thread_at(m, c->thread);

		if (thread->process >= t->n)
			continue;
		t->nodes[thread->process].waits += ct_cell_waits(c);
		t->nodes[thread->process].total += ct_cell_total(c);
	}
	for (i = 0; i < m->threads.count; i++) {
		const struct ct_thread *thread = ct_model_thread_at(m, i);

		if (thread->known && thread->serial && thread->process < t->n)
			t->nodes[thread->process].threads++;
	}
	return 0;
}

static uint64_t end_of(const struct tree *t, uint32_t i)
{
	const struct ct_process_rec *p = &t->rows[i];

	return p->end_ticks ? p->end_ticks : t->v->model->end;
}

static uint64_t lived(const struct tree *t, uint32_t i)
{
	uint64_t end = ct_view_when(t->v, end_of(t, i)),
		 begin = ct_view_when(t->v, t->rows[i].begin_ticks);

	return end > begin ? end - begin : 0;
}

static const char *command_of(const struct tree *t, uint32_t i)
{
	const char *command = ct_trace_string(t->v->trace, t->rows[i].cmdline);

	if (!command || !*command)
		command = ct_trace_string(t->v->trace, t->rows[i].exe);
	return command ? command : "unknown";
}

/* --- text -------------------------------------------------------------------------------------------------------------------------------- */

/* As sigabbrev_np, which glibc has since 2.32. */
static const char *signal_name(unsigned n)
{
	static const char *const names[] = {
		[SIGHUP] = "HUP",	[SIGINT] = "INT",	[SIGQUIT] = "QUIT",
		[SIGILL] = "ILL",	[SIGTRAP] = "TRAP",	[SIGABRT] = "ABRT",
		[SIGBUS] = "BUS",	[SIGFPE] = "FPE",	[SIGKILL] = "KILL",
		[SIGUSR1] = "USR1",	[SIGSEGV] = "SEGV",	[SIGUSR2] = "USR2",
		[SIGPIPE] = "PIPE",	[SIGALRM] = "ALRM",	[SIGTERM] = "TERM",
		[SIGSTKFLT] = "STKFLT", [SIGCHLD] = "CHLD",	[SIGCONT] = "CONT",
		[SIGSTOP] = "STOP",	[SIGTSTP] = "TSTP",	[SIGTTIN] = "TTIN",
		[SIGTTOU] = "TTOU",	[SIGURG] = "URG",	[SIGXCPU] = "XCPU",
		[SIGXFSZ] = "XFSZ",	[SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF",
		[SIGWINCH] = "WINCH",	[SIGIO] = "IO",		[SIGPWR] = "PWR",
		[SIGSYS] = "SYS",
	};

	return n < sizeof(names) / sizeof(names[0]) ? names[n] : NULL;
}

static const char *end_text(const struct tree *t, uint32_t i, char *to, size_t room)
{
	const struct ct_process_rec *p = &t->rows[i];
	const char *name;

	switch (ct_process_end_of(t->v, p)) {
	case CT_PROCESS_RUNNING: snprintf(to, room, "running"); break;
	case CT_PROCESS_EXECUTED: snprintf(to, room, "exec"); break;
	case CT_PROCESS_EXITED: snprintf(to, room, "exit %u", p->exit_status >> 8 & 0xff); break;
	case CT_PROCESS_KILLED:
		name = signal_name(p->exit_status & 0x7f);
		snprintf(to, room, "%s%s%s", name ? "SIG" : "signal", name ? name : "",
			 p->exit_status & 0x80 ? ", core" : "");
		break;
	default: snprintf(to, room, "unknown"); break;
	}
	return to;
}

static bool has_waits(const struct ct_process_rec *p)
{
	return !(p->flags & (CT_PROC_LEFT_OUT | CT_PROC_UNREACHED));
}

static void print_node(const struct tree *t, uint32_t i, unsigned depth)
{
	char n[3][CT_TEXT_NUMBER], end[32], text[CT_NAME_MAX];
	const struct node *node = &t->nodes[i];
	const struct ct_process_rec *p = &t->rows[i];
	unsigned indent = 2 * (depth < DEPTH_MAX ? depth : DEPTH_MAX), column = 67;

	if (indent > t->v->o.width / 4)
		indent = t->v->o.width / 4;
	fprintf(t->v->out, "%8u %9.3f %9s %4u %10s %9s  %-13s ", p->pid,
		1e-9 * (double)ct_view_when(t->v, p->begin_ticks), ct_text_ns(n[0], lived(t, i)),
		node->threads, has_waits(p) ? ct_text_count(n[1], node->waits) : "-",
		!has_waits(p) ? "-" : ct_text_ns(n[2], ct_view_ns(t->v, node->total)),
		end_text(t, i, end, sizeof(end)));
	fprintf(t->v->out, "%*s%s", (int)indent, "", ct_bold(t->v));
	ct_text_cut(t->v->out, ct_text_safe(text, sizeof(text), command_of(t, i)),
		    t->v->o.width > column + indent + 20 ? t->v->o.width - column - indent : 20);
	fprintf(t->v->out, "%s\n", ct_plain(t->v));
}

/* Depth first, without recursion: the file may hold a chain as long as the table. */
static void walk(const struct tree *t, uint32_t root,
		 void (*show)(const struct tree *, uint32_t, unsigned))
{
	uint32_t i = root;
	unsigned depth = 0;

	while (i != CT_NO_PARENT) {
		show(t, i, depth);
		if (t->nodes[i].first != CT_NO_PARENT) {
			i = t->nodes[i].first;
			depth++;
			continue;
		}
		while (i != root && t->nodes[i].next == CT_NO_PARENT) {
			i = t->nodes[i].parent;
			depth--;
		}
		i = i == root ? CT_NO_PARENT : t->nodes[i].next;
	}
}

static bool is_root(const struct tree *t, uint32_t i)
{
	uint32_t p = t->nodes[i].parent;

	return is_shown(t, i) && (p == CT_NO_PARENT || !is_shown(t, p));
}

static void print_text(const struct tree *t)
{
	uint32_t i, left_out = 0;

	fprintf(t->v->out, "%s%8s %9s %9s %4s %10s %9s  %-13s %s%s\n", ct_dim(t->v), "pid",
		"from s", "lived", "thr", "waits", "waited", "end", "command", ct_plain(t->v));
	for (i = 0; i < t->n; i++) {
		if (is_root(t, i))
			walk(t, i, print_node);
		left_out += is_shown(t, i) && (t->rows[i].flags & CT_PROC_LEFT_OUT);
	}
	fputc('\n', t->v->out);
	if (left_out)
		fprintf(t->v->out,
			"%u left out by --only or --skip: nothing of %s is recorded (-)\n",
			left_out, left_out == 1 ? "it" : "them");
	ct_view_blind(t->v, "");
}

/* --- JSON -------------------------------------------------------------------------------------------------------------------------------- */

static const char *const end_names[] = {"running", "exited", "signal", "exec", "unknown"};

static void json_node(const struct tree *t, uint32_t i, struct ct_json *j)
{
	const struct ct_process_rec *p = &t->rows[i];
	const struct node *node = &t->nodes[i];
	enum ct_process_end end = ct_process_end_of(t->v, p);

	ct_json_object(j, NULL);
	ct_json_number(j, "index", i);
	if (node->parent != CT_NO_PARENT)
		ct_json_number(j, "parent", node->parent);
	ct_json_number(j, "pid", p->pid);
	ct_json_number(j, "ppid", p->ppid);
	if (p->outside_pid)
		ct_json_number(j, "outside_pid", p->outside_pid);
	ct_json_bool(j, "forked", p->forked_from != 0);
	ct_json_bool(j, "recorded", !(p->flags & CT_PROC_LEFT_OUT));
	ct_json_bool(j, "reached", !(p->flags & CT_PROC_UNREACHED));
	ct_json_text(j, "exe", ct_trace_string(t->v->trace, p->exe));
	ct_json_text(j, "command", command_of(t, i));
	ct_json_number(j, "begin_ns", ct_view_when(t->v, p->begin_ticks));
	if (p->end_ticks)
		ct_json_number(j, "end_ns", ct_view_when(t->v, p->end_ticks));
	ct_json_number(j, "lived_ns", lived(t, i));
	ct_json_text(j, "end", end_names[end]);
	if (end == CT_PROCESS_EXITED)
		ct_json_number(j, "exit", p->exit_status >> 8 & 0xff);
	if (end == CT_PROCESS_KILLED) {
		ct_json_number(j, "signal", p->exit_status & 0x7f);
		ct_json_bool(j, "core", p->exit_status & 0x80);
	}
	if (end == CT_PROCESS_EXECUTED)
		ct_json_number(j, "next", p->next_image - 1);
	ct_json_number(j, "looks", p->looks);
	ct_json_number(j, "threads", node->threads);
	ct_json_number(j, "waits", node->waits);
	ct_json_number(j, "waited_ns", ct_view_ns(t->v, node->total));
	ct_json_close(j, '}');
}

static void print_json(const struct tree *t)
{
	struct ct_json j;
	uint32_t i;

	ct_line_head_json(t->v, &j, "ps");
	ct_json_array(&j, "processes");
	for (i = 0; i < t->n; i++)
		if (is_shown(t, i))
			json_node(t, i, &j);
	ct_json_close(&j, ']');
	ct_json_finish(&j);
}

int ct_view_tree(struct ct_view *v)
{
	struct tree t;
	int err = make_tree(v, &t);

	if (err)
		return err;
	if (v->o.json)
		print_json(&t);
	else
		print_text(&t);
	free(t.nodes);
	return 0;
}
