/*
 * The recorder finds the functions it stands in front of by reading ELF tables itself, because dlsym takes locks and may allocate.  If it found
 * a wrong version, programs would hang in a condition variable of 2001; so everything it looks up is held against what the dynamic
 * linker finds, in every object of this process and for names that are not there.
 */
/* link: -ldl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "elf_symbol.c"

static const struct link_map *map_of(const char *name)
{
	const struct link_map *m;

	for (m = _r_debug.r_map; m; m = m->l_next)
		if (strstr(m->l_name, name))
			return m;
	return NULL;
}

/* All that stands in hooks.def, with its version or the default one; before glibc 2.34 threads had a library of their own. */
static void hooks_are_found_as_the_linker_finds_them(void **state)
{
	const struct link_map *libc = map_of("/libc.so.6"), *threads = map_of("/libpthread.so.0");
	void *handle = dlopen(threads ? "libpthread.so.0" : "libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	unsigned missing = 0;

	(void)state;
	assert_non_null(libc);
	assert_non_null(handle);
#define LOOK(symbol, version)                                                                      \
	{                                                                                          \
		const char *v = version;                                                           \
		void *due = v ? dlvsym(handle, symbol, v) : dlsym(handle, symbol);                 \
		void *found = threads ? ct_elf_symbol(threads, symbol, v) : NULL;                  \
		if (!found)                                                                        \
			found = ct_elf_symbol(libc, symbol, v);                                    \
		if (found != due)                                                                  \
			fail_msg("%s", symbol);                                                    \
		missing += !due;                                                                   \
	}
#define CT_REAL(name, symbol, version, answer, ret, params, args) LOOK(symbol, version)
#define CT_HOOK(name, symbol, version, answer, event, op, tier, wakes, ret, params, args)          \
	LOOK(symbol, version)
#define CT_CALL_HOOK(symbol, answer, result, op, object, unless, tier, wakes, ret, params, args)   \
	LOOK(#symbol, 0)
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args) LOOK(#symbol, 0)
#include <ctrace/hooks.h>
	/* what libaio and liburing have, and what glibc no longer gives to new programs */
	assert_true(missing < 40);
	dlclose(handle);
}

#if defined(__x86_64__)
static void two_versions_are_two_functions(void **state)
{
	static const char *const names[] = {"pthread_cond_wait", "pthread_cond_timedwait",
					    "pthread_cond_signal", "pthread_cond_broadcast"};
	const struct link_map *libc = map_of("/libc.so.6");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *older = ct_elf_symbol(libc, names[i], "GLIBC_2.2.5");
		void *newer = ct_elf_symbol(libc, names[i], "GLIBC_2.3.2");

		assert_non_null(older);
		assert_non_null(newer);
		assert_ptr_not_equal(older, newer);
		assert_ptr_equal(newer, ct_elf_symbol(libc, names[i], NULL));
		assert_null(ct_elf_symbol(libc, names[i], "GLIBC_2.0"));
	}
}
#endif

/* Every name that any loaded object defines, by the tables themselves. */
static void every_symbol_of_every_object(void **state)
{
	const struct link_map *m;
	unsigned objects = 0, symbols = 0;

	(void)state;
	for (m = _r_debug.r_map; m; m = m->l_next) {
		void *handle = *m->l_name ? dlopen(m->l_name, RTLD_NOW | RTLD_NOLOAD) : NULL;
		struct ct_elf im;
		uint32_t i, count = 0;

		if (!handle)
			continue;
		read_dynamic(&im, m->l_addr, m->l_ld);
		if (im.gnu_hash) {
			const uint32_t *h = im.gnu_hash, *bucket = h + 4 + h[2] * 2,
				       *chain = bucket + h[0];

			for (i = 0; i < h[0]; i++)
				count = bucket[i] > count ? bucket[i] : count;
			while (count && !(chain[count++ - h[1]] & 1))
				;
		}
		for (i = 1; i < count; i++) {
			const ElfW(Sym) *s = &im.symbols[i];
			const char *name = im.strings + s->st_name;
			unsigned type = ELF64_ST_TYPE(s->st_info);
			void *found, *due;

			/* only defaults can be asked for by name alone */
			if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS ||
			    (type != STT_FUNC && type != STT_OBJECT) ||
			    (im.versions && (im.versions[i] & 0x8000)))
				continue;
			found = ct_elf_symbol(m, name, NULL);
			due = dlsym(handle, name);
			/* dlsym looks into what an object needs as well, but into the object first */
			if (due && found != due)
				fail_msg("%s in %s", name, m->l_name);
			symbols++;
		}
		objects++;
		dlclose(handle);
	}
	printf("# %u symbols of %u objects\n", symbols, objects);
	assert_true(objects >= 3 && symbols > 2000);
}

static void what_is_not_there_is_not_found(void **state)
{
	const struct link_map *m;
	char name[16] = "x";
	unsigned i;

	(void)state;
	for (m = _r_debug.r_map; m; m = m->l_next) {
		assert_null(ct_elf_symbol(m, "", NULL));
		for (i = 0; i < 2000; i++) {
			snprintf(name, sizeof(name), "no_such_%u", i);
			assert_null(ct_elf_symbol(m, name, NULL));
		}
	}
}

static void the_clock_of_the_kernel(void **state)
{
	int (*clock)(clockid_t, struct timespec *);
	struct timespec a, b, c;

	(void)state;
	if (!getauxval(AT_SYSINFO_EHDR))
		skip();
	clock = (int (*)(clockid_t, struct timespec *))ct_elf_vdso(getauxval(AT_SYSINFO_EHDR),
#if defined(__x86_64__)
								   "__vdso_clock_gettime"
#else
								   "__kernel_clock_gettime"
#endif
	);
	assert_non_null(clock);
	assert_null(ct_elf_vdso(getauxval(AT_SYSINFO_EHDR), "__vdso_no_such"));
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(clock(CLOCK_MONOTONIC, &b), 0);
	clock_gettime(CLOCK_MONOTONIC, &c);
	assert_true(a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec <= b.tv_nsec));
	assert_true(b.tv_sec < c.tv_sec || (b.tv_sec == c.tv_sec && b.tv_nsec <= c.tv_nsec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks_are_found_as_the_linker_finds_them),
#if defined(__x86_64__)
		cmocka_unit_test(two_versions_are_two_functions),
#endif
		cmocka_unit_test(every_symbol_of_every_object),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(the_clock_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
