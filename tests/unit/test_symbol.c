/*
 * A report that names the wrong line sends its reader to the wrong code, and nobody checks it.  So every
 * answer is compared with other people's tools: frames with addr2line, symbols and variables with
 * nm, PLT stubs with objdump.  The same program built five ways (DWARF 4 and 5, compressed, split,
 * with separate debug files) has the same code and must give the same answers.
 */
/* timeout: 180 */
#include "unit/symbol/sym_util.h"

#define ADDRESSES_MAX 4000
#define FRAMES_MAX    32

struct place {
	char *function, *file;
	uint32_t line;
};

struct answer {
	uint64_t addr;
	size_t n;
	struct place frames[FRAMES_MAX];
};

static struct answer *pick_addresses(const char *file, uint64_t step, size_t *n)
{
	struct answer *a = calloc(ADDRESSES_MAX, sizeof(*a));
	struct sym *syms;
	size_t n_syms;

	assert_non_null(a);
	syms = read_nm(file, "tTwW", &n_syms);
	*n = 0;
	for (size_t i = 0; i < n_syms; i++) {
		for (uint64_t at = 0; at < syms[i].size && *n < ADDRESSES_MAX; at += step)
			a[(*n)++].addr = syms[i].addr + at;
	}
	free(syms);
	assert_true(*n > 100);
	return a;
}

static void free_answers(struct answer *a, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < a[i].n; k++) {
			free(a[i].frames[k].function);
			free(a[i].frames[k].file);
		}
	}
	free(a);
}

/* Folders as written differ ("a/../b"); the test is about which file. */
static char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strdup(slash ? slash + 1 : path);
}

/* Lines of addr2line -a -f -i: an address, then name and file:line for each frame. */
static void ask_addr2line(const char *file, struct answer *a, size_t n)
{
	static char name[65536], place[65536];
	FILE *f = fopen("addrs.txt", "w");
	size_t i = 0;

	assert_non_null(f);
	for (size_t k = 0; k < n; k++)
		fprintf(f, "%#lx\n", a[k].addr);
	fclose(f);
	sh("addr2line -a -f -i -C -e %s <addrs.txt >lines.txt", file);
	f = fopen("lines.txt", "r");
	assert_non_null(f);
	while (fgets(name, sizeof(name), f)) {
		struct place *p;
		char *colon;

		if (strncmp(name, "0x", 2) == 0) {
			i++;
			continue;
		}
		assert_true(i > 0 && i <= n && fgets(place, sizeof(place), f));
		assert_true(a[i - 1].n < FRAMES_MAX);
		p = &a[i - 1].frames[a[i - 1].n++];
		name[strcspn(name, "\n")] = '\0';
		colon = strrchr(place, ':');
		assert_non_null(colon);
		*colon = '\0';
		p->line = (uint32_t)strtoul(colon + 1, NULL, 10);
		p->file = base_name(place);
		p->function = strdup(name);
	}
	fclose(f);
	assert_int_equal(i, n);
}

static void ask_ours(struct ct_sym_module *m, struct answer *a, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ct_sym_frame frames[FRAMES_MAX];
		int got = ct_symbols_code(m, a[i].addr, frames, FRAMES_MAX);

		assert_true(got >= 0);
		a[i].n = (size_t)got;
		for (int k = 0; k < got; k++) {
			struct place *p = &a[i].frames[k];

			assert_int_equal(frames[k].inlined, k + 1 < got);
			p->function = strdup(frames[k].function ? frames[k].function : "??");
			p->file = base_name(frames[k].file ? frames[k].file : "??");
			p->line = frames[k].line;
		}
	}
}

/* "f(int) [clone .cold]" and "f.part.0" are f. */
static void cut_clone(char *name)
{
	static const char *const marks[] = {" [clone", ".part.", ".cold", ".constprop.", ".isra."};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		char *at = strstr(name, marks[i]);

		if (at)
			*at = '\0';
	}
}

static bool ends_with(const char *s, const char *end)
{
	size_t a = strlen(s), b = strlen(end);

	return a >= b && strcmp(s + a - b, end) == 0;
}

/*
 * addr2line gives names without scope where there is no linkage name, and (up to 2.40 at least) puts
 * the name of the symbol on the innermost instead of the outermost frame of such a function.  Asked for many addresses at once,
 * 2.35 and 2.46 put that of a file's initializer on what is inlined into it; asked for this one alone they agree with us.  A name
 * that is still mangled is one that addr2line's demangler does not know yet (concepts, in 2.46).
 */
