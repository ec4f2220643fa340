/*
 * What is told of shared mappings is what has changed, by byte and file and not by line of /proc/PID/maps: those lines split and join as
 * protections change, and a record for each would make readers think that another file came.
 */
#include "capture.h"

#include <stdio.h>

#include "run/mappings.h"

static struct ct_store store;
static struct ct_reap reap;
static struct ct_mappings mappings;
static char told[1024];

static void start(void)
{
	c_start(&ct_arena_plan_alone, CT_POLICY_RING);
	store.arena = ct_cap.arena;
	reap.store = &store;
	mappings = (struct ct_mappings){.reap = &reap, .slot = ct_slot_claim()};
	assert_non_null(mappings.slot);
}

static void stop_reading(void)
{
	ct_mappings_free(&mappings);
	c_stop();
}

static void see(const struct ct_record *r, void *arg)
{
	size_t n = strlen(told);

	(void)arg;
	if (r->type == CT_EV_mapping)
		snprintf(told + n, sizeof(told) - n, "%x+%x:%d@%x ",
			 (unsigned)r->v[CT_F_mapping_from], (unsigned)r->v[CT_F_mapping_bytes],
			 (int)r->v[CT_F_mapping_inode], (unsigned)r->v[CT_F_mapping_offset]);
}

/* One look at process 0; what has been told since the start. */
static const char *look(const struct ct_map *maps, size_t n, uint64_t now_ns)
{
	size_t i;

	ct_mappings_begin(&mappings, 0);
	for (i = 0; i < n; i++)
		ct_mappings_add(&mappings, &maps[i]);
	ct_mappings_end(&mappings, 0, now_ns);
	told[0] = 0;
	c_records(mappings.slot->index, see, NULL);
	return told;
}

#define MAP(first, last, file, at)                                                                 \
	{                                                                                          \
		.from = (first), .to = (last), .offset = (at), .device = 1, .inode = (file),       \
		.writable = true, .shared = true, .path = ""                                       \
	}

static void only_what_changed(void **state)
{
	static const struct ct_map one[] = {MAP(0x1000, 0x4000, 7, 0)};
	static const struct ct_map split[] = {MAP(0x1000, 0x2000, 7, 0),
					      MAP(0x2000, 0x4000, 7, 0x1000)};
	static const struct ct_map moved[] = {MAP(0x1000, 0x2000, 7, 0), MAP(0x2000, 0x4000, 7, 0)};
	static const struct ct_map private[] = {
		{.from = 0x1000, .to = 0x2000, .inode = 7, .writable = true, .path = ""},
		{.from = 0x2000, .to = 0x3000, .inode = 7, .shared = true, .path = ""},
		{.from = 0x3000, .to = 0x4000, .writable = true, .shared = true, .path = ""}};

	(void)state;
	start();
	assert_string_equal(look(private, 3, 0), "");
	assert_string_equal(look(one, 1, 1), "1000+3000:7@0 0+0:0@0 ");
	assert_string_equal(look(split, 2, 2), "1000+3000:7@0 0+0:0@0 0+0:0@0 ");
	assert_string_equal(look(one, 1, 3), "1000+3000:7@0 0+0:0@0 0+0:0@0 0+0:0@0 ");
	stop_reading();

	/* the same file, but other bytes of it */
	start();
	look(one, 1, 0);
	assert_string_equal(look(moved, 2, 1),
			    "1000+3000:7@0 0+0:0@0 1000+3000:0@0 2000+2000:7@0 0+0:0@0 ");
	assert_string_equal(look(NULL, 0, 2),
			    "1000+3000:7@0 0+0:0@0 1000+3000:0@0 2000+2000:7@0 0+0:0@0 "
			    "1000+1000:0@0 2000+2000:0@0 0+0:0@0 ");
	stop_reading();
}

static void meet(uint64_t address)
{
	struct ct_process_rec *p = &ct_cap.arena.processes[0];

	atomic_store(&p->shared_last, address);
	atomic_fetch_add(&p->shared_met, 1);
}

static void there_is_no_hurry_for_what_is_known(void **state)
{
	static const struct ct_map one[] = {MAP(0x1000, 0x4000, 7, 0)};

	(void)state;
	start();
	assert_false(ct_mappings_due(&mappings, 0, 0));
	meet(0x1008);
	assert_true(ct_mappings_due(&mappings, 0, 0));
	look(one, 1, 0);
	assert_false(ct_mappings_due(&mappings, 0, 1000000000000));
	meet(0x1010);
	assert_false(ct_mappings_due(&mappings, 0, 1000000));
	assert_true(ct_mappings_due(&mappings, 0, 1000000000));
	/* in none of them: at once, but not again and again */
	meet(0x9000);
	assert_true(ct_mappings_due(&mappings, 0, 1000000));
	look(one, 1, 1000000);
	meet(0x9000);
	assert_false(ct_mappings_due(&mappings, 0, 2000000));
	assert_true(ct_mappings_due(&mappings, 0, 1000000000));
	stop_reading();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_changed),
		cmocka_unit_test(there_is_no_hurry_for_what_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
