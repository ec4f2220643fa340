/*
 * fuzz_read.c - any bytes as a trace: opened, walked in both orders, validated, made a model of, printed.  Nothing may crash, hang, or cost more than
 * a small multiple of the input.
 *
 * A fuzzer does not guess checksums, so each input is tried twice: as it is, and with the checksums of its blocks put right, which
 * lets it reach what lies behind them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/block.h"
#include "file/xxh64.h"
#include "model/check.h"
#include "read/dump.h"
#include "read/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void ignore(void *arg, const struct ct_problem *p)
{
	(void)arg;
	(void)p;
}

static uint64_t walk(struct ct_trace *t, enum ct_order order)
{
	uint64_t frames[CT_TRACE_STACK_MAX], n = 0;
	const struct ct_event *e;
	struct ct_walk *w;

	if (ct_walk_open(t, order, NULL, &w) != 0)
		return 0;
	while (ct_walk_next(w, &e) > 0) {
		n++;
		ct_trace_stack(t, (uint32_t)e->r.v[CT_F_wait_stack], frames, CT_TRACE_STACK_MAX);
		ct_trace_span_ns(t, e->r.ticks, e->r.v[CT_F_wait_dur]);
	}
	ct_walk_close(w);
	return n;
}

static void use(const uint8_t *bytes, size_t size)
{
	static FILE *nowhere;
	struct ct_trace *t;
	char why[64];

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (ct_trace_open_memory(bytes, size, &t, why, sizeof(why)) != 0)
		return;
	if (walk(t, CT_ORDER_CHUNK) != walk(t, CT_ORDER_TIME))
		abort(); /* both orders have the same records */
	ct_validate(t, ignore, NULL);
	if (ct_model_check(t, NULL, NULL) > 0)
		abort(); /* whatever it says, each thread is in one state at a time */
	if (size < 200000)
		ct_trace_dump(t, nowhere);
	ct_trace_close(t);
}

static void put_checksums_right(uint8_t *bytes, size_t size)
{
	struct ct_block head;
	size_t at = CT_HEADER_BYTES;

	while (at + sizeof(head) <= size) {
		memcpy(&head, bytes + at, sizeof(head));
		if (head.magic != CT_BLOCK_MAGIC || head.stored_bytes > size - at - sizeof(head)) {
			at += 8;
			continue;
		}
		head.checksum = ct_xxh64(bytes + at + sizeof(head), head.stored_bytes, 0);
		memcpy(bytes + at, &head, sizeof(head));
		at += ct_block_stride(&head);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *copy;

	use(bytes, size);
	if (size < CT_HEADER_BYTES)
		return 0;
	copy = malloc(size);
	memcpy(copy, bytes, size);
	put_checksums_right(copy, size);
	use(copy, size);
	free(copy);
	return 0;
}