static bool same_name(const struct answer *ours, const struct answer *theirs, size_t k)
{
	const char *a = ours->frames[k].function, *b = theirs->frames[k].function;
	const char *outermost = ours->frames[ours->n - 1].function;

	bool quirk = k == 0 || strcmp(a, "__static_initialization_and_destruction_0") == 0;

	return strcmp(a, b) == 0 || ends_with(a, b) || (quirk && strcmp(b, outermost) == 0) ||
	       strncmp(b, "_Z", 2) == 0 || (k + 1 == ours->n && strstr(a, b));
}

static void compare_with_addr2line(const char *file, uint64_t step, size_t min_inlined)
{
	struct ct_symbols *s = ct_symbols_new("");
	struct answer *ours, *theirs;
	size_t n, inlined = 0;

	ours = pick_addresses(file, step, &n);
	theirs = pick_addresses(file, step, &n);
	ask_ours(module_of(s, file), ours, n);
	ask_addr2line(file, theirs, n);
	for (size_t i = 0; i < n; i++) {
		const struct answer *a = &ours[i], *b = &theirs[i];

		if (a->n != b->n && !(a->n == 0 && strcmp(b->frames[0].file, "??") == 0))
			fail_msg("%#lx: %zu frames, addr2line has %zu", a->addr, a->n, b->n);
		inlined += a->n > 1;
		for (size_t k = 0; k < a->n; k++) {
			cut_clone(a->frames[k].function);
			cut_clone(b->frames[k].function);
		}
		for (size_t k = 0; k < a->n; k++) {
			/* without a line addr2line may name the object file that the symbol table has */
			if (a->frames[k].line || b->frames[k].line ||
			    strcmp(a->frames[k].file, "??") != 0)
				assert_string_equal(a->frames[k].file, b->frames[k].file);
			assert_int_equal(a->frames[k].line, b->frames[k].line);
			if (!same_name(a, b, k))
				fail_msg("%#lx frame %zu: %s, addr2line has %s", a->addr, k,
					 a->frames[k].function, b->frames[k].function);
		}
	}
	assert_true(inlined >= min_inlined);
	print_message("%s: %zu addresses, %zu of them inlined\n", file, n, inlined);
	free_answers(ours, n);
	free_answers(theirs, n);
	ct_symbols_free(s);
}

/* DWARF 4: addr2line 2.40 confuses the files of DWARF 5. */
static void cxx_is_what_addr2line_says(void **state)
{
	(void)state;
	build_cxx("cxx4", "-gdwarf-4");
	compare_with_addr2line("cxx4", 5, 100);
}

static void c_is_what_addr2line_says(void **state)
{
	(void)state;
	build_c("c4", "-gdwarf-4");
	compare_with_addr2line("c4", 1, 20);
}

static void expect_same(const char *what, struct answer *want, size_t n, struct ct_sym_module *m)
{
	struct answer *got = calloc(n, sizeof(*got));

	assert_non_null(got);
	if (ct_symbols_status(m) != CT_SYM_OK)
		fail_msg("%s: %s", what, ct_symbols_status_text(m));
	for (size_t i = 0; i < n; i++)
		got[i].addr = want[i].addr;
	ask_ours(m, got, n);
	for (size_t i = 0; i < n; i++) {
		if (got[i].n != want[i].n)
			fail_msg("%s %#lx: %zu frames, not %zu", what, got[i].addr, got[i].n,
				 want[i].n);
		for (size_t k = 0; k < got[i].n; k++) {
			assert_string_equal(got[i].frames[k].function, want[i].frames[k].function);
			assert_string_equal(got[i].frames[k].file, want[i].frames[k].file);
			assert_int_equal(got[i].frames[k].line, want[i].frames[k].line);
		}
	}
	free_answers(got, n);
}

static void all_kinds_of_debug_info_agree(void **state)
{
	static const char *const kinds[][2] = {{"dwarf5", "-gdwarf-5"},
					       {"zipped", "-gdwarf-5 -gz=zlib"},
					       {"split", "-gdwarf-5 -gsplit-dwarf"}};
	struct ct_symbols *s = ct_symbols_new("");
	struct answer *want;
	size_t n;

	(void)state;
	build_cxx("base", "-gdwarf-4");
	want = pick_addresses("base", 5, &n);
	ask_ours(module_of(s, "base"), want, n);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		build_cxx(kinds[i][0], kinds[i][1]);
		expect_same(kinds[i][0], want, n, module_of(s, kinds[i][0]));
	}

	/* separate files: beside the program by link, then below a debug directory by build-id */
	sh("objcopy --only-keep-debug base linked.debug && strip -o linked base &&"
	   " objcopy --add-gnu-debuglink=linked.debug linked");
	expect_same("debuglink", want, n, module_of(s, "linked"));
	sh("id=$(readelf -n base | sed -n 's/.*Build ID: //p') && rest=${id#??} &&"
	   " mkdir -p dbg/.build-id/${id%%$rest} && strip -o byid base &&"
	   " mv linked.debug dbg/.build-id/${id%%$rest}/$rest.debug");
	ct_symbols_free(s);
	s = ct_symbols_new("");
	assert_int_equal(ct_symbols_debug_dir(s, in_scratch("dbg")), 0);
	expect_same("build-id", want, n, module_of(s, "byid"));
	free_answers(want, n);
	ct_symbols_free(s);
}

