/*
 * encode.h - turns one event into the bytes of a record.  It is not the chunk: where the bytes go, and how two writers of one
 * thread agree on it, is src/capture/emit.c.  decode.c is its mirror; FORMAT.md says what both promise.
 *
 *   tag u8 | dt varint | op u8, if the event has one | mask varint | fields whose mask bit is set, each a varint
 *
 * The caller writes tag and dt, because only it knows the time of the record before; the body from the op on is made here.
 * It runs in the traced process, inside other people's locks and signal handlers: no libc, no memory but the arguments.
 */
#ifndef CT_FILE_ENCODE_H
#define CT_FILE_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include <ctrace/format.h>

/* What a coder has to know of an event and its fields.  Made from events.def in shape.c. */
#define CT_FIELD_SIGNED	   1u
#define CT_FIELD_PREDICTED 2u
#define CT_FIELD_OP                                                                                \
	4u /* only field 0: one byte, always there, not in the mask, selects the predictors */
struct ct_event_shape {
	uint8_t fields; /* 0: no such event */
	uint8_t column; /* of the event's field 0 in a row of struct ct_predict */
	uint8_t field[CT_FIELDS_MAX];
};
extern const struct ct_event_shape ct_event_shapes[CT_EV_LIMIT];

/*
 * The field values of the last record of the same event and op, both sides keep them alike.
 *   rows: op & 31;  columns: wait 0..11, wake 12..15, tally 16..21
 * Zero at the start of a chunk.
 */
#define CT_PREDICT_ROWS	   32
#define CT_PREDICT_COLUMNS 22
struct ct_predict {
	uint64_t last[CT_PREDICT_ROWS][CT_PREDICT_COLUMNS];
};

static inline uint64_t ct_zigzag(uint64_t v)
{
	return (v << 1) ^ (uint64_t)((int64_t)v >> 63);
}

static inline uint64_t ct_unzigzag(uint64_t v)
{
	return (v >> 1) ^ (0 - (v & 1));
}

static inline uint8_t *ct_put_varint(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

/* Events up to this one have predicted fields, and columns in struct ct_predict; in those, fields that are not predicted stay 0. */
#define CT_EV_LAST_PREDICTED CT_EV_tally

/*
 * ct_encode_body - write op, mask and fields of one record
 * @p:       room for CT_RECORD_MAX bytes
 * @type:    event
 * @v:       its fields, in order; signed ones as two's complement
 * @predict: predictors of the chunk, only read here (see ct_predict_update); NULL makes a plain body
 * @sent:    out: one bit for each field that was sent
 * Returns the end of what was written.
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline uint8_t *ct_encode_body(uint8_t *p, enum ct_event_type type, const uint64_t *v,
				      const struct ct_predict *predict, unsigned *sent)
{
	static const uint64_t nothing[CT_FIELDS_MAX];
	const struct ct_event_shape *shape = &ct_event_shapes[type];
	const uint64_t *last = nothing;
	unsigned mask = 0, first = shape->field[0] & CT_FIELD_OP ? 1 : 0, i;
	unsigned zigzag = CT_FIELD_SIGNED;

	if (first)
		*p++ = (uint8_t)v[0];
	if (type > CT_EV_LAST_PREDICTED && shape->fields <= first + 7u) {
		/* the mask is one byte, whatever it will be: all in one go */
		uint8_t *at = p++;

		for (i = first; i < shape->fields; i++) {
			/* it has as many as its shape: NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Branch) */
			if (!v[i])
				continue;
			mask |= 1u << i;
			p = ct_put_varint(p, shape->field[i] & CT_FIELD_SIGNED ? ct_zigzag(v[i])
									       : v[i]);
		}
		*at = (uint8_t)(mask >> first);
		*sent = mask;
		return p;
	}
	if (predict && type <= CT_EV_LAST_PREDICTED) {
		last = &predict->last[v[0] % CT_PREDICT_ROWS][shape->column];
		zigzag |= CT_FIELD_PREDICTED;
	}
	for (i = first; i < shape->fields; i++)
		/* it has as many as its shape: NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
		mask |= (unsigned)(v[i] != last[i]) << i;
	*sent = mask;
	p = ct_put_varint(p, mask >> first);
	for (; mask; mask &= mask - 1) {
		uint64_t x;

		i = (unsigned)__builtin_ctz(mask);
		x = v[i] - last[i];
		p = ct_put_varint(p, shape->field[i] & zigzag ? ct_zigzag(x) : x);
	}
	return p;
}

/*
 * ct_predict_update - remember a record's fields after it was placed in the chunk
 * @sent: as ct_encode_body() gave it; what was not sent is as it was
 * Context: the writer of the chunk; no allocation, no libc.
 */
static inline void ct_predict_update(struct ct_predict *predict, enum ct_event_type type,
				     const uint64_t *v, unsigned sent)
{
	const struct ct_event_shape *shape = &ct_event_shapes[type];
	uint64_t *last = &predict->last[v[0] % CT_PREDICT_ROWS][shape->column];

	if (type > CT_EV_LAST_PREDICTED)
		return;
	for (; sent; sent &= sent - 1) {
		unsigned i = (unsigned)__builtin_ctz(sent);

		if (shape->field[i] & CT_FIELD_PREDICTED)
			last[i] = v[i];
	}
}

#endif
