/*
 * decode.h - reads records back from the bytes of a chunk.  It trusts nothing: every length is checked, every value may be
 * anything.  It knows no trace around the chunk; that is src/read.
 */
#ifndef CT_FILE_DECODE_H
#define CT_FILE_DECODE_H

#include "encode.h"
#include "sys/mem.h"

#define CT_VARINT_MAX 10 /* bytes */

struct ct_record {
	uint8_t type;  /* enum ct_event_type; may be one this version does not know */
	uint8_t plain; /* 1: CT_TAG_PLAIN */
	uint64_t ticks;
	uint64_t v
		[CT_FIELDS_MAX]; /* by field number; signed ones as two's complement; absent ones 0 */
};

enum ct_decode_result {
	CT_DECODE_OK = 1,
	CT_DECODE_END = 0,	/* nothing more: the tag is 0 or the bytes are used up */
	CT_DECODE_DAMAGED = -1, /* not a record */
	CT_DECODE_UNKNOWN = -2, /* an event of a later minor version was skipped; go on */
	CT_DECODE_SKIPPED =
		-3, /* an event that is in `skip`: type and ticks are right, fields are not set */
};

/*
 * ct_event_has_op - is there an op byte in records of this event?
 * Also of events this version does not know: their number tells (FORMAT.md, "Versions").
 * Context: any; no allocation.
 */
static inline bool ct_event_has_op(unsigned type)
{
	const struct ct_event_shape *shape = &ct_event_shapes[type];

	return shape->fields ? shape->field[0] & CT_FIELD_OP : type >= 20 && type < 32;
}

/* Where a decoder stands in one chunk. */
struct ct_decoder {
	const uint8_t *start, *p, *end;
	uint64_t ticks; /* running time */
	/*
	 * Bit 1 << event: not asked for, which is a few times faster.  From the first record of the chunk to the last, because the
	 * differences of skipped ones are not summed.
	 */
	uint64_t skip;
	struct ct_predict predict;
};

/*
 * ct_decoder_start - begin at the first record of a chunk
 * @bytes, @size: payload in use
 * @base_ticks:   struct ct_chunk base_ticks
 * Context: tools and tests; no allocation.
 */
void ct_decoder_start(struct ct_decoder *d, const uint8_t *bytes, size_t size, uint64_t base_ticks);

/*
 * ct_varint_end - where the varint at p ends
 * Returns NULL when it does not end in time or exceeds 64 bits.
 * Context: any; no allocation.
 */
static inline const uint8_t *ct_varint_end(const uint8_t *p, const uint8_t *end)
{
	unsigned n;

	for (n = 0; n < CT_VARINT_MAX && p + n < end; n++)
		if (!(p[n] & 0x80))
			return n == CT_VARINT_MAX - 1 && p[n] > 1 ? 0 : p + n + 1;
	return 0;
}

/*
 * ct_varints_end - where as many varints end as the mask has bits; nearly all records have theirs in eight bytes
 * Returns NULL as ct_varint_end() does.
 * Context: any; no allocation.
 */
static inline const uint8_t *ct_varints_end(const uint8_t *p, const uint8_t *end, uint64_t mask)
{
	while (mask) {
		uint64_t last = 0, lasts;

		/* those that end in eight bytes are not too long */
		if (end - p >= 8)
			for (lasts = ~ct_load64(p) & 0x8080808080808080u; mask && lasts;
			     mask &= mask - 1, lasts &= lasts - 1)
				last = lasts;
		if (last) {
			p += __builtin_ctzll(last) / 8 + 1;
			continue;
		}
		p = ct_varint_end(p, end);
		if (!p)
			return 0;
		mask &= mask - 1;
	}
	return p;
}

/*
 * ct_decode - next record
 * Returns enum ct_decode_result.  After CT_DECODE_DAMAGED d->p stands on the record that could not be read.
 * Context: tools and tests; no allocation.
 */
enum ct_decode_result ct_decode(struct ct_decoder *d, struct ct_record *r);

#endif