static void expect_data(struct ct_sym_module *m, const char *file, const char *symbol,
			uint64_t offset, const char *name, const char *function, const char *source,
			uint32_t line)
{
	struct ct_sym_data d;

	assert_int_equal(ct_symbols_data(m, addr_of(file, symbol) + offset, &d), 1);
	assert_string_equal(d.name, name);
	assert_int_equal(d.offset, offset);
	if (function)
		assert_string_equal(d.function, function);
	else
		assert_null(d.function);
	assert_non_null(d.file);
	assert_true(ends_with(d.file, source));
	assert_int_equal(d.line, line);
}

static void variables_have_name_and_declaration(void **state)
{
	static const char *const kinds[] = {"-gdwarf-4", "-gdwarf-5", "-gdwarf-5 -gz=zlib"};
	struct ct_symbols *s = ct_symbols_new("");

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct ct_sym_module *m;
		char name[16];
		struct sym *syms;
		size_t n;

		snprintf(name, sizeof(name), "vars%zu", i);
		build_c(name, kinds[i]);
		m = module_of(s, name);
		expect_data(m, name, "shared_lock", 8, "shared_lock", NULL, "sym_plain.c",
			    line_of("sym_plain.c", "shared_lock = "));
		expect_data(m, name, "stripes", 15 * 40, "stripes", NULL, "sym_plain.c",
			    line_of("sym_plain.c", "stripes[16];"));
		syms = read_nm(name, "bBdD", &n);
		for (size_t k = 0; k < n; k++) {
			struct ct_sym_data d;

			/* the linker's own and the C runtime's have no declaration */
			if (syms[k].size == 0)
				continue;
			assert_int_equal(ct_symbols_data(m, syms[k].addr, &d), 1);
			if (strncmp(syms[k].name, "refill_lock", 11) == 0) {
				assert_string_equal(d.name, "refill_lock");
				assert_string_equal(d.function, "refill");
			}
			/* one byte past its end is not it */
			if (ct_symbols_data(m, syms[k].addr + syms[k].size, &d) == 1)
				assert_int_equal(d.offset, 0);
		}
		free(syms);

		snprintf(name, sizeof(name), "cvars%zu", i);
		build_cxx(name, kinds[i]);
		m = module_of(s, name);
		expect_data(m, name, "_ZN3app10cache_lockE", 0, "app::cache_lock", NULL,
			    "sym_inline.cc", line_of("sym_inline.cc", "std::mutex cache_lock;"));
		expect_data(m, name, "_ZZNK3app7Counter4nextEiE5calls", 0,
			    "app::Counter::next(int) const::calls", "app::Counter::next(int) const",
			    "sym_inline.cc", line_of("sym_inline.cc", "static int calls;"));
	}
	ct_symbols_free(s);
}

/* clang writes no .debug_aranges and refers to addresses by number. */
static void clang_is_understood(void **state)
{
	struct ct_symbols *s;
	struct ct_sym_frame f[8];
	struct ct_sym_module *m;
	int n;

	(void)state;
	if (system("command -v clang >/dev/null") != 0)
		skip();
	sh("clang -O2 -g -pthread -Wl,--build-id=sha1 '%s/tests/unit/symbol/sym_plain.c' -o clang",
	   sym_top);
	s = ct_symbols_new("");
	m = module_of(s, "clang");
	n = ct_symbols_code(m, addr_of("clang", "visible_work"), f, 8);
	assert_int_equal(n, 1);
	assert_string_equal(f[0].function, "visible_work");
	assert_int_equal(f[0].line, line_of("sym_plain.c", "int visible_work(") + 1);
	expect_data(m, "clang", "shared_lock", 0, "shared_lock", NULL, "sym_plain.c",
		    line_of("sym_plain.c", "shared_lock = "));
	ct_symbols_free(s);
}

static void names_without_linkage_have_their_scope(void **state)
{
	struct ct_symbols *s = ct_symbols_new("");
	struct ct_sym_module *m;
	struct sym *syms;
	size_t n;
	bool lambda = false, anonymous = false;

	(void)state;
	build_cxx("scopes", "-g");
	m = module_of(s, "scopes");
	syms = read_nm("scopes", "t", &n);
	for (size_t i = 0; i < n; i++) {
		for (uint64_t at = 0; at < syms[i].size; at++) {
			struct ct_sym_frame f[16];
			int k = ct_symbols_code(m, syms[i].addr + at, f, 16);

			while (k-- > 0) {
				const char *name = f[k].function;

				anonymous |=
					strcmp(name, "(anonymous namespace)::hidden(int)") == 0;
				lambda |= f[k].inlined &&
					  strstr(name, "(anonymous "
						       "namespace)::hidden::<lambda>::operator()");
				assert_string_not_equal(name, "operator()");
			}
		}
	}
	free(syms);
	ct_symbols_free(s);
	assert_true(lambda);
	assert_true(anonymous);
}

