/*
 * timeline_bytes.c - see timeline_int.h.
 */
#include "timeline_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- blocks --------------------------------------------------------------------------------------------------------------------- */

/* No item is longer: a record has two varints of its own and CT_FIELDS_MAX fields, a state fewer. */
#define ITEM_MAX    (10u * (CT_FIELDS_MAX + 4u))
#define BLOCK_FIRST 192u
#define BLOCK_LAST  8192u

struct ct_line_block {
	struct ct_line_block *next;
	uint32_t used, size;
	uint8_t bytes[];
};

void ct_bytes_free(struct ct_bytes *b)
{
	struct ct_line_block *next;

	for (; b->first; b->first = next) {
		next = b->first->next;
		free(b->first);
	}
	b->last = NULL;
}

void ct_bytes_start(const struct ct_bytes *b, struct ct_bytes_place *p)
{
	*p = (struct ct_bytes_place){b->first, 0};
}

/* Appends an item; there are many threads that have few of them, so blocks begin small. */
static int append(struct ct_bytes *b, const uint8_t *bytes, uint32_t n)
{
	struct ct_line_block *k = b->last;

	if (!k || k->used + n > k->size) {
		uint32_t size = !k			   ? BLOCK_FIRST
				: k->size * 2 < BLOCK_LAST ? k->size * 2
							   : BLOCK_LAST;

		k = malloc(sizeof(*k) + size);
		if (!k)
			return -ENOMEM;
		*k = (struct ct_line_block){.size = size};
		if (b->last)
			b->last->next = k;
		else
			b->first = k;
		b->last = k;
	}
	memcpy(k->bytes + k->used, bytes, n);
	k->used += n;
	return 0;
}

/* Where the next item begins; NULL at the end.  Items are whole in one block. */
static const uint8_t *next_item(struct ct_bytes_place *p)
{
	while (p->block && p->at == p->block->used)
		*p = (struct ct_bytes_place){p->block->next, 0};
	return p->block ? p->block->bytes + p->at : NULL;
}

static void went_to(struct ct_bytes_place *p, const uint8_t *at)
{
	p->at = (uint32_t)(at - p->block->bytes);
}

/* --- numbers -------------------------------------------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

static uint64_t get(const uint8_t **p)
{
	uint64_t v = 0;
	unsigned shift = 0;

	for (; **p & 0x80; shift += 7)
		v |= (uint64_t)(*(*p)++ & 0x7f) << shift;
	return v | (uint64_t) * (*p)++ << shift;
}

static uint8_t *put_from(uint8_t *p, uint64_t v, uint64_t before)
{
	uint64_t d = v - before;

	return put(p, d << 1 ^ -(d >> 63));
}

static uint64_t get_from(const uint8_t **p, uint64_t before)
{
	uint64_t z = get(p);

	return before + (z >> 1 ^ -(z & 1));
}

/* --- states --------------------------------------------------------------------------------------------------------------------- */

#define TAG_STATE  0x07u /* the last two have no room: see TAG_RARE */
#define TAG_SOURCE 0x08u
#define TAG_WAIT   0x10u /* in the wait of the state before */
#define TAG_NEW	   0x20u /* in a wait that begins */
#define TAG_WAKER  0x40u /* woken by another one than the wait was ended by */
#define TAG_CPU	   0x80u

/* Both: one of the last two states, and in place of the state which of them, and in which wait. */
#define TAG_RARE	 (TAG_WAIT | TAG_NEW)
#define TAG_RARE_STOPPED 0x01u
#define TAG_RARE_WAIT	 0x02u
#define TAG_RARE_NEW	 0x04u

_Static_assert(CT_STATES == TAG_STATE + 3, "states have to fit into a tag");

/* Which of a new wait's fields are told; the others are as in the wait before, or nothing. */
enum {
	HAS_CELL = 1,
	HAS_WAKER = 2,
	HAS_WAKER_STACK = 4,
	HAS_OWNER = 8,
	HAS_RESULT = 16,
	HAS_WORDS = 32, /* operation and stack: there is no cell that has them */
	HAS_STRANGER = 64,
	HAS_OWNER_LAST = 128,
	HAS_FLAGS = 256,
	HAS_NUMBER = 512,
	IS_OPEN = 1024
};

