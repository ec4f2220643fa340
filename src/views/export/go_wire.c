/*
 * go_wire.c - see go_wire.h.  The format is that of Go 1.22 to 1.27: "execution trace format v2".
 */
#include "views/export/go_wire_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many events in a generation, more where its table of stacks would else be the larger part, but not more than a reader can hold. */
#define GENERATION_EVENTS 300000u
#define EVENTS_PER_STACK  256u
#define EVENTS_MAX	  2500000u

/* --- bytes ---------------------------------------------------------------------------------------------------------------------- */

static void write_bytes(struct ct_go_wire *w, const void *bytes, size_t n)
{
	if (w->error)
		return;
	errno = 0;
	if (fwrite(bytes, 1, n, w->o.out) != n)
		w->error = errno ? -errno : -EIO;
	w->bytes += n;
}

bool ct_go_make_room(struct ct_go_wire *w, struct buffer *b, uint32_t n)
{
	uint32_t room = b->room ? b->room : BATCH_FIRST;
	uint8_t *p;

	while (room < b->used + n)
		room *= 2;
	if (room == b->room)
		return true;
	p = realloc(b->bytes, room);
	if (!p) {
		w->error = -ENOMEM;
		return false;
	}
	b->bytes = p;
	b->room = room;
	return true;
}

/* Writes out what a batch has so far.  m 0: of no thread. */
void ct_go_flush(struct ct_go_wire *w, struct buffer *b, uint32_t m)
{
	uint8_t head[64], *p = head;

	if (!b->used)
		return;
	*p++ = EV_BATCH;
	p = put(p, w->order.gen);
	p = put(p, m ? m : UINT64_MAX);
	p = put(p, b->base);
	p = put(p, b->used);
	write_bytes(w, head, (size_t)(p - head));
	write_bytes(w, b->bytes, b->used);
	b->used = 0;
}

bool ct_go_list_add(struct ct_go_wire *w, struct list *l, uint32_t row)
{
	uint32_t room = l->room * 2 + 64, *p;

	if (l->n == l->room) {
		p = realloc(l->rows, room * sizeof(*p));
		if (!p) {
			w->error = -ENOMEM;
			return false;
		}
		l->rows = p;
		l->room = room;
	}
	l->rows[l->n++] = row;
	return true;
}

/* --- events --------------------------------------------------------------------------------------------------------------------- */

static struct buffer *buffer_of(struct ct_go_wire *w, uint32_t m)
{
	if (m >= w->m_room) {
		uint32_t room = m + m / 2 + 64;
		struct buffer *p = realloc(w->m, room * sizeof(*p));

		if (!p) {
			w->error = -ENOMEM;
			return NULL;
		}
		memset(p + w->m_room, 0, (room - w->m_room) * sizeof(*p));
		w->m = p;
		w->m_room = room;
	}
	return &w->m[m];
}

/* What an event's arguments are on the wire, in place. */
static void to_wire(struct ct_go_wire *w, enum ct_go_event event, uint64_t *a)
{
	switch (event) {
	case CT_GO_PROCS_CHANGE:
	case CT_GO_SYSCALL_BEGIN:
	case CT_GO_TASK_END: a[1] = ct_go_stack_id(w, a[1]); break;
	case CT_GO_CREATE:
		a[1] = ct_go_stack_id(w, a[1]);
		a[2] = ct_go_stack_id(w, a[2]);
		break;
	case CT_GO_STOP:
	case CT_GO_BLOCK:
		a[0] = ct_go_string_id(w, a[0]);
		a[1] = ct_go_stack_id(w, a[1]);
		break;
	case CT_GO_UNBLOCK: a[2] = ct_go_stack_id(w, a[2]); break;
	case CT_GO_STATUS: a[1] = a[1] ? a[1] : UINT64_MAX; break;
	case CT_GO_LABEL: a[0] = ct_go_string_id(w, a[0]); break;
	case CT_GO_TASK_BEGIN:
		a[2] = ct_go_string_id(w, a[2]);
		a[3] = ct_go_stack_id(w, a[3]);
		break;
	case CT_GO_REGION_BEGIN:
	case CT_GO_REGION_END:
		a[1] = ct_go_string_id(w, a[1]);
		a[2] = ct_go_stack_id(w, a[2]);
		break;
	case CT_GO_LOG:
		a[1] = ct_go_string_id(w, a[1]);
		a[2] = ct_go_string_id(w, a[2]);
		a[3] = ct_go_stack_id(w, a[3]);
		break;
	default: break;
	}
}

