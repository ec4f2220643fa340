/*
 * wire.h - writes messages of protocol buffers, as far as exports and profiles need them.
 *
 * A message is built in memory.  One inside another is opened and closed like a bracket; its length, which stands before it, is put there when it is
 * closed.  Out of memory is remembered, and nothing is added from then on.
 */
#ifndef CT_VIEWS_WRITE_WIRE_H
#define CT_VIEWS_WRITE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ct_wire {
	uint8_t *p;
	size_t n, room;
	bool failed;
};

/* ct_wire_free - give the memory back */
void ct_wire_free(struct ct_wire *b);

/* ct_wire_grow - make room for more bytes.  Returns false when there is no memory. */
bool ct_wire_grow(struct ct_wire *b, size_t more);

/* ct_wire_room - the same, for who writes little and often */
static inline bool ct_wire_room(struct ct_wire *b, size_t more)
{
	return b->room - b->n >= more || ct_wire_grow(b, more);
}

/* ct_wire_varint - a number alone: 7 bits a byte */
static inline void ct_wire_varint(struct ct_wire *b, uint64_t v)
{
	if (!ct_wire_room(b, 10))
		return;
	for (; v >= 0x80; v >>= 7)
		b->p[b->n++] = (uint8_t)(v | 0x80);
	b->p[b->n++] = (uint8_t)v;
}

/*
 * ct_wire_number, ct_wire_fixed64, ct_wire_bytes, ct_wire_text - one field
 * ct_wire_nonzero - a number; 0, which is every field's default, is left out
 * Context: tools.
 */
static inline void ct_wire_number(struct ct_wire *b, uint32_t field, uint64_t v)
{
	ct_wire_varint(b, (uint64_t)field << 3);
	ct_wire_varint(b, v);
}

static inline void ct_wire_nonzero(struct ct_wire *b, uint32_t field, uint64_t v)
{
	if (v)
		ct_wire_number(b, field, v);
}

void ct_wire_fixed64(struct ct_wire *b, uint32_t field, uint64_t v);
void ct_wire_bytes(struct ct_wire *b, uint32_t field, const void *p, size_t n);

static inline void ct_wire_text(struct ct_wire *b, uint32_t field, const char *s)
{
	ct_wire_bytes(b, field, s, strlen(s));
}

/*
 * ct_wire_open - begin a message, or packed numbers, that is a field of the one around it
 * Returns what ct_wire_close() wants.
 * Context: tools.
 */
size_t ct_wire_open(struct ct_wire *b, uint32_t field);

/*
 * ct_wire_close - end it
 * Context: tools.
 */
void ct_wire_close(struct ct_wire *b, size_t opened);

#endif
