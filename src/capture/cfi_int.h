/*
 * cfi_int.h - the checked reader that the unwind tables and their expressions are read with.
 */
#ifndef CT_CAPTURE_CFI_INT_H
#define CT_CAPTURE_CFI_INT_H

#include "capture/cfi.h"
#include "sys/mem.h"

static inline uint64_t ct_read_fail(struct ct_reader *in)
{
	in->bad = 1;
	in->p = in->end;
	return 0;
}

static inline uint64_t ct_read_fixed(struct ct_reader *in, unsigned bytes)
{
	const uint8_t *p = in->p;

	if (in->end - p < (ptrdiff_t)bytes)
		return ct_read_fail(in);
	in->p = p + bytes;
	switch (bytes) {
	case 1: return *p;
	case 2: return ct_load16(p);
	case 4: return ct_load32(p);
	default: return ct_load64(p);
	}
}

static inline uint64_t ct_read_uleb(struct ct_reader *in)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && in->p < in->end; shift += 7) {
		uint8_t b = *in->p++;

		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	return ct_read_fail(in);
}

static inline int64_t ct_read_sleb(struct ct_reader *in)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && in->p < in->end; shift += 7) {
		uint8_t b = *in->p++;

		v |= (uint64_t)(b & 0x7f) << shift;
		if (b & 0x80)
			continue;
		if ((b & 0x40) && shift < 57)
			v |= ~0ull << (shift + 7);
		return (int64_t)v;
	}
	return (int64_t)ct_read_fail(in);
}

static inline void ct_read_skip(struct ct_reader *in, uint64_t bytes)
{
	if (bytes > (size_t)(in->end - in->p))
		ct_read_fail(in);
	else
		in->p += bytes;
}

#endif