static int add_event(struct ct_go_wire *w, uint32_t m, uint64_t ns, enum ct_go_event event,
		     const uint64_t *args)
{
	int n = ct_go_args(event), i;
	uint64_t a[CT_GO_ARGS_MAX] = {0};
	struct buffer *b;
	uint8_t *p;

	w->why = ct_go_order_step(&w->order, m, event, args);
	if (w->why)
		return w->error = w->order.failed ? -ENOMEM : -EPROTO;
	for (i = 0; i < n; i++)
		a[i] = args[i];
	to_wire(w, event, a);
	b = buffer_of(w, m);
	if (!b)
		return w->error;
	if (b->used + EVENT_MAX > BATCH_MAX)
		ct_go_flush(w, b, m);
	if (!ct_go_make_room(w, b, EVENT_MAX))
		return w->error;
	if (!b->used) {
		b->base = b->last = ns;
		if (!ct_go_list_add(w, &w->open, m))
			return w->error;
	}
	p = b->bytes + b->used;
	*p++ = (uint8_t)event;
	p = put(p, ns - b->last);
	for (i = 0; i < n; i++)
		p = put(p, a[i]);
	b->used = (uint32_t)(p - b->bytes);
	b->last = ns;
	w->events++;
	return w->error;
}

int ct_go_event(struct ct_go_wire *w, uint32_t m, uint64_t ns, enum ct_go_event event,
		const uint64_t *args)
{
	if (w->error)
		return w->error;
	w->now = ns > w->now ? ns : w->now + 1;
	return add_event(w, m, w->now, event, args);
}

/* --- generations ---------------------------------------------------------------------------------------------------------------- */

/* What is on a thread comes from that thread: first its processor, then its goroutine. */
static void tell_thread(struct ct_go_wire *w, uint32_t m)
{
	const struct ct_go_m own = w->order.m[m];

	if (own.p) {
		const uint64_t p[CT_GO_ARGS_MAX] = {own.p, w->order.p[own.p].status};

		add_event(w, m, w->now, CT_GO_PROC_STATUS, p);
	}
	if (own.g && !w->error) {
		const uint64_t g[CT_GO_ARGS_MAX] = {own.g, m, w->order.g[own.g].status};

		add_event(w, own.p ? m : 0, w->now, CT_GO_STATUS, g);
	}
}

/* The state of everything there is, at the time the generation begins. */
static void tell_all(struct ct_go_wire *w)
{
	uint32_t i;

	for (i = 1; i < w->order.m_room && !w->error; i++)
		if (w->order.m[i].p || w->order.m[i].g)
			tell_thread(w, i);
	for (i = 1; i < w->order.p_room && !w->error; i++) {
		const uint64_t p[CT_GO_ARGS_MAX] = {i, w->order.p[i].status};

		if (p[1] && w->order.p[i].gen != w->order.gen)
			add_event(w, 0, w->now, CT_GO_PROC_STATUS, p);
	}
	for (i = 1; i < w->order.g_room && !w->error; i++) {
		const uint64_t g[CT_GO_ARGS_MAX] = {i, 0, w->order.g[i].status};

		if (g[2] && w->order.g[i].gen != w->order.gen)
			add_event(w, 0, w->now, CT_GO_STATUS, g);
	}
}

