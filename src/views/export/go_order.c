/*
 * go_order.c - see go_order.h.  The texts are the reader's own where it has one, so that a refusal can be looked up in its source.
 */
#include "views/export/go_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "out of memory";

/* More is not a thread that a program had: a wrong number would ask for all memory. */
#define ROWS_MAX (1u << 28)

struct task_row {
	uint64_t task; /* key */
	uint64_t active;
};

int ct_go_order_init(struct ct_go_order *o)
{
	memset(o, 0, sizeof(*o));
	o->regions.item_bytes = sizeof(struct ct_go_region);
	return ct_table_init(&o->tasks, sizeof(struct task_row), 8);
}

void ct_go_order_free(struct ct_go_order *o)
{
	free(o->m);
	free(o->p);
	free(o->g);
	ct_table_free(&o->tasks);
	ct_pool_free(&o->regions);
}

static void *row(struct ct_go_order *o, void **rows, uint32_t *room, size_t size, uint64_t i)
{
	uint64_t n;
	char *p;

	if (i < *room)
		return (char *)*rows + i * size;
	n = i + i / 2 + 64;
	p = i < ROWS_MAX ? realloc(*rows, n * size) : NULL;
	if (!p) {
		o->failed = true;
		return NULL;
	}
	memset(p + *room * size, 0, (n - *room) * size);
	*rows = p;
	*room = (uint32_t)n;
	return p + i * size;
}

static struct ct_go_m *m_row(struct ct_go_order *o, uint64_t i)
{
	return row(o, (void **)&o->m, &o->m_room, sizeof(*o->m), i);
}

static struct ct_go_p *p_row(struct ct_go_order *o, uint64_t i)
{
	return row(o, (void **)&o->p, &o->p_room, sizeof(*o->p), i);
}

static struct ct_go_g *g_row(struct ct_go_order *o, uint64_t i)
{
	return row(o, (void **)&o->g, &o->g_room, sizeof(*o->g), i);
}

uint32_t ct_go_order_p_seq(const struct ct_go_order *o, uint32_t p)
{
	return p < o->p_room ? o->p[p].seq + 1 : 1;
}

uint32_t ct_go_order_g_seq(const struct ct_go_order *o, uint32_t g)
{
	return g < o->g_room ? o->g[g].seq + 1 : 1;
}

int ct_go_args(unsigned event)
{
	static const int8_t args[CT_GO_EVENTS] = {
		[CT_GO_PROCS_CHANGE] = 3,   [CT_GO_PROC_START] = 3,
		[CT_GO_PROC_STOP] = 1,	    [CT_GO_PROC_STEAL] = 4,
		[CT_GO_PROC_STATUS] = 3,    [CT_GO_CREATE] = 4,
		[CT_GO_CREATE_SYSCALL] = 2, [CT_GO_START] = 3,
		[CT_GO_DESTROY] = 1,	    [CT_GO_DESTROY_SYSCALL] = 1,
		[CT_GO_STOP] = 3,	    [CT_GO_BLOCK] = 3,
		[CT_GO_UNBLOCK] = 4,	    [CT_GO_SYSCALL_BEGIN] = 3,
		[CT_GO_SYSCALL_END] = 1,    [CT_GO_SYSCALL_END_BLOCKED] = 1,
		[CT_GO_STATUS] = 4,	    [CT_GO_HEAP_ALLOC] = 2,
		[CT_GO_LABEL] = 2,	    [CT_GO_TASK_BEGIN] = 5,
		[CT_GO_TASK_END] = 3,	    [CT_GO_REGION_BEGIN] = 4,
		[CT_GO_REGION_END] = 4,	    [CT_GO_LOG] = 5,
	};

	return event < CT_GO_EVENTS ? args[event] - 1 : -1;
}

/* --- processors ----------------------------------------------------------------------------------------------------------------- */

static const char *proc_status(struct ct_go_order *o, struct ct_go_m *m, const uint64_t *a)
{
	struct ct_go_p *p;

	if (a[1] < CT_GO_PROC_RUNNING || a[1] > CT_GO_PROC_ABANDONED)
		return "invalid status for proc";
	p = p_row(o, a[0]);
	if (!p)
		return no_memory;
	if (p->status && p->status != a[1])
		return "inconsistent status for proc";
	if (a[1] == CT_GO_PROC_RUNNING || a[1] == CT_GO_PROC_SYSCALL) {
		if (!m)
			return "expected a thread but didn't have one";
		if (m->p && m->p != a[0])
			return "expected no proc but had one";
		m->p = (uint32_t)a[0];
	}
	*p = (struct ct_go_p){o->gen, 0, (uint8_t)a[1]};
	return NULL;
}

