/*
 * build.c - see build.h.
 */
#include "build.h"

#include <errno.h>
#include <string.h>

#define HEAD_BYTES offsetof(struct ct_chunk, bytes)

void ct_builder_start(struct ct_builder *b, const struct ct_chunk *head)
{
	memset(b, 0, sizeof(*b));
	memcpy(&b->chunk, head, HEAD_BYTES);
	b->chunk.magic = CT_CHUNK_MAGIC;
	b->chunk.state = CT_CHUNK_OPEN;
	b->ticks = head->base_ticks;
}

/* An event without a shape: the fields that are not zero, as plain varints. */
static uint8_t *put_unknown(uint8_t *p, const struct ct_record *r)
{
	unsigned first = r->type >= 20 && r->type < 32, mask = 0, i;

	if (first)
		*p++ = (uint8_t)r->v[0];
	for (i = first; i < CT_FIELDS_MAX; i++)
		mask |= r->v[i] ? 1u << i : 0;
	p = ct_put_varint(p, mask >> first);
	for (i = first; i < CT_FIELDS_MAX; i++)
		if (r->v[i])
			p = ct_put_varint(p, r->v[i]);
	return p;
}

int ct_builder_add(struct ct_builder *b, const struct ct_record *r)
{
	bool back = r->ticks < b->ticks, known = ct_event_shapes[r->type & CT_TAG_EVENT].fields;
	uint8_t bytes[CT_RECORD_MAX], *p = bytes;
	unsigned sent = 0;
	size_t size;

	*p++ = (uint8_t)((r->type & CT_TAG_EVENT) | (r->plain ? CT_TAG_PLAIN : 0) |
			 (back ? CT_TAG_BACK : 0));
	p = ct_put_varint(p, back ? b->ticks - r->ticks : r->ticks - b->ticks);
	if (known)
		p = ct_encode_body(p, r->type, r->v, r->plain ? NULL : &b->predict, &sent);
	else
		p = put_unknown(p, r);
	size = (size_t)(p - bytes);
	if (size > CT_CHUNK_PAYLOAD - b->used)
		return -ENOSPC;
	memcpy(b->chunk.bytes + b->used, bytes, size);
	b->used += (uint32_t)size;
	b->records++;
	if (!back)
		b->ticks = r->ticks;
	if (known && !r->plain)
		ct_predict_update(&b->predict, r->type, r->v, sent);
	return 0;
}

int ct_builder_torn(struct ct_builder *b, uint32_t bytes)
{
	if (bytes > CT_CHUNK_PAYLOAD - b->used)
		return -ENOSPC;
	b->used += bytes;
	return 0;
}

void ct_builder_seal(struct ct_builder *b)
{
	uint64_t time = b->ticks - b->chunk.base_ticks;

	b->chunk.state = CT_CHUNK_SEALED;
	b->chunk.records = b->records;
	b->chunk.cursor = time << 16 | b->used;
}