static void symbols_end_where_they_end(void **state)
{
	struct ct_symbols *s = ct_symbols_new("");
	struct ct_sym_frame f[8];
	struct ct_sym_module *m;
	uint64_t at;

	(void)state;
	build_c("plain", "");
	m = module_of(s, "plain");
	assert_int_equal(ct_symbols_status(m), CT_SYM_SYMTAB);
	assert_int_equal(ct_symbols_code(m, addr_of("plain", "main") + 3, f, 8), 1);
	assert_string_equal(f[0].function, "main");
	assert_int_equal(f[0].function_offset, 3);
	assert_false(f[0].approximate);
	assert_null(f[0].file);
#if defined(__x86_64__)
	at = addr_of("plain", "bare_function");
	assert_int_equal(ct_symbols_code(m, at + 1, f, 8), 1);
	assert_string_equal(f[0].function, "bare_function");
	assert_true(f[0].approximate);
	assert_int_equal(ct_symbols_code(m, addr_of("plain", "after_bare"), f, 8), 1);
	assert_string_equal(f[0].function, "after_bare");
	assert_false(f[0].approximate);
#endif
	/* a dynamic symbol table knows few neighbours: nothing without a size may be used */
	build_c("exported", "-rdynamic -s");
	at = addr_of("plain", "main");
	assert_int_equal(ct_symbols_code(m, at - at % 4096 - 8192, f, 8), 0);
	assert_int_equal(ct_symbols_code(m, UINT64_MAX, f, 8), 0);
	ct_symbols_free(s);
}

static void plt_stubs_have_names(void **state)
{
	static const char *const kinds[] = {"-g", "-g -fcf-protection=full -Wl,-z,ibtplt",
					    "-g -Wl,-z,lazy", "-s"};
	struct ct_symbols *s = ct_symbols_new("");
	char line[512];

	(void)state;
#if !defined(__x86_64__)
	skip();
#endif
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct ct_sym_module *m;
		unsigned long at;
		char name[16], stub[256];
		size_t found = 0;
		FILE *f;

		snprintf(name, sizeof(name), "plt%zu", i);
		build_c(name, kinds[i]);
		m = module_of(s, name);
		sh("objdump -d %s | grep '@plt>:' >plt.txt", name);
		f = fopen("plt.txt", "r");
		assert_non_null(f);
		while (fgets(line, sizeof(line), f)) {
			struct ct_sym_frame frame;

			assert_int_equal(sscanf(line, "%lx <%255[^>]>", &at, stub), 2);
			assert_int_equal(ct_symbols_code(m, at + 4, &frame, 1), 1);
			assert_string_equal(frame.function, stub);
			found++;
		}
		fclose(f);
		assert_true(found >= 4);
	}
	ct_symbols_free(s);
}

static void packed_symbols_of_stripped_files(void **state)
{
	struct ct_symbols *s;
	struct ct_sym_module *m;
	struct ct_sym_frame f;
	uint64_t at;

	(void)state;
	if (system("command -v xz >/dev/null") != 0)
		skip();
	build_c("full", "");
	at = addr_of("full", "refill");
	sh("objcopy --only-keep-debug full mini && xz -c mini >mini.xz && strip -o packed full &&"
	   " objcopy --add-section .gnu_debugdata=mini.xz packed");
	s = ct_symbols_new("");
	m = module_of(s, "packed");
	assert_int_equal(ct_symbols_status(m), CT_SYM_DYNSYM);
	assert_int_equal(ct_symbols_code(m, at + 2, &f, 1), 1);
	assert_string_equal(f.function, "refill");
	ct_symbols_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cxx_is_what_addr2line_says),
		cmocka_unit_test(c_is_what_addr2line_says),
		cmocka_unit_test(all_kinds_of_debug_info_agree),
		cmocka_unit_test(variables_have_name_and_declaration),
		cmocka_unit_test(clang_is_understood),
		cmocka_unit_test(names_without_linkage_have_their_scope),
		cmocka_unit_test(symbols_end_where_they_end),
		cmocka_unit_test(plt_stubs_have_names),
		cmocka_unit_test(packed_symbols_of_stripped_files),
	};

	return cmocka_run_group_tests(tests, sym_setup, sym_teardown);
}
