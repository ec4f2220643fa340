/*
 * The cache of resolved addresses must be fast, private, and never believed: a file another program
 * damaged or planted there may cost time, not truth or memory safety.  And installing debug symbols
 * must be noticed, or people will install them and see no change.
 */
/* timeout: 120 */
#include "unit/symbol/sym_util.h"

/* The file under test itself, for the checksum and the layout of the header. */
#include "symbol/cache.c"

static struct sym *syms;
static size_t n_syms;

static int setup(void **state)
{
	if (sym_setup(state) != 0)
		return -1;
	umask(022);
	build_c("prog", "-g");
	syms = read_nm("prog", "tTdDbB", &n_syms);
	return n_syms > 10 ? 0 : -1;
}

static int teardown(void **state)
{
	free(syms);
	return sym_teardown(state);
}

/* All answers as one text. */
static char *ask(const char *cache, struct ct_symbols_stats *stats)
{
	struct ct_symbols *s = ct_symbols_new(cache);
	struct ct_sym_module *m = module_of(s, "prog");
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	for (size_t i = 0; i < n_syms; i++) {
		struct ct_sym_frame frames[8];
		struct ct_sym_data d;
		int n = ct_symbols_code(m, syms[i].addr + 4, frames, 8);

		assert_in_range(n, 0, 8);
		for (int k = 0; k < n; k++)
			fprintf(f, "%s %s %s %u %d %lu\n", frames[k].function,
				frames[k].linkage_name ? frames[k].linkage_name : "-",
				frames[k].file ? frames[k].file : "-", frames[k].line,
				frames[k].inlined, frames[k].function_offset);
		if (ct_symbols_data(m, syms[i].addr, &d) == 1)
			fprintf(f, "%s %s %s %u %s\n", d.name, d.linkage_name,
				d.file ? d.file : "-", d.line, d.function ? d.function : "-");
	}
	fclose(f);
	if (stats)
		*stats = ct_symbols_stats(s);
	ct_symbols_free(s);
	return text;
}

static void second_session_opens_no_debug_information(void **state)
{
	struct ct_symbols_stats first, second;
	char *a, *b, path[2 * PATH_MAX];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/deep/cache", sym_scratch);
	a = ask(path, &first);
	b = ask(path, &second);
	assert_string_equal(a, b);
	assert_true(first.resolved > 0);
	assert_int_equal(first.debug_loads, 1);
	assert_int_equal(second.resolved, 0);
	assert_int_equal(second.debug_loads, 0);
	assert_int_equal(second.from_cache, first.resolved);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	sh("test \"$(find deep/cache -type f | wc -l)\" = 1");
	sh("test \"$(find deep/cache -type f -perm 600 | wc -l)\" = 1");
	free(a);
	free(b);
}

static void no_cache_where_others_can_write(void **state)
{
	struct ct_symbols_stats stats;

	(void)state;
	sh("mkdir open && chmod 777 open && ln -s deep link && : >plain");
	free(ask(in_scratch("open"), &stats));
	free(ask(in_scratch("open"), &stats));
	assert_true(stats.resolved > 0);
	sh("test -z \"$(ls open)\"");
	free(ask(in_scratch("plain"), &stats));
	free(ask(in_scratch("link"), &stats));
	assert_true(stats.resolved > 0);
	free(ask("", &stats));
	assert_true(stats.resolved > 0);
	free(ask("/proc/none", &stats));
	assert_true(stats.resolved > 0);
}

static char *slurp(const char *path, size_t *len)
{
	char *bytes = read_file(path, len);

	assert_non_null(bytes);
	return bytes;
}

