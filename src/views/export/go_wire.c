/*
 * go_wire.c - see go_wire.h.  The format is that of Go 1.22 to 1.27: "execution trace format v2".
 */
#include "views/export/go_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/export/go_text.h"

#define BATCH_MAX   65536u
#define EVENT_MAX   64u /* of a timed event: a byte and at most six numbers */
#define BATCH_FIRST 256u
/* So many events in a generation, more where its table of stacks would else be the larger part, but not more than a reader can hold. */
#define GENERATION_EVENTS 300000u
#define EVENTS_PER_STACK  256u
#define EVENTS_MAX	  2500000u

enum {
	EV_BATCH = 1,
	EV_STACKS = 2,
	EV_STACK = 3,
	EV_STRINGS = 4,
	EV_STRING = 5,
	EV_FREQUENCY = 8,
	EV_SYNC = 50,
	EV_CLOCK_SNAPSHOT = 51,
	EV_END_OF_GENERATION = 52
};

struct buffer {
	uint8_t *bytes;
	uint32_t used, room;
	uint64_t base, last; /* times of the batch and of its newest event */
};

struct string_row {
	uint64_t hash; /* key; of equal ones the first that is free from there on */
	uint32_t text; /* in w->texts */
	uint32_t length;
	uint32_t gen, id;
};

struct stack_row {
	uint64_t key; /* key */
	uint32_t gen, id;
};

struct list {
	uint32_t *rows;
	uint32_t n, room;
};

struct ct_go_wire {
	struct ct_go_wire_options o;
	struct ct_go_order order;
	struct buffer *m; /* by thread */
	uint32_t m_room;
	struct list open;    /* threads with a batch that is not empty */
	struct buffer table; /* a table of the generation that is being closed */
	struct ct_table strings, stacks;
	struct ct_pool_text texts;
	struct list used_strings, used_stacks; /* in this generation, by id - 1 */
	uint64_t now, begin;		       /* of the generation */
	uint64_t events, all_events, bytes;
	const char *why;
	int error;
};

/* --- bytes ---------------------------------------------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

static void write_bytes(struct ct_go_wire *w, const void *bytes, size_t n)
{
	if (w->error)
		return;
	errno = 0;
	if (fwrite(bytes, 1, n, w->o.out) != n)
		w->error = errno ? -errno : -EIO;
	w->bytes += n;
}

static bool make_room(struct ct_go_wire *w, struct buffer *b, uint32_t n)
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
static void flush(struct ct_go_wire *w, struct buffer *b, uint32_t m)
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

static bool list_add(struct ct_go_wire *w, struct list *l, uint32_t row)
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

/* --- strings and stacks --------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const char *s, size_t n)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 1099511628211u;
	return h;
}

uint32_t ct_go_string(struct ct_go_wire *w, const char *text)
{
	char clean[CT_GO_STRING_MAX];
	size_t n = ct_go_text_clean(clean, sizeof(clean), text);
	uint64_t hash = hash_of(clean, n);
	struct string_row *row;
	uint32_t before, i;

	if (!n)
		return 0;
	for (;; hash++) {
		before = w->strings.count;
		i = ct_table_put(&w->strings, &hash);
		row = ct_table_row(&w->strings, i);
		if (w->strings.failed)
			break;
		if (w->strings.count != before) {
			row->length = (uint32_t)n;
			if (!ct_pool_text_add(&w->texts, clean, n, &row->text))
				break;
			return i + 1;
		}
		if (row->length == n && !memcmp(ct_pool_text_at(&w->texts, row->text), clean, n))
			return i + 1;
	}
	w->error = -ENOMEM;
	return 0;
}

static uint32_t string_id(struct ct_go_wire *w, uint64_t number)
{
	struct string_row *row;

	if (!number || number > w->strings.count)
		return 0;
	row = ct_table_row(&w->strings, (uint32_t)number - 1);
	if (row->gen != w->order.gen) {
		if (!list_add(w, &w->used_strings, (uint32_t)number - 1))
			return 0;
		row->gen = w->order.gen;
		row->id = w->used_strings.n;
	}
	return row->id;
}

uint32_t ct_go_stack(struct ct_go_wire *w, uint64_t key)
{
	uint32_t i;

	if (!key)
		return 0;
	i = ct_table_put(&w->stacks, &key);
	if (w->stacks.failed) {
		w->error = -ENOMEM;
		return 0;
	}
	return i + 1;
}

static uint32_t stack_id(struct ct_go_wire *w, uint64_t number)
{
	struct stack_row *row;

	if (!number || number > w->stacks.count)
		return 0;
	row = ct_table_row(&w->stacks, (uint32_t)number - 1);
	if (row->gen != w->order.gen) {
		if (!list_add(w, &w->used_stacks, (uint32_t)number - 1))
			return 0;
		row->gen = w->order.gen;
		row->id = w->used_stacks.n;
	}
	return row->id;
}

/* Room in the table of the generation; begins another batch where the entry does not fit any more. */
static uint8_t *table_room(struct ct_go_wire *w, uint8_t kind, uint32_t n)
{
	struct buffer *b = &w->table;

	if (b->used + n > BATCH_MAX)
		flush(w, b, 0);
	if (!make_room(w, b, n + 1))
		return NULL;
	if (!b->used) {
		b->base = w->begin;
		b->bytes[b->used++] = kind;
	}
	return b->bytes + b->used;
}

