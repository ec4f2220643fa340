/*
 * wire.c - see wire.h.
 */
#include "views/write/wire.h"

#include <stdlib.h>

#define VARINT	0u
#define FIXED64 1u
#define BYTES	2u

void ct_wire_free(struct ct_wire *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

bool ct_wire_grow(struct ct_wire *b, size_t more)
{
	size_t room = b->room + b->room / 2 + more + 256;
	uint8_t *p = b->failed || room < b->room ? NULL : realloc(b->p, room);

	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->room = room;
	return true;
}

void ct_wire_fixed64(struct ct_wire *b, uint32_t field, uint64_t v)
{
	unsigned i;

	ct_wire_varint(b, (uint64_t)field << 3 | FIXED64);
	if (!ct_wire_room(b, 8))
		return;
	for (i = 0; i < 8; i++)
		b->p[b->n++] = (uint8_t)(v >> 8 * i);
}

void ct_wire_bytes(struct ct_wire *b, uint32_t field, const void *p, size_t n)
{
	ct_wire_varint(b, (uint64_t)field << 3 | BYTES);
	ct_wire_varint(b, n);
	if (!n || !ct_wire_room(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

/* Most messages are shorter than 128 bytes: one byte is left for the length, and longer ones are moved. */
size_t ct_wire_open(struct ct_wire *b, uint32_t field)
{
	ct_wire_varint(b, (uint64_t)field << 3 | BYTES);
	ct_wire_varint(b, 0);
	return b->n;
}

void ct_wire_close(struct ct_wire *b, size_t opened)
{
	size_t n = b->n - opened, length = 1, i;

	if (b->failed)
		return;
	for (i = n; i >= 0x80; i >>= 7)
		length++;
	if (length > 1) {
		if (!ct_wire_room(b, length - 1))
			return;
		memmove(b->p + opened + length - 1, b->p + opened, n);
		b->n += length - 1;
	}
	for (i = 0; i < length; i++, n >>= 7)
		b->p[opened - 1 + i] = (uint8_t)(n & 0x7f) | (i + 1 < length ? 0x80 : 0);
}
