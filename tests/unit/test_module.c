/*
 * The objects of a program are sorted once, at start, and searched by halves ever after: one in the wrong place would be missing from every
 * stack.  The dynamic linker lists them in any order, mostly falling, so here they come in many.
 */
/* link: -ldl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include <cmocka.h>
#include <link.h>

#include "capture/module.h"

enum { OBJECTS = 64, MODULES = 128 };

static struct ct_trie_node nodes[2];
static struct ct_module_rec modules[MODULES];
static char strings[1 << 16];
static _Atomic uint32_t node_count = 1, module_count = 1, string_used, buckets[2];
static _Atomic uint64_t full_count;

static struct ct_dict dict = {
	.nodes = nodes,
	.node_cap = 2,
	.node_count = &node_count,
	.buckets = buckets,
	.bucket_mask = 1,
	.full_count = &full_count,
	.modules = modules,
	.module_cap = MODULES,
	.module_count = &module_count,
	.strings = strings,
	.string_cap = sizeof(strings),
	.string_used = &string_used,
};

static void every_object_is_found_in_any_order(void **state)
{
	struct link_map all[OBJECTS], list[OBJECTS];
	struct ct_module_boot boot = {0};
	unsigned n = 0, i, round, seed = 1;

	(void)state;
	for (const struct link_map *m = _r_debug.r_map; m && n < OBJECTS; m = m->l_next)
		all[n++] = *m;
	assert_true(n > 3);
	boot.main_phdr = (const void *)getauxval(AT_PHDR);
	boot.main_phnum = (unsigned)getauxval(AT_PHNUM);
	for (round = 0; round < 50; round++) {
		list[0] = all[0]; /* the program is always the first */
		for (i = 1; i < n; i++) {
			unsigned j = round == 0	  ? i
				     : round == 1 ? n - i
						  : 1 + (unsigned)rand_r(&seed) % i;

			if (round > 1)
				list[i] = list[j];
			list[round > 1 ? j : i] = all[round > 1 ? i : j];
		}
		for (i = 0; i < n; i++) {
			list[i].l_prev = i ? &list[i - 1] : NULL;
			list[i].l_next = i + 1 < n ? &list[i + 1] : NULL;
		}
		module_count = 1;
		string_used = 0;
		boot.link_maps = list;
		assert_true(ct_module_init(&dict, &boot) >=
			    n - 1); /* the vDSO may have no headers of its own */
		for (i = 0; i < n; i++) {
			struct ct_found_object found;
			const struct ct_module *m;

			if (ct_module_find((uintptr_t)all[i].l_ld, &found, &m) != CT_MODULE_FOUND)
				fail_msg("round %u: %s is not found", round, all[i].l_name);
			assert_int_equal(m->bias, all[i].l_addr);
		}
	}
}

/* Between segments there may be anything; code made at run time came to lie in such a gap of glibc 2.31's dynamic linker. */
static void what_lies_between_segments_is_nobodys(void **state)
{
	static struct {
		ElfW(Phdr) load[2];
	} program = {
		{{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_memsz = 0x1800, .p_filesz = 0x1800},
		 {.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0x4800, .p_memsz = 0x100}}};
	static char mapped[5 * 4096] __attribute__((aligned(4096)));
	struct link_map list = *_r_debug.r_map;
	struct ct_module_boot boot = {0};
	struct ct_found_object found;
	const struct ct_module *m;
	static const struct {
		uintptr_t at;
		enum ct_module_found due;
	} places[] = {{0, CT_MODULE_FOUND},	 {0x1fff, CT_MODULE_FOUND},
		      {0x2000, CT_MODULE_NONE},	 {0x3fff, CT_MODULE_NONE},
		      {0x4000, CT_MODULE_FOUND}, {0x48ff, CT_MODULE_FOUND},
		      {0x4900, CT_MODULE_NONE}};

	(void)state;
	list.l_next = NULL;
	list.l_addr = (uintptr_t)mapped; /* its first page is read */
	boot.link_maps = &list;
	boot.main_phdr = program.load;
	boot.main_phnum = 2;
	module_count = 1;
	string_used = 0;
	assert_int_equal(ct_module_init(&dict, &boot), 1);
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		assert_int_equal(ct_module_find(list.l_addr + places[i].at, &found, &m),
				 places[i].due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_object_is_found_in_any_order),
					   cmocka_unit_test(what_lies_between_segments_is_nobodys)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