static void write_stack(struct ct_go_wire *w, uint32_t id)
{
	const struct stack_row *row = ct_table_row(&w->stacks, w->used_stacks.rows[id - 1]);
	struct ct_go_frame frame[CT_GO_FRAMES_MAX];
	size_t n = w->o.stack(w->o.arg, row->key, frame), i;
	uint8_t *p = table_room(w, EV_STACKS, (uint32_t)(24 + 40 * n));

	if (!p)
		return;
	*p++ = EV_STACK;
	p = put(put(p, id), n);
	for (i = 0; i < n; i++) {
		p = put(p, frame[i].pc);
		p = put(p, string_id(w, frame[i].function));
		p = put(p, string_id(w, frame[i].file));
		p = put(p, frame[i].line);
	}
	w->table.used = (uint32_t)(p - w->table.bytes);
}

static void write_string(struct ct_go_wire *w, uint32_t id)
{
	const struct string_row *row = ct_table_row(&w->strings, w->used_strings.rows[id - 1]);
	uint8_t *p = table_room(w, EV_STRINGS, 24 + row->length);

	if (!p)
		return;
	*p++ = EV_STRING;
	p = put(put(p, id), row->length);
	memcpy(p, ct_pool_text_at(&w->texts, row->text), row->length);
	w->table.used = (uint32_t)(p + row->length - w->table.bytes);
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
	case CT_GO_TASK_END: a[1] = stack_id(w, a[1]); break;
	case CT_GO_CREATE:
		a[1] = stack_id(w, a[1]);
		a[2] = stack_id(w, a[2]);
		break;
	case CT_GO_STOP:
	case CT_GO_BLOCK:
		a[0] = string_id(w, a[0]);
		a[1] = stack_id(w, a[1]);
		break;
	case CT_GO_UNBLOCK: a[2] = stack_id(w, a[2]); break;
	case CT_GO_STATUS: a[1] = a[1] ? a[1] : UINT64_MAX; break;
	case CT_GO_LABEL: a[0] = string_id(w, a[0]); break;
	case CT_GO_TASK_BEGIN:
		a[2] = string_id(w, a[2]);
		a[3] = stack_id(w, a[3]);
		break;
	case CT_GO_REGION_BEGIN:
	case CT_GO_REGION_END:
		a[1] = string_id(w, a[1]);
		a[2] = stack_id(w, a[2]);
		break;
	case CT_GO_LOG:
		a[1] = string_id(w, a[1]);
		a[2] = string_id(w, a[2]);
		a[3] = stack_id(w, a[3]);
		break;
	default: break;
	}
}

static int add_event(struct ct_go_wire *w, uint32_t m, uint64_t ns, enum ct_go_event event,
		     const uint64_t *args)
{
	int n = ct_go_args(event), i;
	uint64_t a[CT_GO_ARGS_MAX];
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
		flush(w, b, m);
	if (!make_room(w, b, EVENT_MAX))
		return w->error;
	if (!b->used) {
		b->base = b->last = ns;
		if (!list_add(w, &w->open, m))
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
		const uint64_t p[2] = {own.p, w->order.p[own.p].status};

		add_event(w, m, w->now, CT_GO_PROC_STATUS, p);
	}
	if (own.g && !w->error) {
		const uint64_t g[3] = {own.g, m, w->order.g[own.g].status};

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
		const uint64_t p[2] = {i, w->order.p[i].status};

		if (p[1] && w->order.p[i].gen != w->order.gen)
			add_event(w, 0, w->now, CT_GO_PROC_STATUS, p);
	}
	for (i = 1; i < w->order.g_room && !w->error; i++) {
		const uint64_t g[3] = {i, 0, w->order.g[i].status};

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
	if (!make_room(w, &w->table, sizeof(bytes)))
		return;
	w->table.base = w->begin;
	w->table.used = (uint32_t)(p - bytes);
	memcpy(w->table.bytes, bytes, w->table.used);
	flush(w, &w->table, 0);
}

static void close_generation(struct ct_go_wire *w)
{
	uint32_t i;

	for (i = 0; i < w->open.n; i++)
		flush(w, &w->m[w->open.rows[i]], w->open.rows[i]);
	w->open.n = 0;
	write_clock(w);
	for (i = 1; i <= w->used_stacks.n && !w->error; i++)
		write_stack(w, i);
	flush(w, &w->table, 0);
	for (i = 1; i <= w->used_strings.n && !w->error; i++)
		write_string(w, i);
	flush(w, &w->table, 0);
	if (w->o.version >= 26)
		write_bytes(w, (const uint8_t[]){EV_END_OF_GENERATION}, 1);
	w->used_stacks.n = w->used_strings.n = 0;
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
