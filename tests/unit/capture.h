/*
 * capture.h - an arena in this process's own memory, for tests of the recorder.  Included once by a test.
 */
#ifndef CT_TESTS_CAPTURE_H
#define CT_TESTS_CAPTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/capture.h"
#include "file/decode.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* As under an emulator that takes MADV_WIPEONFORK and does nothing. */
static bool c_unwiped;

/* ct_cap as in a traced process: one process row, enabled, nobody has a slot. */
static inline void c_start(const struct ct_arena_plan *plan, enum ct_policy policy)
{
	uint64_t bytes = ct_arena_bytes(plan);
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(memory != MAP_FAILED && page != MAP_FAILED);
	memset(&ct_cap, 0, sizeof(ct_cap));
	memset(&ct_tls, 0, sizeof(ct_tls));
	ct_clock_choose(&ct_cap.clock, clock_gettime);
	ct_arena_format(memory, plan, policy);
	assert_true(ct_arena_attach(&ct_cap.arena, memory, bytes));
	ct_cap.ring = policy == CT_POLICY_RING;
	if (!c_unwiped)
		assert_int_equal(madvise(page, 4096, MADV_WIPEONFORK), 0);
	ct_cap.ask_pid = c_unwiped || madvise(page, 4096, 0x7fff) == 0;
	ct_cap.asked_pid = (uint32_t)getpid();
	ct_cap.generation = page;
	assert_true(ct_process_begin(0));
	atomic_store(ct_cap.generation, (uint64_t)ct_cap.process + 1);
	atomic_store(&ct_cap.arena.header->enabled, 1);
}

static inline void c_stop(void)
{
	munmap(ct_cap.arena.header, ct_cap.arena.header->file_bytes);
	munmap((void *)ct_cap.generation, 4096);
	memset(&ct_cap, 0, sizeof(ct_cap));
	memset(&ct_tls, 0, sizeof(ct_tls));
}

static inline uint64_t c_lost(enum ct_loss why)
{
	return atomic_load(&ct_cap.arena.header->lost[why]);
}

/* Every complete record of a slot, chunk by chunk in order of sequence; returns their number. */
static inline uint64_t c_records(uint32_t slot, void (*see)(const struct ct_record *, void *),
				 void *arg)
{
	const struct ct_region *region = ct_arena_region(ct_cap.arena.header, CT_REGION_CHUNKS);
	uint64_t n = 0, items = atomic_load(&region->used), i;
	uint32_t sequence = 0, last = 0;

	for (i = 0; i < items; i++)
		if (ct_cap.arena.chunks[i].magic == CT_CHUNK_MAGIC &&
		    ct_cap.arena.chunks[i].slot == slot && ct_cap.arena.chunks[i].sequence >= last)
			last = ct_cap.arena.chunks[i].sequence + 1;
	for (; sequence < last; sequence++) {
		for (i = 0; i < items; i++) {
			struct ct_chunk *c = &ct_cap.arena.chunks[i];
			struct ct_decoder d;
			struct ct_record r;

			if (c->magic != CT_CHUNK_MAGIC || c->slot != slot ||
			    c->sequence != sequence)
				continue;
			ct_decoder_start(&d, c->bytes, (uint32_t)(atomic_load(&c->cursor) & 0xffff),
					 c->base_ticks);
			for (; ct_decode(&d, &r) == CT_DECODE_OK; n++)
				if (see)
					see(&r, arg);
		}
	}
	return n;
}

#endif
