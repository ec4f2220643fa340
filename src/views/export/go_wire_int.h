/*
 * go_wire_int.h - what the files of the writer of Go traces share: go_wire.c has batches, events and generations, go_tables.c strings and stacks.
 */
#ifndef CT_VIEWS_GO_WIRE_INT_H
#define CT_VIEWS_GO_WIRE_INT_H

#include "views/export/go_text.h"
#include "views/export/go_wire.h"

#define BATCH_MAX   65536u
#define EVENT_MAX   64u /* of a timed event: a byte and at most six numbers */
#define BATCH_FIRST 256u

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

static inline uint8_t *put(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

/* ct_go_make_room - room for n more bytes; false when out of memory, which the wire remembers */
bool ct_go_make_room(struct ct_go_wire *w, struct buffer *b, uint32_t n);

/* ct_go_flush - write out what a batch has so far.  m 0: of no thread. */
void ct_go_flush(struct ct_go_wire *w, struct buffer *b, uint32_t m);

/* ct_go_list_add - false when out of memory, which the wire remembers */
bool ct_go_list_add(struct ct_go_wire *w, struct list *l, uint32_t row);

/* ct_go_string_id, ct_go_stack_id - what a number is in this generation; 0 for none */
uint32_t ct_go_string_id(struct ct_go_wire *w, uint64_t number);
uint32_t ct_go_stack_id(struct ct_go_wire *w, uint64_t number);

/* ct_go_write_tables - the stacks and strings that the generation has used */
void ct_go_write_tables(struct ct_go_wire *w);

#endif
