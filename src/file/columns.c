/*
 * columns.c - see columns.h.
 */
#include "columns.h"

#include <stdbool.h>
#include <string.h>

#include <ctrace/format.h>

#include "decode.h"
#include "encode.h"

#define HEAD offsetof(struct ct_chunk, bytes)

static unsigned first_column(unsigned event, unsigned part)
{
	return CT_COLUMN_PARTS + (event * CT_COLUMN_EVENT_PARTS + part) * CT_COLUMN_BYTES;
}

/* Bytes in use of the chunk at p; -1 when no chunk can be there. */
static int64_t bytes_used(const uint8_t *p, size_t room)
{
	struct ct_chunk head;
	size_t used;

	if (room < HEAD)
		return -1;
	memcpy(&head, p, HEAD);
	used = head.cursor & 0xffff;
	return used > CT_CHUNK_PAYLOAD || HEAD + ((used + 7) & ~(size_t)7) > room ? -1
										  : (int64_t)used;
}

static uint64_t varint_value(const uint8_t *p)
{
	uint64_t v = 0;
	unsigned shift = 0;

	do
		v |= shift < 64 ? (uint64_t)(*p & 0x7f) << shift : 0;
	while (shift += 7, *p++ & 0x80);
	return v;
}

/* Which part of a record a bit of its mask stands for; bit 0 is the first field after the op. */
static unsigned field_part(unsigned bit)
{
	return bit < CT_COLUMN_EVENT_PARTS - 3 ? bit + 2 : CT_COLUMN_EVENT_PARTS - 1;
}

/* --- rows to columns ---------------------------------------------------------------------------------------------------------------- */

/* Goes over the rows twice: to measure the columns (no `to`), then to fill them. */
struct splitter {
	uint8_t *to;
	uint32_t *at; /* bytes of each column so far; when filling: where its next byte goes */
};

/* Is made twice, knowing whether there is `to`. */
#define EITHER static inline __attribute__((always_inline))

EITHER void put(struct splitter *s, unsigned column, const uint8_t *p, size_t n)
{
	if (s->to)
		memcpy(s->to + s->at[column], p, n);
	s->at[column] += (uint32_t)n;
}

EITHER void put_byte(struct splitter *s, unsigned column, uint8_t b)
{
	if (s->to)
		s->to[s->at[column]] = b;
	s->at[column]++;
}

EITHER const uint8_t *put_parts(struct splitter *s, unsigned column, const uint8_t *p)
{
	put_byte(s, column, *p);
	if (!(*p++ & 0x80))
		return p;
	put_byte(s, column + 1, *p);
	while (*p++ & 0x80)
		put_byte(s, column + 2, *p);
	return p;
}

/* Does a whole record begin at p?  Its mask is enough to know how many varints follow, of events known and unknown. */
static inline bool is_record(const uint8_t *p, const uint8_t *end)
{
	unsigned event = *p++ & CT_TAG_EVENT;
	const uint8_t *mask;

	p = event ? ct_varint_end(p, end) : NULL;
	if (!p || (ct_event_has_op(event) && p++ >= end))
		return false;
	mask = p;
	p = ct_varint_end(p, end);
	return p && ct_varints_end(p, end, varint_value(mask));
}

EITHER const uint8_t *split_record(struct splitter *s, const uint8_t *p)
{
	unsigned event = *p & CT_TAG_EVENT, bit;
	uint64_t mask;

	put_byte(s, CT_COLUMN_TAGS, *p++);
	p = put_parts(s, first_column(event, 0), p);
	if (ct_event_has_op(event))
		put_byte(s, CT_COLUMN_OPS, *p++);
	mask = varint_value(p);
	p = put_parts(s, first_column(event, 1), p);
	for (bit = 0; mask; bit++, mask >>= 1)
		if (mask & 1)
			p = put_parts(s, first_column(event, field_part(bit)), p);
	return p;
}

EITHER bool split(struct splitter s, const uint8_t *p, size_t size)
{
	const uint8_t *end = p + size;

	while (p < end) {
		int64_t used = bytes_used(p, (size_t)(end - p));
		const uint8_t *stop;

		if (used < 0)
			return false;
		put(&s, CT_COLUMN_HEADS, p, HEAD);
		p += HEAD;
		for (stop = p + used; p < stop && is_record(p, stop);)
			p = split_record(&s, p);
		if (p < stop) {
			put_byte(&s, CT_COLUMN_TAGS, 0);
			put(&s, CT_COLUMN_RESTS, p, (size_t)(stop - p));
		}
		for (p = stop; used++ & 7; p++)
			if (*p)
				return false;
	}
	return true;
}

static bool measure(const uint8_t *rows, size_t size, uint32_t *bytes)
{
	return split((struct splitter){NULL, bytes}, rows, size);
}

/* `to` is there; said to the compiler, too. */
static void fill(const uint8_t *rows, size_t size, uint8_t *to, uint32_t *at)
{
	if (to)
		split((struct splitter){to, at}, rows, size);
}

static uint8_t *put_table(uint8_t *p, const struct ct_column_table *table)
{
	unsigned i, last = 0, n = 0;

	for (i = 0; i < CT_COLUMN_LIMIT; i++)
		n += table->bytes[i] != 0;
	p = ct_put_varint(p, n);
	for (i = 0; i < CT_COLUMN_LIMIT; i++) {
		if (!table->bytes[i])
			continue;
		p = ct_put_varint(p, i - last);
		p = ct_put_varint(p, table->bytes[i]);
		last = i;
	}
	return p;
}