static const char *proc_start(struct ct_go_order *o, struct ct_go_m *m, const uint64_t *a)
{
	struct ct_go_p *p = a[0] < o->p_room ? &o->p[a[0]] : NULL;

	if (!m)
		return "expected a thread but didn't have one";
	if (!p || p->status != CT_GO_PROC_IDLE)
		return "failed to advance: proc to start is not idle";
	if (p->gen != o->gen || a[1] != p->seq + 1ull)
		return "failed to advance: sequence of proc";
	if (m->p)
		return "expected no proc but had one";
	p->status = CT_GO_PROC_RUNNING;
	p->seq++;
	m->p = (uint32_t)a[0];
	return NULL;
}

static const char *proc_stop(struct ct_go_order *o, struct ct_go_m *m)
{
	struct ct_go_p *p = m && m->p ? &o->p[m->p] : NULL;

	if (!p)
		return "event ProcStop for proc that doesn't exist";
	if (p->gen != o->gen)
		return "proc has no status in this generation";
	if (p->status != CT_GO_PROC_RUNNING && p->status != CT_GO_PROC_SYSCALL)
		return "ProcStop event for proc that's not running or in a syscall";
	p->status = CT_GO_PROC_IDLE;
	m->p = 0;
	return NULL;
}

static const char *proc_steal(struct ct_go_order *o, const uint64_t *a)
{
	struct ct_go_p *p = a[0] < o->p_room ? &o->p[a[0]] : NULL;
	bool abandoned = p && p->status == CT_GO_PROC_ABANDONED;
	struct ct_go_m *victim = a[2] && a[2] < o->m_room ? &o->m[a[2]] : NULL;

	if (!p || (p->status != CT_GO_PROC_SYSCALL && !abandoned))
		return "failed to advance: proc to steal is not in a syscall";
	if (p->gen != o->gen || a[1] != p->seq + 1ull)
		return "failed to advance: sequence of proc";
	if (!abandoned) {
		if (!victim)
			return "stole proc from non-existent thread";
		if (victim->p != a[0])
			return "tried to steal proc from thread, but got another proc instead";
		victim->p = 0;
	}
	p->status = CT_GO_PROC_IDLE;
	p->seq++;
	return NULL;
}

/* --- goroutines ----------------------------------------------------------------------------------------------------------------- */

static bool has_g(const struct ct_go_order *o, uint64_t g)
{
	return g && g < o->g_room && o->g[g].status;
}

static const char *go_syscall_status(struct ct_go_order *o, uint32_t from, const uint64_t *a)
{
	struct ct_go_m *m;

	if (!a[1])
		return "found goroutine in syscall without a thread";
	m = m_row(o, a[1]);
	if (!m)
		return no_memory;
	/* a thread that was seen has told what is on it, but for itself in the first generation */
	if (m->g != a[0] && m->seen && (m->g || o->gen != 1 || a[1] != from))
		return "inconsistent thread for syscalling goroutine";
	m->seen = true;
	m->g = (uint32_t)a[0];
	return NULL;
}

static const char *go_status(struct ct_go_order *o, struct ct_go_m *m, uint32_t from,
			     const uint64_t *a)
{
	const char *why = NULL;

	if (a[2] < CT_GO_RUNNABLE || a[2] > CT_GO_WAITING)
		return "invalid status for goroutine";
	if (!a[0])
		return "no goroutine has this number";
	if (has_g(o, a[0]) && o->g[a[0]].status != a[2])
		return "inconsistent status for goroutine";
	if (!has_g(o, a[0]) && o->gen != 1)
		return "found goroutine status for new goroutine after the first generation";
	if (a[2] == CT_GO_RUNNING && (!m || (m->g && m->g != a[0])))
		return "tried to run goroutine when one was already executing";
	if (a[2] == CT_GO_SYSCALL)
		why = go_syscall_status(o, from, a);
	if (why)
		return why;
	if (!g_row(o, a[0]))
		return no_memory;
	o->g[a[0]].status = (uint8_t)a[2];
	o->g[a[0]].gen = o->gen;
	o->g[a[0]].seq = 0;
	if (a[2] == CT_GO_RUNNING)
		m->g = (uint32_t)a[0];
	return NULL;
}

static const char *go_create(struct ct_go_order *o, struct ct_go_m *m, uint64_t g,
			     enum ct_go_status status)
{
	struct ct_go_g *new;

	if (!m)
		return "expected a thread but didn't have one";
	if (status == CT_GO_RUNNABLE && !m->p)
		return "expected a proc but didn't have one";
	if (status == CT_GO_RUNNABLE && m->g && o->g[m->g].status != CT_GO_RUNNING)
		return "GoCreate event for goroutine that's not running";
	if (status == CT_GO_SYSCALL && m->g)
		return "expected no goroutine but had one";
	if (!g)
		return "no goroutine has this number";
	if (has_g(o, g))
		return "tried to create goroutine that already exists";
	new = g_row(o, g);
	if (!new)
		return no_memory;
	if (new->gone)
		return "the number of a goroutine is used again"; /* accepted, and a mess on the pages */
	*new = (struct ct_go_g){.gen = o->gen, .status = (uint8_t)status};
	if (status == CT_GO_SYSCALL)
		m->g = (uint32_t)g;
	return NULL;
}

