/*
 * decode.c - the mirror of encode.h.  See decode.h.
 *
 * A record of an event this version does not know is still readable, because a record's own bytes tell its length: the mask
 * has one bit per varint that follows.  Whether an unknown event has an op byte is told by its number: those of later
 * versions have one from 20 to 31 and none from 32 on (FORMAT.md).
 */
#include "decode.h"

#include <string.h>

static int get_long_varint(struct ct_decoder *d, uint64_t *out)
{
	uint64_t v = 0;
	unsigned shift = 0;

	while (d->p < d->end && shift < 64) {
		uint8_t b = *d->p++;

		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			if (shift == 63 && b > 1)
				return -1;
			*out = v;
			return 0;
		}
		shift += 7;
	}
	return -1;
}

/* Nearly all are of one or two bytes. */
static inline int get_varint(struct ct_decoder *d, uint64_t *out)
{
	if (d->end - d->p >= 2) {
		uint32_t b = d->p[0], c = d->p[1];

		if (b < 0x80) {
			*out = b;
			d->p++;
			return 0;
		}
		if (c < 0x80) {
			*out = (b & 0x7f) | c << 7;
			d->p += 2;
			return 0;
		}
	}
	return get_long_varint(d, out);
}

void ct_decoder_start(struct ct_decoder *d, const uint8_t *bytes, size_t size, uint64_t base_ticks)
{
	memset(&d->predict, 0, sizeof(d->predict));
	d->start = d->p = bytes;
	d->end = bytes + size;
	d->ticks = base_ticks;
	d->skip = 0;
}

/* Of an event that nobody knows: the first ones are kept. */
static int get_unknown(struct ct_decoder *d, struct ct_record *r, unsigned first, uint64_t mask)
{
	uint64_t x;

	for (; mask; first++, mask >>= 1) {
		if (!(mask & 1))
			continue;
		if (get_varint(d, &x) < 0)
			return -1;
		if (first < CT_FIELDS_MAX)
			r->v[first] = x;
	}
	return 0;
}

static int skip_fields(struct ct_decoder *d, uint64_t mask)
{
	const uint8_t *p = ct_varints_end(d->p, d->end, mask);

	if (!p)
		return -1;
	d->p = p;
	return 0;
}

static int get_fields(struct ct_decoder *d, struct ct_record *r, const struct ct_event_shape *shape,
		      unsigned i, uint64_t mask)
{
	uint64_t *last = d->predict.last[r->v[0] % CT_PREDICT_ROWS] + shape->column;

	for (; i < shape->fields; i++, mask >>= 1) {
		bool predicted = shape->field[i] & CT_FIELD_PREDICTED && !r->plain;
		uint64_t x;

		if (mask & 1) {
			if (get_varint(d, &x) < 0)
				return -1;
			if (predicted)
				last[i] += ct_unzigzag(x);
			else
				r->v[i] = shape->field[i] & CT_FIELD_SIGNED ? ct_unzigzag(x) : x;
		}
		if (predicted)
			r->v[i] = last[i];
	}
	return 0;
}

enum ct_decode_result ct_decode(struct ct_decoder *d, struct ct_record *r)
{
	const struct ct_event_shape *shape;
	const uint8_t *at = d->p;
	uint64_t dt, mask;
	unsigned first = 0;
	bool skip;
	int err;

	if (d->p >= d->end || *d->p == 0)
		return CT_DECODE_END;
	r->type = *d->p & CT_TAG_EVENT;
	r->plain = (*d->p & CT_TAG_PLAIN) != 0;
	d->p++;
	if (r->type == 0 || get_varint(d, &dt) < 0)
		goto damaged;
	if (*at & CT_TAG_BACK)
		r->ticks = d->ticks - dt;
	else
		r->ticks = d->ticks += dt;
	shape = &ct_event_shapes[r->type];
	skip = shape->fields && d->skip >> r->type & 1;
	if (!skip)
		memset(r->v, 0, sizeof(r->v));
	if (ct_event_has_op(r->type)) {
		if (d->p >= d->end)
			goto damaged;
		r->v[0] = *d->p++;
		first = 1;
	}
	if (get_varint(d, &mask) < 0 || (shape->fields && mask >> (shape->fields - first)))
		goto damaged;
	if (skip)
		err = skip_fields(d, mask);
	else if (!shape->fields)
		err = get_unknown(d, r, first, mask);
	else
		err = get_fields(d, r, shape, first, mask);
	if (err < 0)
		goto damaged;
	if (!shape->fields)
		return CT_DECODE_UNKNOWN;
	return skip ? CT_DECODE_SKIPPED : CT_DECODE_OK;
damaged:
	d->p = at;
	return CT_DECODE_DAMAGED;
}