static void write_clock(struct ct_go_wire *w)
{
	uint64_t wall = w->o.wall(w->o.arg, w->begin);
	uint8_t bytes[96], *p = bytes;

	if (w->o.version >= 25)
		*p++ = EV_SYNC;
	*p++ = EV_FREQUENCY;
	p = put(p, 1000000000);
	if (w->o.version >= 25) {
		*p++ = EV_CLOCK_SNAPSHOT;
		p = put(put(p, 0), w->begin);
		p = put(put(p, wall / 1000000000), wall % 1000000000);
	}
	if (!ct_go_make_room(w, &w->table, sizeof(bytes)))
		return;
	w->table.base = w->begin;
	w->table.used = (uint32_t)(p - bytes);
	memcpy(w->table.bytes, bytes, w->table.used);
	ct_go_flush(w, &w->table, 0);
}

static void close_generation(struct ct_go_wire *w)
{
	uint32_t i;

	for (i = 0; i < w->open.n; i++)
		ct_go_flush(w, &w->m[w->open.rows[i]], w->open.rows[i]);
	w->open.n = 0;
	write_clock(w);
	ct_go_write_tables(w);
	if (w->o.version >= 26)
		write_bytes(w, (const uint8_t[]){EV_END_OF_GENERATION}, 1);
	w->all_events += w->events;
	w->events = 0;
}

bool ct_go_full(const struct ct_go_wire *w)
{
	return w->events >= w->o.generation_events &&
	       (w->events >= (uint64_t)w->used_stacks.n * EVENTS_PER_STACK ||
		w->events >= EVENTS_MAX || w->o.generation_events < GENERATION_EVENTS);
}

int ct_go_next_generation(struct ct_go_wire *w)
{
	if (w->error)
		return w->error;
	close_generation(w);
	w->order.gen++;
	w->begin = ++w->now;
	tell_all(w);
	/* what tells the state does not count: of many threads it could be more than fits into a generation */
	w->all_events += w->events;
	w->events = 0;
	return w->error;
}

struct ct_go_wire *ct_go_wire_new(const struct ct_go_wire_options *o, uint64_t ns)
{
	struct ct_go_wire *w = calloc(1, sizeof(*w));
	char head[16] = "";

	if (!w)
		return NULL;
	w->o = *o;
	if (!w->o.generation_events)
		w->o.generation_events = GENERATION_EVENTS;
	if (ct_go_order_init(&w->order) < 0 ||
	    ct_table_init(&w->strings, sizeof(struct string_row), 8) < 0 ||
	    ct_table_init(&w->stacks, sizeof(struct stack_row), 8) < 0) {
		ct_go_wire_free(w);
		return NULL;
	}
	w->order.gen = 1;
	w->now = w->begin = ns ? ns : 1;
	snprintf(head, sizeof(head), "go 1.%u trace", o->version);
	write_bytes(w, head, sizeof(head));
	return w;
}

int ct_go_wire_end(struct ct_go_wire *w, struct ct_go_sizes *sizes)
{
	if (!w->error)
		close_generation(w);
	*sizes = (struct ct_go_sizes){w->all_events, w->bytes, w->order.gen};
	return w->error;
}

void ct_go_wire_free(struct ct_go_wire *w)
{
	uint32_t i;

	if (!w)
		return;
	for (i = 0; i < w->m_room; i++)
		free(w->m[i].bytes);
	free(w->m);
	free(w->table.bytes);
	free(w->open.rows);
	free(w->used_strings.rows);
	free(w->used_stacks.rows);
	ct_table_free(&w->strings);
	ct_table_free(&w->stacks);
	ct_pool_text_free(&w->texts);
	ct_go_order_free(&w->order);
	free(w);
}

const struct ct_go_order *ct_go_order(const struct ct_go_wire *w)
{
	return &w->order;
}

const char *ct_go_why(const struct ct_go_wire *w)
{
	return w->why ? w->why : "";
}

uint64_t ct_go_now(const struct ct_go_wire *w)
{
	return w->now;
}