/* A running goroutine on a processor. */
static const char *needs_user(const struct ct_go_order *o, const struct ct_go_m *m)
{
	if (!m)
		return "expected a thread but didn't have one";
	if (!m->p)
		return "expected a proc but didn't have one";
	if (o->p[m->p].gen != o->gen)
		return "proc has no status in this generation";
	if (!m->g)
		return "expected a goroutine but didn't have one";
	if (o->g[m->g].gen != o->gen)
		return "goroutine has no status in this generation";
	return NULL;
}

static const char *go_leave(struct ct_go_order *o, struct ct_go_m *m, enum ct_go_event event)
{
	const char *why = needs_user(o, m);
	struct ct_go_g *g;

	if (why)
		return why;
	g = &o->g[m->g];
	if (g->status != CT_GO_RUNNING)
		return "event for goroutine that's not running";
	g->status = event == CT_GO_BLOCK  ? CT_GO_WAITING
		    : event == CT_GO_STOP ? CT_GO_RUNNABLE
					  : CT_GO_NONE;
	g->gone = event == CT_GO_DESTROY;
	m->g = 0;
	return NULL;
}

static const char *go_start(struct ct_go_order *o, struct ct_go_m *m, const uint64_t *a)
{
	struct ct_go_g *g = has_g(o, a[0]) ? &o->g[a[0]] : NULL;

	if (!g || g->status != CT_GO_RUNNABLE)
		return "failed to advance: goroutine to start is not runnable";
	if (g->gen != o->gen || a[1] != g->seq + 1ull)
		return "failed to advance: sequence of goroutine";
	if (!m)
		return "expected a thread but didn't have one";
	if (!m->p)
		return "expected a proc but didn't have one";
	if (m->g)
		return "expected no goroutine but had one";
	g->status = CT_GO_RUNNING;
	g->seq++;
	m->g = (uint32_t)a[0];
	return NULL;
}

static const char *go_unblock(struct ct_go_order *o, const uint64_t *a)
{
	struct ct_go_g *g = has_g(o, a[0]) ? &o->g[a[0]] : NULL;

	if (!g || g->status != CT_GO_WAITING)
		return "failed to advance: goroutine to unblock is not waiting";
	if (g->gen != o->gen || a[1] != g->seq + 1ull)
		return "failed to advance: sequence of goroutine";
	g->status = CT_GO_RUNNABLE;
	g->seq++;
	return NULL;
}

static const char *syscall_begin(struct ct_go_order *o, struct ct_go_m *m, const uint64_t *a)
{
	const char *why = needs_user(o, m);
	struct ct_go_p *p;

	if (why)
		return why;
	p = &o->p[m->p];
	if (o->g[m->g].status != CT_GO_RUNNING)
		return "GoSyscallBegin event for goroutine that's not running";
	if (a[0] != p->seq + 1ull)
		return "failed to advance GoSyscallBegin: can't make sequence";
	o->g[m->g].status = CT_GO_SYSCALL;
	p->status = CT_GO_PROC_SYSCALL;
	p->seq++;
	return NULL;
}

static const char *syscall_end(struct ct_go_order *o, struct ct_go_m *m)
{
	const char *why = needs_user(o, m);

	if (why)
		return why;
	if (o->g[m->g].status != CT_GO_SYSCALL)
		return "GoSyscallEnd event for goroutine that's not in a syscall";
	if (o->p[m->p].status != CT_GO_PROC_SYSCALL)
		return "expected proc in a syscall";
	o->g[m->g].status = CT_GO_RUNNING;
	o->p[m->p].status = CT_GO_PROC_RUNNING;
	return NULL;
}

/* GoSyscallEndBlocked and GoDestroySyscall. */
static const char *syscall_leave(struct ct_go_order *o, struct ct_go_m *m, bool dies)
{
	struct ct_go_p *p = m && m->p ? &o->p[m->p] : NULL;

	if (!m || !m->g)
		return "expected a goroutine but didn't have one";
	if (o->g[m->g].gen != o->gen)
		return "goroutine has no status in this generation";
	if (!dies && p && p->status == CT_GO_PROC_SYSCALL)
		return "failed to advance: proc is still in the syscall";
	if (o->g[m->g].status != CT_GO_SYSCALL)
		return "event for goroutine that's not in a syscall";
	if (dies && p && p->status != CT_GO_PROC_SYSCALL)
		return "proc in unexpected state during GoDestroySyscall";
	if (dies && p) {
		p->status = CT_GO_PROC_ABANDONED;
		m->p = 0;
	}
	o->g[m->g].status = dies ? CT_GO_NONE : CT_GO_RUNNABLE;
	o->g[m->g].gone = dies;
	m->g = 0;
	return NULL;
}

