/*
 * A trace comes from anywhere, and so do the paths and files it names.  A report that hangs on a FIFO,
 * reads a device, or dies in a corrupt ELF file is a way to attack whoever opens the trace; one that
 * uses another build's symbols quietly lies.  Each case asks for everything and must come back with a
 * reason, in seconds (alarm), without a sanitizer's complaint.
 */
/* timeout: 240 */
#include "unit/symbol/sym_util.h"

#include <sys/inotify.h>

#define ADDRESSES 120

static uint64_t addrs[2 * ADDRESSES];

/* Asks for all addresses; returns how many frames had a line. */
static size_t ask_all(const char *path, const uint8_t *id, size_t id_len,
		      enum ct_sym_status *status)
{
	struct ct_symbols *s = ct_symbols_new("");
	struct ct_sym_module *m;
	size_t lines = 0;

	assert_non_null(s);
	alarm(20);
	m = ct_symbols_module(s, path, id, id_len);
	assert_non_null(m);
	for (size_t i = 0; i < 2 * ADDRESSES; i++) {
		struct ct_sym_frame f[16];
		struct ct_sym_data d;
		int n = ct_symbols_code(m, addrs[i], f, 16);

		assert_in_range(n, 0, 16);
		for (int k = 0; k < n; k++) {
			lines += f[k].file != NULL;
			if (f[k].function)
				assert_true(strlen(f[k].function) <= CT_SYM_NAME_MAX + 3);
		}
		assert_in_range(ct_symbols_data(m, addrs[i], &d), 0, 1);
	}
	assert_true(strlen(ct_symbols_status_text(m)) > 10);
	if (status)
		*status = ct_symbols_status(m);
	ct_symbols_free(s);
	alarm(0);
	return lines;
}

static int setup(void **state)
{
	struct sym *syms;
	size_t n;

	if (sym_setup(state) != 0)
		return -1;
	build_cxx("good", "-gdwarf-5");
	syms = read_nm("good", "tTwWbBdDu", &n);
	for (size_t i = 0; i < ADDRESSES; i++)
		addrs[i] = syms[i * n / ADDRESSES].addr + i % 9;
	for (size_t i = 0; i < ADDRESSES; i++)
		addrs[ADDRESSES + i] = addrs[i] + 37 * i;
	addrs[0] = 0;
	addrs[1] = UINT64_MAX;
	free(syms);
	return 0;
}

static void expect(const char *path, enum ct_sym_status want)
{
	enum ct_sym_status status;

	assert_int_equal(ask_all(path, NULL, 0, &status), 0);
	if (status != want)
		fail_msg("%s: status %d, not %d", path, status, want);
}

static void paths_that_are_no_programs(void **state)
{
	(void)state;
	sh("mkfifo fifo && mkdir folder && : >empty && echo text >text && ln -s fifo link &&"
	   " ln -s loop loop && head -c 64 good >header");
	expect(in_scratch("fifo"), CT_SYM_UNREADABLE);
	expect(in_scratch("link"), CT_SYM_UNREADABLE);
	expect(in_scratch("folder"), CT_SYM_UNREADABLE);
	expect(in_scratch("loop"), CT_SYM_UNREADABLE);
	expect(in_scratch("empty"), CT_SYM_NOT_ELF);
	expect(in_scratch("text"), CT_SYM_NOT_ELF);
	expect(in_scratch("none"), CT_SYM_MISSING);
	expect(in_scratch("text/none"), CT_SYM_MISSING);
	expect("/dev/zero", CT_SYM_UNREADABLE);
	expect("/dev/tty", CT_SYM_UNREADABLE);
	expect("/proc/self/status", CT_SYM_UNREADABLE);
	expect("/proc/self/exe/", CT_SYM_MISSING);
	expect("[vdso]", CT_SYM_MISSING);
	expect("", CT_SYM_MISSING);
	expect("good", CT_SYM_MISSING);
}

/* The path of a device must not even be opened: that alone can block, or rewind a tape. */
static void fifo_is_not_opened(void **state)
{
	char events[4096];
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	(void)state;
	if (watch < 0)
		skip();
	sh("mkfifo watched && cp good regular");
	assert_true(inotify_add_watch(watch, "watched", IN_OPEN) >= 0);
	ask_all(in_scratch("watched"), NULL, 0, NULL);
	assert_int_equal(read(watch, events, sizeof(events)), -1);
	/* the watch does see what is opened */
	assert_true(inotify_add_watch(watch, "regular", IN_OPEN) >= 0);
	ask_all(in_scratch("regular"), NULL, 0, NULL);
	assert_true(read(watch, events, sizeof(events)) > 0);
	close(watch);
}

static void another_build_is_not_used(void **state)
{
	struct ct_image image;
	enum ct_sym_status status;
	uint8_t id[CT_SYM_BUILD_ID_MAX] = {0};

	(void)state;
	assert_int_equal(ct_image_open(&image, in_scratch("good")), 0);
	memcpy(id, image.build_id, image.build_id_len);
	assert_true(ask_all(in_scratch("good"), id, image.build_id_len, &status) > 0);
	assert_int_equal(status, CT_SYM_OK);
	id[7] ^= 1;
	assert_int_equal(ask_all(in_scratch("good"), id, image.build_id_len, &status), 0);
	assert_int_equal(status, CT_SYM_MISMATCH);
	/* recorded with an id, found without one: another build as well */
	sh("objcopy --remove-section=.note.gnu.build-id good noid");
	assert_int_equal(ask_all(in_scratch("noid"), id, image.build_id_len, &status), 0);
	assert_int_equal(status, CT_SYM_MISMATCH);
	/* absurd lengths of ids */
	assert_int_equal(ask_all(in_scratch("good"), id, 1, &status), 0);
	assert_int_equal(status, CT_SYM_MISMATCH);
	ct_image_close(&image);
}

