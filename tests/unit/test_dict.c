/*
 * The dictionary is written by many processes at once, any of which may be killed in the middle of
 * an insert.  If that could break a chain or make two ids of one stack, every trace of a crashed
 * program would be suspect; these tests kill writers and look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/dict.h"

#define NODES	20000u
#define BUCKETS 1024u

struct shared {
	_Atomic uint32_t node_count, module_count, string_used;
	_Atomic uint64_t full;
	_Atomic uint32_t go;
	_Atomic uint32_t buckets[BUCKETS];
	struct ct_trie_node nodes[NODES];
	struct ct_module_rec modules[64];
	char strings[4096];
};

static int setup(void **state)
{
	static struct ct_dict d;
	struct shared *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(s, MAP_FAILED);
	s->node_count = s->module_count = 1;
	d = (struct ct_dict){.nodes = s->nodes,
			     .node_cap = NODES,
			     .node_count = &s->node_count,
			     .buckets = s->buckets,
			     .bucket_mask = BUCKETS - 1,
			     .full_count = &s->full,
			     .modules = s->modules,
			     .module_cap = 64,
			     .module_count = &s->module_count,
			     .strings = s->strings,
			     .string_cap = sizeof(s->strings),
			     .string_used = &s->string_used};
	*state = &d;
	return 0;
}

static struct shared *shared_of(struct ct_dict *d)
{
	return (struct shared *)((char *)d->nodes - offsetof(struct shared, nodes));
}

static int teardown(void **state)
{
	return munmap(shared_of(*state), sizeof(struct shared));
}

static uint32_t path(struct ct_dict *d, unsigned which)
{
	uint32_t id = 0;

	for (unsigned depth = 0; depth < 12; depth++)
		id = ct_dict_stack(d, id, 1ull << 48 | (depth * 16 + (which >> depth & 1)));
	return id;
}

/* All chains end, hold only whole nodes, and no node twice. */
static void check_table(struct ct_dict *d)
{
	static uint8_t seen[NODES];

	memset(seen, 0, sizeof(seen));
	for (unsigned b = 0; b < BUCKETS; b++)
		for (uint32_t i = d->buckets[b]; i; i = d->nodes[i].next) {
			assert_in_range(i, 1, NODES - 1);
			assert_false(seen[i]);
			seen[i] = 1;
			assert_int_equal(d->nodes[i].frame >> 48, 1);
			assert_true(d->nodes[i].parent < NODES && d->nodes[i].parent != i);
		}
	for (uint32_t i = 1; i < NODES; i++)
		if (seen[i] && d->nodes[i].parent)
			assert_true(seen[d->nodes[i].parent]);
}

static void same_stack_same_id(void **state)
{
	struct ct_dict *d = *state;
	uint32_t a = path(d, 5), b = path(d, 6), depth = 0;

	assert_int_not_equal(a, 0);
	assert_int_not_equal(a, b);
	assert_int_equal(path(d, 5), a);
	assert_int_equal(path(d, 6), b);
	for (uint32_t i = a; i; i = d->nodes[i].parent)
		depth++;
	assert_int_equal(depth, 12);
	check_table(d);
}

static void full_is_counted(void **state)
{
	struct ct_dict *d = *state;
	uint32_t last = 0;

	for (uint64_t i = 0; i < NODES - 1; i++)
		last = ct_dict_stack(d, 0, 1ull << 48 | i);
	assert_int_equal(last, NODES - 1);
	assert_int_equal(*d->full_count, 0);
	assert_int_equal(ct_dict_stack(d, 0, 1ull << 48 | NODES), 0);
	assert_int_equal(*d->full_count, 1);
	assert_int_equal(ct_dict_stack(d, 0, 1ull << 48 | 7), 8);
}

static void limits_grow(void **state)
{
	struct ct_dict *d = *state;
	_Atomic uint32_t limit = 3;

	d->node_limit = &limit;
	assert_int_equal(ct_dict_stack(d, 0, 1ull << 48 | 1), 1);
	assert_int_equal(ct_dict_stack(d, 0, 1ull << 48 | 2), 2);
	assert_int_equal(ct_dict_stack(d, 0, 1ull << 48 | 3), 0);
	assert_int_equal(*d->full_count, 1);
	limit = 4;
	assert_int_equal(ct_dict_stack(d, 0, 1ull << 48 | 3), 3);
}