/* --- annotations ---------------------------------------------------------------------------------------------------------------- */

static const char *task_begin(struct ct_go_order *o, const struct ct_go_m *m, const uint64_t *a)
{
	const char *why = needs_user(o, m);
	struct task_row *t;

	if (why)
		return why;
	if (!a[0])
		return "found invalid task ID";
	t = ct_table_row(&o->tasks, ct_table_put(&o->tasks, a));
	if (o->tasks.failed)
		return no_memory;
	if (t->active)
		return "task ID conflict";
	t->active = 1;
	return NULL;
}

static const char *task_end(struct ct_go_order *o, const struct ct_go_m *m, const uint64_t *a)
{
	const char *why = needs_user(o, m);
	uint32_t i;

	if (why)
		return why;
	i = ct_table_find(&o->tasks, a);
	if (i != CT_NONE)
		((struct task_row *)ct_table_row(&o->tasks, i))->active = 0;
	return NULL;
}

static const char *region(struct ct_go_order *o, const struct ct_go_m *m, const uint64_t *a,
			  bool begins)
{
	const char *why = needs_user(o, m);
	struct ct_go_region *r;
	struct ct_go_g *g;
	uint32_t i;

	if (why)
		return why;
	g = &o->g[m->g];
	if (begins) {
		i = o->region_free ? o->region_free - 1 : ct_pool_add(&o->regions);
		if (i == CT_NONE)
			return no_memory;
		r = ct_pool_at(&o->regions, i);
		o->region_free = r->outer; /* of a new one 0 */
		*r = (struct ct_go_region){a[0], a[1], g->regions, 0};
		g->regions = i + 1;
		return NULL;
	}
	if (!g->regions)
		return NULL;
	r = ct_pool_at(&o->regions, g->regions - 1);
	if (r->task != a[0] || r->name != a[1])
		return "misuse of region: its end is not that of the inner-most active one";
	i = g->regions;
	g->regions = r->outer;
	r->outer = o->region_free;
	o->region_free = i;
	return NULL;
}

const char *ct_go_order_step(struct ct_go_order *o, uint32_t m, enum ct_go_event event,
			     const uint64_t *args)
{
	struct ct_go_m *own = m ? m_row(o, m) : NULL;
	const char *why;

	if (m && !own)
		return no_memory;
	if (own)
		own->seen = true;
	switch (event) {
	case CT_GO_PROC_STATUS: return proc_status(o, own, args);
	case CT_GO_PROC_START: return proc_start(o, own, args);
	case CT_GO_PROC_STOP: return proc_stop(o, own);
	case CT_GO_PROC_STEAL:
		return own ? proc_steal(o, args) : "expected a thread but didn't have one";
	case CT_GO_STATUS:
		if (args[2] == CT_GO_SYSCALL && args[1] && !m_row(o, args[1]))
			return no_memory;
		return go_status(o, m ? &o->m[m] : NULL, m, args);
	case CT_GO_CREATE: return go_create(o, own, args[0], CT_GO_RUNNABLE);
	case CT_GO_CREATE_SYSCALL: return go_create(o, own, args[0], CT_GO_SYSCALL);
	case CT_GO_START: return go_start(o, own, args);
	case CT_GO_DESTROY:
	case CT_GO_STOP:
	case CT_GO_BLOCK: return go_leave(o, own, event);
	case CT_GO_UNBLOCK: return go_unblock(o, args);
	case CT_GO_SYSCALL_BEGIN: return syscall_begin(o, own, args);
	case CT_GO_SYSCALL_END: return syscall_end(o, own);
	case CT_GO_SYSCALL_END_BLOCKED: return syscall_leave(o, own, false);
	case CT_GO_DESTROY_SYSCALL: return syscall_leave(o, own, true);
	case CT_GO_PROCS_CHANGE:
	case CT_GO_LABEL:
	case CT_GO_LOG: return needs_user(o, own);
	case CT_GO_HEAP_ALLOC:
		why = own && own->p ? NULL : "expected a proc but didn't have one";
		return why;
	case CT_GO_TASK_BEGIN: return task_begin(o, own, args);
	case CT_GO_TASK_END: return task_end(o, own, args);
	case CT_GO_REGION_BEGIN: return region(o, own, args, true);
	case CT_GO_REGION_END: return region(o, own, args, false);
	default: return "bad event type found while ordering";
	}
}