static void status_says_what_is_missing(void **state)
{
	struct ct_symbols *s = ct_symbols_new("");
	struct ct_sym_module *m;

	(void)state;
	sh("strip -o stripped good");
	m = module_of(s, "stripped");
	assert_int_equal(ct_symbols_status(m), CT_SYM_DYNSYM);
	assert_non_null(strstr(ct_symbols_status_text(m), "stripped"));
	assert_non_null(strstr(ct_symbols_status_text(m), "/usr/lib/debug/.build-id/"));
	m = ct_symbols_module(s, in_scratch("good"), NULL, 0);
	assert_int_equal(ct_symbols_status(m), CT_SYM_OK);
	assert_non_null(strstr(ct_symbols_status_text(m), "without a build-id"));
	ct_symbols_free(s);
}

/* Files that debug information refers to are opened by libraries; FIFOs of those names are not. */
static void files_named_by_debug_information(void **state)
{
	(void)state;
	build_cxx("split", "-gdwarf-5 -gsplit-dwarf");
	assert_true(ask_all(in_scratch("split"), NULL, 0, NULL) > 0);
	sh("for f in *.dwo; do rm $f; mkfifo $f; done");
	/* lines are in the program itself */
	assert_true(ask_all(in_scratch("split"), NULL, 0, NULL) > 0);
	sh("mkfifo alt && { printf 'alt\\0'; head -c 20 /dev/zero; } >altlink &&"
	   " objcopy --add-section .gnu_debugaltlink=altlink good withalt");
	assert_true(ask_all(in_scratch("withalt"), NULL, 0, NULL) > 0);
	sh("mkfifo dbg && strip -o tofifo good && { printf 'dbg\\0'; printf '1234'; } >link.bin &&"
	   " objcopy --add-section .gnu_debuglink=link.bin tofifo");
	assert_int_equal(ask_all(in_scratch("tofifo"), NULL, 0, NULL), 0);
}

static char *read_good(size_t *len)
{
	FILE *f = fopen("good", "rb");
	char *bytes;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*len = (size_t)ftell(f);
	rewind(f);
	bytes = malloc(*len);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *len, f), *len);
	fclose(f);
	return bytes;
}

static void write_bad(const char *bytes, size_t len)
{
	FILE *f = fopen("bad", "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void truncated_files(void **state)
{
	size_t len, lines = 0;
	char *bytes = read_good(&len);

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		write_bad(bytes, i < 20 ? i * 16 : len * i / 60);
		lines += ask_all(in_scratch("bad"), NULL, 0, NULL);
	}
	/* the section table is at the end: cut files have no sections */
	assert_int_equal(lines, 0);
	free(bytes);
}

static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* Flips bytes of one section at a time: flips all over the file would mostly hit strings. */
static void flipped_bytes(void **state)
{
	static const char *const sections[] = {".debug_info",	  ".debug_abbrev",
					       ".debug_line",	  ".debug_line_str",
					       ".debug_rnglists", ".symtab",
					       ".debug_loclists", ".dynsym",
					       ".rela.plt",	  ""};
	size_t len, lines = 0;
	char *bytes = read_good(&len), *bad = malloc(len);

	(void)state;
	assert_non_null(bad);
	for (size_t i = 0; i < 600; i++) {
		const char *name = sections[i % (sizeof(sections) / sizeof(sections[0]))];
		uint64_t random = i * UINT64_C(0x9e3779b97f4a7c15) + 1;
		unsigned long from = 0, size = len;
		char line[64] = "";
		FILE *f;

		if (name[0] && i < sizeof(sections) / sizeof(sections[0]))
			sh("readelf -SW good | sed -n 's/.* %s  *[A-Z]*  *[0-9a-f]*  "
			   "*\\([0-9a-f]*\\) "
			   "\\([0-9a-f]*\\).*/\\1 \\2/p' >at%zu",
			   name, i);
		if (name[0]) {
			char at[32];

			snprintf(at, sizeof(at), "at%zu",
				 i % (sizeof(sections) / sizeof(sections[0])));
			f = fopen(at, "r");
			assert_non_null(f);
			/* compilers before DWARF 5 make fewer sections: then the whole file */
			if (fgets(line, sizeof(line), f))
				assert_int_equal(sscanf(line, "%lx %lx", &from, &size), 2);
			else
				assert_true(strncmp(name, ".debug_", 7) == 0 && i != 0);
			fclose(f);
		}
		memcpy(bad, bytes, len);
		for (uint64_t k = 1 + (next_random(&random) & ((1u << (i % 9)) - 1)); k > 0; k--) {
			static const uint8_t sharp[] = {0, 1, 0x7f, 0x80, 0xff};
			uint64_t value = next_random(&random);

			bad[from + next_random(&random) % size] =
				(char)(value & 256 ? value : sharp[value % 5]);
		}
		write_bad(bad, len);
		lines += ask_all(in_scratch("bad"), NULL, 0, NULL);
	}
	assert_true(lines > 1000);
	free(bad);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_that_are_no_programs),
		cmocka_unit_test(fifo_is_not_opened),
		cmocka_unit_test(another_build_is_not_used),
		cmocka_unit_test(status_says_what_is_missing),
		cmocka_unit_test(files_named_by_debug_information),
		cmocka_unit_test(truncated_files),
		cmocka_unit_test(flipped_bytes),
	};

	return cmocka_run_group_tests(tests, setup, sym_teardown);
}