static uint8_t *put_wait(uint8_t *p, const struct ct_timeline_item *i,
			 const struct ct_timeline_item *last)
{
	unsigned has = (i->cell != last->cell ? HAS_CELL : 0u) |
		       (i->waker != last->waker ? HAS_WAKER : 0u) |
		       (i->waker_stack != last->waker_stack ? HAS_WAKER_STACK : 0u) |
		       (i->owner != last->owner ? HAS_OWNER : 0u) |
		       (i->result != last->result ? HAS_RESULT : 0u) |
		       (i->cell == CT_NONE ? HAS_WORDS : 0u) | (i->stranger ? HAS_STRANGER : 0u) |
		       (i->owner_last ? HAS_OWNER_LAST : 0u) | (i->flags ? HAS_FLAGS : 0u) |
		       (i->wait != last->wait + 1 ? HAS_NUMBER : 0u) | (i->open ? IS_OPEN : 0u);

	p = put(p, has);
	if (has & HAS_CELL)
		p = put_from(p, i->cell, last->cell);
	if (has & HAS_WAKER)
		p = put_from(p, i->waker, last->waker);
	if (has & HAS_WAKER_STACK)
		p = put_from(p, i->waker_stack, last->waker_stack);
	if (has & HAS_OWNER)
		p = put_from(p, i->owner, last->owner);
	if (has & HAS_RESULT)
		p = put_from(p, (uint64_t)i->result, (uint64_t)last->result);
	if (has & HAS_WORDS)
		p = put(put(p, i->op), i->stack);
	if (has & HAS_STRANGER)
		p = put(p, i->stranger);
	if (has & HAS_OWNER_LAST)
		p = put(p, i->owner_last);
	if (has & HAS_FLAGS)
		p = put(p, i->flags);
	if (has & HAS_NUMBER)
		p = put(p, i->wait);
	return p;
}

static void get_wait(const uint8_t **p, struct ct_timeline_item *i,
		     const struct ct_timeline_item *last)
{
	uint64_t has = get(p);

	i->cell = last->cell;
	i->waker = last->waker;
	i->waker_stack = last->waker_stack;
	i->owner = last->owner;
	i->result = last->result;
	if (has & HAS_CELL)
		i->cell = (uint32_t)get_from(p, last->cell);
	if (has & HAS_WAKER)
		i->waker = (uint32_t)get_from(p, last->waker);
	if (has & HAS_WAKER_STACK)
		i->waker_stack = (uint32_t)get_from(p, last->waker_stack);
	if (has & HAS_OWNER)
		i->owner = (uint32_t)get_from(p, last->owner);
	if (has & HAS_RESULT)
		i->result = (int64_t)get_from(p, (uint64_t)last->result);
	i->op = has & HAS_WORDS ? (uint32_t)get(p) : 0;
	i->stack = has & HAS_WORDS ? (uint32_t)get(p) : 0;
	i->stranger = has & HAS_STRANGER ? (uint32_t)get(p) : 0;
	i->owner_last = has & HAS_OWNER_LAST ? (uint32_t)get(p) : 0;
	i->flags = has & HAS_FLAGS ? (uint32_t)get(p) : 0;
	i->wait = has & HAS_NUMBER ? (uint32_t)get(p) : last->wait + 1;
	i->open = (has & IS_OPEN) != 0;
}

static bool same_waker(const struct ct_timeline_item *a, uint32_t waker, uint32_t stack,
		       uint32_t stranger)
{
	return a->waker == waker && a->waker_stack == stack && a->stranger == stranger;
}

static unsigned tag_of(uint8_t state, bool same, bool new)
{
	if (state <= TAG_STATE)
		return state | (same ? TAG_WAIT : 0u) | (new ? TAG_NEW : 0u);
	return TAG_RARE | (state == CT_STATE_STOPPED ? TAG_RARE_STOPPED : 0u) |
	       (same ? TAG_RARE_WAIT : 0u) | (new ? TAG_RARE_NEW : 0u);
}

static uint8_t state_of(unsigned tag, bool *same, bool *new)
{
	bool rare = (tag & TAG_RARE) == TAG_RARE;

	*same = tag & (rare ? TAG_RARE_WAIT : TAG_WAIT);
	*new = tag &(rare ? TAG_RARE_NEW : TAG_NEW);
	if (!rare)
		return tag & TAG_STATE;
	return tag & TAG_RARE_STOPPED ? CT_STATE_STOPPED : CT_STATE_PAUSED;
}