static void spew(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void damaged_files_are_as_good_as_none(void **state)
{
	char *want, *bytes, *bad, *got, path[3 * PATH_MAX];
	struct ct_symbols_stats stats;
	size_t len;
	FILE *f;

	(void)state;
	want = ask(in_scratch("bad"), NULL);
	sh("ls -d $PWD/bad/*.sym >name.txt");
	f = fopen("name.txt", "r");
	assert_non_null(f);
	assert_non_null(fgets(path, sizeof(path), f));
	fclose(f);
	path[strcspn(path, "\n")] = '\0';
	bytes = slurp(path, &len);
	bad = malloc(len);
	assert_non_null(bad);
	/* one byte at a time, everywhere: the checksum or the header says no */
	for (size_t i = 0; i < 250; i++) {
		size_t at = i < sizeof(struct header) ? i : i * len / 250;

		memcpy(bad, bytes, len);
		bad[at] ^= (char)(1 << i % 8);
		spew(path, bad, len);
		got = ask(in_scratch("bad"), &stats);
		assert_string_equal(got, want);
		assert_true(stats.resolved > 0);
		free(got);
		/* and is written anew */
		free(ask(in_scratch("bad"), &stats));
		assert_int_equal(stats.resolved, 0);
	}
	for (size_t i = 0; i < 40; i++) {
		spew(path, bytes, i * len / 40);
		got = ask(in_scratch("bad"), &stats);
		assert_string_equal(got, want);
		free(got);
	}
	sh("rm bad/*.sym && mkfifo \"$(cat name.txt)\"");
	got = ask(in_scratch("bad"), &stats);
	assert_string_equal(got, want);
	free(got);
	free(bad);
	free(bytes);
	free(want);
}

/* A planted file has a good checksum; what it says inside must still be checked. */
static void planted_files_stay_in_bounds(void **state)
{
	struct ct_cache_key key = {.build_id = {1, 2, 3}, .build_id_len = 3, .fingerprint = 7};
	struct ct_sym_frame frames[] = {{.function = "one", .file = "a.c", .line = 1},
					{.function = "two", .linkage_name = "_Z3two"}};
	struct ct_answers a = {0};
	char *bytes, *bad, path[3 * PATH_MAX], *dir;
	size_t len, loaded = 0;

	(void)state;
	dir = ct_cache_dir(in_scratch("planted"));
	assert_non_null(dir);
	assert_non_null(ct_answers_add(&a, CT_ANSWER_CODE, 0x1000, frames, 2));
	assert_non_null(ct_answers_add(&a, CT_ANSWER_DATA, 0x2000, frames, 1));
	assert_non_null(ct_answers_add(&a, CT_ANSWER_CODE, 0x3000, frames, 0));
	assert_int_equal(ct_cache_save(dir, &key, &a), 0);
	ct_answers_clear(&a);
	assert_int_equal(file_path(path, sizeof(path), dir, &key), 0);
	bytes = slurp(path, &len);
	bad = malloc(len);
	assert_non_null(bad);
	for (size_t i = 0; i < len * 4; i++) {
		static const uint8_t sharp[] = {0xff, 0x80, 0, 0x7f};
		struct header h;
		char *strings;

		memcpy(bad, bytes, len);
		bad[i / 4] = (char)sharp[i % 4];
		memcpy(&h, bad, sizeof(h));
		h.sum = sum_of(bad + sizeof(h), len - sizeof(h));
		memcpy(bad, &h, sizeof(h));
		spew(path, bad, len);
		if (ct_cache_load(dir, &key, &a, &strings) != 0)
			continue;
		loaded++;
		for (size_t k = 0; k < a.n_frames; k++) {
			if (a.frames[k].function)
				assert_true(strlen(a.frames[k].function) < len);
			if (a.frames[k].linkage_name)
				assert_true(strlen(a.frames[k].linkage_name) < len);
			if (a.frames[k].file)
				assert_true(strlen(a.frames[k].file) < len);
		}
		ct_answers_clear(&a);
		free(strings);
	}
	assert_true(loaded > 0);
	free(bad);
	free(bytes);
	free(dir);
}

static void installing_debug_symbols_is_noticed(void **state)
{
	struct ct_symbols *s;
	struct ct_sym_module *m;
	struct ct_sym_frame f;
	uint64_t at = addr_of("prog", "visible_work");

	(void)state;
	sh("cp prog whole && objcopy --only-keep-debug prog prog.debug && strip -o lean prog && "
	   "mkdir dbg");
	for (int installed = 0; installed < 2; installed++) {
		/* twice: from the files and from the cache */
		for (int again = 0; again < 2; again++) {
			s = ct_symbols_new(in_scratch("later"));
			assert_int_equal(ct_symbols_debug_dir(s, in_scratch("dbg")), 0);
			m = module_of(s, "lean");
			assert_int_equal(ct_symbols_status(m),
					 installed ? CT_SYM_OK : CT_SYM_DYNSYM);
			assert_int_equal(ct_symbols_code(m, at, &f, 1), installed);
			if (installed)
				assert_string_equal(f.function, "visible_work");
			assert_int_equal(ct_symbols_stats(s).resolved, !again);
			ct_symbols_free(s);
		}
		sh("id=$(readelf -n prog | sed -n 's/.*Build ID: //p') && rest=${id#??} &&"
		   " mkdir -p dbg/.build-id/${id%%$rest} && cp prog.debug "
		   "dbg/.build-id/${id%%$rest}/$rest.debug");
	}
}

static void old_files_are_removed(void **state)
{
	struct ct_cache_key key = {.build_id = {9, 9}, .build_id_len = 2};
	struct ct_answers a = {0};
	char *dir = ct_cache_dir(in_scratch("many"));

	(void)state;
	assert_non_null(dir);
	sh("for i in $(seq %d); do : >many/$i.sym; touch -d @$i many/$i.sym; done", FILES_MAX + 5);
	assert_int_equal(ct_cache_save(dir, &key, &a), 0);
	sh("test \"$(ls many | wc -l)\" = %d && test ! -e many/6.sym && test -e many/7.sym",
	   FILES_MAX);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_session_opens_no_debug_information),
		cmocka_unit_test(no_cache_where_others_can_write),
		cmocka_unit_test(damaged_files_are_as_good_as_none),
		cmocka_unit_test(planted_files_stay_in_bounds),
		cmocka_unit_test(installing_debug_symbols_is_noticed),
		cmocka_unit_test(old_files_are_removed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