static void *insert_all(void *arg)
{
	struct ct_dict *d = arg;
	static _Atomic unsigned serial;
	unsigned mine = atomic_fetch_add(&serial, 1);
	uint32_t *ids = test_calloc(2048, sizeof(*ids));

	while (!shared_of(d)->go)
		;
	for (unsigned i = 0; i < 2048; i++) {
		unsigned which = (i * 37 + mine * 11) % 2048;

		ids[which] = path(d, which);
	}
	return ids;
}

static void threads_agree(void **state)
{
	struct ct_dict *d = *state;
	pthread_t t[4];
	uint32_t *ids[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, insert_all, d), 0);
	shared_of(d)->go = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], (void **)&ids[i]);
	for (int i = 1; i < 4; i++)
		assert_memory_equal(ids[0], ids[i], 2048 * sizeof(uint32_t));
	for (int i = 0; i < 4; i++)
		test_free(ids[i]);
	check_table(d);
}

static void survives_kills(void **state)
{
	struct ct_dict *d = *state;
	struct shared *s = shared_of(d);

	for (unsigned round = 0; round < 40; round++) {
		uint32_t before = d->node_count[0];
		pid_t child[2];

		for (int i = 0; i < 2; i++) {
			child[i] = fork();
			if (!child[i])
				for (unsigned n = round * 97 + (unsigned)i;; n++) {
					path(d, n % 4096);
					s->go++;
				}
		}
		/* somewhere in the middle: after a number of inserts that differs each time */
		for (uint32_t from = s->go; s->go - from < 5 + round * 7 && s->node_count < NODES;)
			;
		for (int i = 0; i < 2; i++) {
			kill(child[i], SIGKILL);
			assert_int_equal(waitpid(child[i], NULL, 0), child[i]);
		}
		check_table(d);
		assert_true(d->node_count[0] >= before);
		assert_int_equal(path(d, round), path(d, round));
	}
}

static void strings_and_modules(void **state)
{
	struct ct_dict *d = *state;
	static const uint8_t a[20] = {1, 2, 3}, b[20] = {1, 2, 4};
	uint32_t s = ct_dict_string(d, "hello", 5);
	uint16_t m;

	assert_int_equal(s, 1);
	assert_string_equal(d->strings + s - 1, "hello");
	assert_int_equal(ct_dict_string(d, "", 0), 7);
	m = ct_dict_module(d, "/lib/x.so", a, 20, 0, 4096, 77);
	assert_int_equal(m, 1);
	assert_int_equal(d->modules[m].state, 2);
	assert_int_equal(d->modules[m].first_seen_ticks, 77);
	assert_string_equal(d->strings + d->modules[m].path - 1, "/lib/x.so");
	assert_int_equal(ct_dict_module(d, "/lib/x.so", a, 20, 0, 4096, 78), m);
	assert_int_equal(ct_dict_module(d, "/lib/x.so", b, 20, 0, 4096, 78), m + 1);
	assert_int_equal(ct_dict_module(d, "/lib/x.s", a, 20, 0, 4096, 78), m + 2);
	assert_int_equal(ct_dict_module(d, "/lib/x.so", a, 0, 0, 4096, 78), m + 3);
	for (unsigned i = 5; i < 64; i++)
		assert_int_equal(ct_dict_module(d, "m", a, 20, 0, 4096 * i, 0), i);
	assert_int_equal(ct_dict_module(d, "n", a, 20, 0, 1, 0), 0);
	assert_int_equal(*d->full_count, 1);
	assert_int_equal(ct_dict_string(d, "x", sizeof(((struct shared *)0)->strings)), 0);
	assert_int_equal(*d->full_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(same_stack_same_id, setup, teardown),
		cmocka_unit_test_setup_teardown(full_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_grow, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_agree, setup, teardown),
		cmocka_unit_test_setup_teardown(survives_kills, setup, teardown),
		cmocka_unit_test_setup_teardown(strings_and_modules, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
