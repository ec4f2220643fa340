/*
 * proto.c - see proto.h.
 */
#include "proto.h"

#include <stdlib.h>
#include <string.h>

#define VARINT 0u
#define BYTES  2u

static void put(struct ct_proto *b, const void *bytes, size_t n)
{
	size_t room = b->n + n < 64 ? 128 : (b->n + n) * 2;
	uint8_t *more;

	if (b->failed || !n)
		return;
	if (b->n + n > b->room) {
		more = realloc(b->bytes, room);
		if (!more) {
			b->failed = true;
			return;
		}
		b->bytes = more;
		b->room = room;
	}
	memcpy(b->bytes + b->n, bytes, n);
	b->n += n;
}

void ct_proto_packed(struct ct_proto *b, uint64_t value)
{
	uint8_t v[10];
	size_t n = 0;

	do {
		v[n] = (uint8_t)(value & 0x7f);
		value >>= 7;
		if (value)
			v[n] |= 0x80;
		n++;
	} while (value);
	put(b, v, n);
}

void ct_proto_number(struct ct_proto *b, unsigned field, uint64_t value)
{
	if (!value)
		return;
	ct_proto_packed(b, (uint64_t)field << 3 | VARINT);
	ct_proto_packed(b, value);
}

void ct_proto_bytes(struct ct_proto *b, unsigned field, const void *bytes, size_t n)
{
	ct_proto_packed(b, (uint64_t)field << 3 | BYTES);
	ct_proto_packed(b, n);
	put(b, bytes, n);
}

void ct_proto_text(struct ct_proto *b, unsigned field, const char *text)
{
	ct_proto_bytes(b, field, text, strlen(text));
}

void ct_proto_message(struct ct_proto *b, unsigned field, struct ct_proto *message)
{
	ct_proto_bytes(b, field, message->bytes, message->n);
	b->failed |= message->failed;
	message->n = 0;
}

void ct_proto_free(struct ct_proto *b)
{
	free(b->bytes);
	memset(b, 0, sizeof(*b));
}
