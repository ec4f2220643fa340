/*
 * Processes of a tree map one arena and believe what its header says about where things are.  The file may be anybody's by the time it
 * is opened, so a header that does not fit must be refused, whichever field of it is wrong; and a slot or chunk that was promised must
 * have memory, be inside the mapping and be given to one asker only.
 */
#include "capture.h"

#include <pthread.h>
#include <stdio.h>

static void parts_do_not_overlap(void **state)
{
	static const struct ct_arena_plan *const plans[] = {&ct_arena_plan_run,
							    &ct_arena_plan_alone};
	size_t i, k, n;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct ct_header h = {0};

		ct_arena_plan_header(&h, plans[i]);
		assert_int_equal(h.file_bytes, ct_arena_bytes(plans[i]));
		for (k = 0; k < CT_REGIONS; k++) {
			const struct ct_region *a = &h.regions[k];

			if (!a->type)
				continue;
			assert_int_equal(a->offset % 4096, 0);
			assert_true(a->offset >= CT_HEADER_BYTES);
			assert_true(a->offset + a->items * a->item_bytes <= h.file_bytes);
			for (n = 0; n < k; n++)
				if (h.regions[n].type)
					assert_true(
						h.regions[n].offset +
								h.regions[n].items *
									h.regions[n].item_bytes <=
							a->offset ||
						a->offset + a->items * a->item_bytes <=
							h.regions[n].offset);
		}
	}
}

/* Every byte of the header's description, wrong in several ways: attached whole or not at all. */
static void a_wrong_header_is_refused(void **state)
{
	static const uint8_t wrongs[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	struct ct_header *h, good;
	struct ct_arena a;
	uint64_t bytes, refused = 0, taken = 0;
	size_t at, k, region;

	(void)state;
	c_start(&ct_arena_plan_alone, CT_POLICY_RING);
	h = ct_cap.arena.header;
	bytes = h->file_bytes;
	good = *h;
	assert_true(ct_arena_attach(&a, h, bytes));
	assert_false(ct_arena_attach(&a, h, bytes - 1));
	assert_false(ct_arena_attach(&a, h, bytes + 4096));
	assert_false(ct_arena_attach(&a, h, 64));
	assert_null(a.header);
	for (at = 0; at < sizeof(good); at++) {
		if (at >= offsetof(struct ct_header, samples) &&
		    at < offsetof(struct ct_header, file_bytes))
			continue;
		for (k = 0; k < sizeof(wrongs); k++) {
			((uint8_t *)h)[at] = wrongs[k];
			if (ct_arena_attach(&a, h, bytes)) {
				taken++;
				for (region = 0; region < CT_REGIONS; region++)
					if (h->regions[region].type &&
					    h->regions[region].type < CT_REGIONS)
						assert_true(h->regions[region].offset <= bytes);
				assert_true((uint8_t *)a.chunks < (uint8_t *)h + bytes);
				assert_true(a.slots < (uint8_t *)h + bytes);
			} else {
				refused++;
				assert_null(a.header);
			}
			*h = good;
		}
	}
	assert_true(refused > 200 && taken > 0);
	c_stop();
}

static _Atomic uint8_t owners[4096];

static void *take_all(void *p)
{
	int64_t i;

	while ((i = ct_arena_take(&ct_cap.arena, CT_REGION_CHUNKS)) >= 0 ||
	       (i = ct_arena_extend(&ct_cap.arena, CT_REGION_CHUNKS)) >= 0)
		owners[i]++;
	return p;
}

/* Free ones and new ones, taken by several at once: each once, none forgotten, all with memory. */
static void each_is_given_once(void **state)
{
	struct ct_arena_plan plan = ct_arena_plan_run;
	pthread_t t[4];
	uint32_t i;

	(void)state;
	c_start(&plan, CT_POLICY_STREAM);
	atomic_store(&ct_cap.arena.shared->reach[CT_REGION_CHUNKS], 1000);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, take_all, NULL), 0);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(owners[i], 1);
		assert_int_equal(ct_cap.arena.chunks[i].magic, 0);
	}
	assert_int_equal(owners[1000], 0);
	assert_int_equal(atomic_load(&ct_arena_region(ct_cap.arena.header, CT_REGION_CHUNKS)->used),
			 1000);
	c_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_do_not_overlap),
		cmocka_unit_test(a_wrong_header_is_refused),
		cmocka_unit_test(each_is_given_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