int ct_line_put_state(struct ct_line_coder *c, struct ct_bytes *b, const struct ct_timeline_item *i)
{
	struct ct_timeline_item *last = &c->state; /* the last wait, and the last cpu */
	bool new = i->wait && i->wait != last->wait, same = i->wait && !new;
	bool waker = same ? !same_waker(i, last->waker, last->waker_stack, last->stranger)
			  : !new && !same_waker(i, 0, 0, 0);
	uint8_t bytes[ITEM_MAX], *p = bytes;

	*p++ = (uint8_t)(tag_of(i->state, same, new) | (i->source ? TAG_SOURCE : 0u) |
			 (waker ? TAG_WAKER : 0u) | (i->cpu != last->cpu ? TAG_CPU : 0u));
	p = put(p, i->to - i->ticks);
	if (i->cpu != last->cpu)
		p = put(p, i->cpu);
	if (new)
		p = put_wait(p, i, last);
	if (waker)
		p = put(put(put(p, i->waker), i->waker_stack), i->stranger);
	if (new)
		*last = *i;
	last->cpu = i->cpu;
	return append(b, bytes, (uint32_t)(p - bytes));
}

/* The wait that the item before was in, as its first state told. */
static void take_wait(struct ct_timeline_item *i, const struct ct_timeline_item *last)
{
	struct ct_timeline_item was = *i;

	*i = *last;
	i->ticks = was.ticks;
	i->to = was.to;
	i->thread = was.thread;
	i->state = was.state;
	i->source = was.source;
	i->cpu = was.cpu;
}

static void take_nothing(struct ct_timeline_item *i)
{
	*i = (struct ct_timeline_item){.ticks = i->ticks,
				       .to = i->to,
				       .thread = i->thread,
				       .state = i->state,
				       .source = i->source,
				       .cpu = i->cpu,
				       .cell = CT_NONE};
}

bool ct_line_get_state(struct ct_line_coder *c, struct ct_bytes_place *place,
		       struct ct_timeline_item *i)
{
	const uint8_t *p = next_item(place);
	struct ct_timeline_item *last = &c->state;
	bool same, new;
	unsigned tag;

	if (!p)
		return false;
	tag = *p++;
	i->ticks = i->to;
	i->to += get(&p);
	i->state = state_of(tag, &same, &new);
	i->source = (tag & TAG_SOURCE) != 0;
	i->cpu = tag & TAG_CPU ? (uint16_t)get(&p) : last->cpu;
	if (new) {
		get_wait(&p, i, last);
		*last = *i;
	} else if (same) {
		take_wait(i, last);
	} else {
		take_nothing(i);
	}
	if (tag & TAG_WAKER) {
		i->waker = (uint32_t)get(&p);
		i->waker_stack = (uint32_t)get(&p);
		i->stranger = (uint32_t)get(&p);
	}
	last->cpu = i->cpu;
	went_to(place, p);
	return true;
}

/* --- records -------------------------------------------------------------------------------------------------------------------- */

int ct_line_put_record(struct ct_line_coder *c, struct ct_bytes *b, const struct ct_record *r)
{
	uint8_t bytes[ITEM_MAX], *p = bytes;
	unsigned has = 0, f;

	for (f = 0; f < CT_FIELDS_MAX; f++)
		has |= r->v[f] != c->record.v[f] ? 1u << f : 0u;
	*p++ = r->type;
	p = put(p, has);
	p = put_from(p, r->ticks, c->record.ticks);
	for (f = 0; f < CT_FIELDS_MAX; f++)
		if (has & 1u << f)
			p = put_from(p, r->v[f], c->record.v[f]);
	c->record = *r;
	return append(b, bytes, (uint32_t)(p - bytes));
}

bool ct_line_get_record(struct ct_line_coder *c, struct ct_bytes_place *place, struct ct_record *r)
{
	const uint8_t *p = next_item(place);
	uint64_t has;
	unsigned f;

	if (!p)
		return false;
	c->record.type = *p++;
	has = get(&p);
	c->record.ticks = get_from(&p, c->record.ticks);
	for (f = 0; f < CT_FIELDS_MAX; f++)
		if (has & 1u << f)
			c->record.v[f] = get_from(&p, c->record.v[f]);
	*r = c->record;
	went_to(place, p);
	return true;
}
