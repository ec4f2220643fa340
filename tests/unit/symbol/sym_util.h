/*
 * sym_util.h - what the symbol tests share: a scratch folder, shell commands, the subjects, and
 * readers for what nm and addr2line print.
 */
#ifndef CT_TEST_SYM_UTIL_H
#define CT_TEST_SYM_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbol/image.h"
#include "symbol/symbol.h"

struct sym {
	uint64_t addr, size;
	char type;
	char name[512];
};

static char sym_scratch[PATH_MAX];
static char sym_top[PATH_MAX];

/* Makes the scratch folder and goes there. */
static inline int sym_setup(void **state)
{
	const char *top = getenv("TOP"), *tmp = getenv("TMPDIR");
	char folder[PATH_MAX / 2];

	(void)state;
	if (!realpath(top ? top : ".", sym_top))
		return -1;
	snprintf(folder, sizeof(folder), "%s/sym.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(folder) && realpath(folder, sym_scratch) && chdir(sym_scratch) == 0 ? 0 : -1;
}

static inline int sym_teardown(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", sym_scratch);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

__attribute__((format(printf, 1, 2))) static inline void sh(const char *format, ...)
{
	char command[3 * PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* Compiles a subject with @flags into the scratch folder. */
static inline void build_cxx(const char *out, const char *flags)
{
	sh("${CXX:-g++} -O2 -pthread -Wl,--build-id=sha1 %s '%s/tests/unit/symbol/sym_inline.cc' "
	   "-o %s",
	   flags, sym_top, out);
}

static inline void build_c(const char *out, const char *flags)
{
	sh("${CC:-gcc} -O2 -pthread -Wl,--build-id=sha1 %s '%s/tests/unit/symbol/sym_plain.c' -o "
	   "%s",
	   flags, sym_top, out);
}

static inline const char *in_scratch(const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", sym_scratch, name);
	return path;
}

/* The line of a subject that contains @text. */
static inline uint32_t line_of(const char *subject, const char *text)
{
	char path[2 * PATH_MAX], line[512];
	uint32_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/unit/symbol/%s", sym_top, subject);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		n++;
		if (strstr(line, text)) {
			fclose(f);
			return n;
		}
	}
	fclose(f);
	fail_msg("%s has no line with %s", subject, text);
	return 0;
}

/* The symbols nm lists whose type letter is in @types; the caller frees them. */
static inline struct sym *read_nm(const char *file, const char *types, size_t *n)
{
	struct sym *syms = NULL;
	char line[2048];
	FILE *f;

	sh("nm -S --defined-only %s >nm.txt", file);
	f = fopen("nm.txt", "r");
	assert_non_null(f);
	*n = 0;
	while (fgets(line, sizeof(line), f)) {
		struct sym s;

		memset(&s, 0, sizeof(s));
		if (sscanf(line, "%lx %lx %c %511s", &s.addr, &s.size, &s.type, s.name) != 4 &&
		    (s.size = 0, sscanf(line, "%lx %c %511s", &s.addr, &s.type, s.name) != 3))
			continue;
		if (!strchr(types, s.type))
			continue;
		syms = realloc(syms, (*n + 1) * sizeof(*syms));
		assert_non_null(syms);
		syms[(*n)++] = s;
	}
	fclose(f);
	return syms;
}

static inline uint64_t addr_of(const char *file, const char *name)
{
	size_t n;
	struct sym *syms = read_nm(file, "tTdDbBrRwWuV", &n);
	uint64_t addr = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(syms[i].name, name) == 0)
			addr = syms[i].addr;
	}
	free(syms);
	assert_int_not_equal(addr, 0);
	return addr;
}

/* A module as a trace would name it: path and build-id of the file in the scratch folder. */
static inline struct ct_sym_module *module_of(struct ct_symbols *s, const char *name)
{
	struct ct_sym_module *m;
	struct ct_image image;

	assert_non_null(s);
	assert_int_equal(ct_image_open(&image, in_scratch(name)), 0);
	assert_int_not_equal(image.build_id_len, 0);
	m = ct_symbols_module(s, in_scratch(name), image.build_id, image.build_id_len);
	ct_image_close(&image);
	assert_non_null(m);
	return m;
}

#endif