size_t ct_columns_split(const uint8_t *rows, size_t size, uint8_t *out,
			struct ct_column_table *table)
{
	uint32_t at[CT_COLUMN_LIMIT], sum = 0;
	uint8_t *to;
	unsigned i;

	memset(table, 0, sizeof(*table));
	if (!size || !measure(rows, size, table->bytes))
		return 0;
	for (i = 0; i < CT_COLUMN_LIMIT; i++) {
		at[i] = sum;
		sum += table->bytes[i];
	}
	to = put_table(out, table);
	fill(rows, size, to, at);
	return (size_t)(to - out) + sum;
}

/* --- columns to rows ---------------------------------------------------------------------------------------------------------------- */

struct column {
	const uint8_t *p, *end;
};

struct joiner {
	struct column columns[CT_COLUMN_LIMIT];
	uint8_t *p, *end; /* of the chunk's bytes in use */
};

static bool get_number(const uint8_t **p, const uint8_t *end, uint64_t limit, uint64_t *v)
{
	const uint8_t *after = ct_varint_end(*p, end);

	if (!after || after - *p > 5)
		return false;
	*v = varint_value(*p);
	*p = after;
	return *v <= limit;
}

static bool get_table(struct joiner *j, const uint8_t *p, size_t bytes)
{
	uint32_t length[CT_COLUMN_LIMIT] = {0};
	const uint8_t *end = p + bytes;
	uint64_t n, step, size, column = 0;
	unsigned i;

	if (!get_number(&p, end, CT_COLUMN_LIMIT, &n))
		return false;
	for (; n; n--) {
		if (!get_number(&p, end, CT_COLUMN_LIMIT, &step) ||
		    !get_number(&p, end, bytes, &size))
			return false;
		column += step;
		if (column >= CT_COLUMN_LIMIT || length[column])
			return false;
		length[column] = (uint32_t)size;
	}
	for (i = 0; i < CT_COLUMN_LIMIT; i++) {
		if (length[i] > (size_t)(end - p))
			return false;
		j->columns[i] = (struct column){p, p + length[i]};
		p += length[i];
	}
	return p == end;
}

static bool take(struct joiner *j, unsigned column, uint8_t *b)
{
	struct column *c = &j->columns[column];

	if (c->p == c->end || j->p == j->end)
		return false;
	*b = *j->p++ = *c->p++;
	return true;
}

static bool take_parts(struct joiner *j, unsigned column)
{
	unsigned i;
	uint8_t b;

	for (i = 0; i < CT_VARINT_MAX; i++) {
		if (!take(j, column + (i < 2 ? i : 2), &b))
			return false;
		if (!(b & 0x80))
			return true;
	}
	return false;
}

static bool join_rest(struct joiner *j)
{
	struct column *c = &j->columns[CT_COLUMN_RESTS];
	size_t n = (size_t)(j->end - j->p);

	if (!n || n > (size_t)(c->end - c->p))
		return false;
	memcpy(j->p, c->p, n);
	c->p += n;
	j->p = j->end;
	return true;
}

static bool join_record(struct joiner *j)
{
	struct column *tags = &j->columns[CT_COLUMN_TAGS];
	unsigned event, bit;
	const uint8_t *mask_at;
	uint64_t mask;
	uint8_t b;

	if (tags->p < tags->end && *tags->p == 0) {
		tags->p++;
		return join_rest(j);
	}
	if (!take(j, CT_COLUMN_TAGS, &b))
		return false;
	event = b & CT_TAG_EVENT;
	if (!event || !take_parts(j, first_column(event, 0)))
		return false;
	if (ct_event_has_op(event) && !take(j, CT_COLUMN_OPS, &b))
		return false;
	mask_at = j->p;
	if (!take_parts(j, first_column(event, 1)))
		return false;
	mask = varint_value(mask_at);
	for (bit = 0; mask; bit++, mask >>= 1)
		if (mask & 1 && !take_parts(j, first_column(event, field_part(bit))))
			return false;
	return true;
}

static bool join_chunk(struct joiner *j, uint8_t *rows, size_t room, size_t *stride)
{
	struct column *heads = &j->columns[CT_COLUMN_HEADS];
	int64_t used;

	if (room < HEAD || (size_t)(heads->end - heads->p) < HEAD)
		return false;
	memcpy(rows, heads->p, HEAD);
	heads->p += HEAD;
	used = bytes_used(rows, room);
	if (used < 0)
		return false;
	j->p = rows + HEAD;
	j->end = j->p + used;
	while (j->p < j->end)
		if (!join_record(j))
			return false;
	for (*stride = HEAD + (size_t)used; *stride & 7; ++*stride)
		rows[*stride] = 0;
	return true;
}

int ct_columns_join(const uint8_t *columns, size_t bytes, uint8_t *rows, size_t size)
{
	struct joiner j;
	size_t stride;
	unsigned i;

	if (!get_table(&j, columns, bytes))
		return -1;
	for (; size; rows += stride, size -= stride)
		if (!join_chunk(&j, rows, size, &stride))
			return -1;
	for (i = 0; i < CT_COLUMN_LIMIT; i++)
		if (j.columns[i].p != j.columns[i].end)
			return -1;
	return 0;
}
