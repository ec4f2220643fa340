/*
 * The rules by which Go's reader refuses a trace, one case each: a right sequence of events with one of them changed, left out or put in.
 * Our mirror of the rules has to refuse it at that place.  That the real reader refuses the same is seen by tests/interop/go_rules.sh,
 * for which this program, with GO_RULES_DIR in its environment, writes every case as a file: a mirror that is right by itself only
 * proves nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "views/export/go_order.h"

struct event {
	uint32_t m;    /* 0: none */
	unsigned type; /* enum ct_go_event; NEXT_GENERATION */
	uint64_t a[CT_GO_ARGS_MAX];
};
#define NEXT_GENERATION 0u

/* Strings of every generation: numbers are ids. */
static const char *const strings[] = {"", "sync", "one", "two"};

/* Two threads, two goroutines, everything that is written; each line is right where it stands. */
static const struct event right[] = {
	/*  0 */ {1, CT_GO_PROC_STATUS, {1, CT_GO_PROC_RUNNING}},
	/*  1 */ {1, CT_GO_CREATE, {1}},
	/*  2 */ {1, CT_GO_START, {1, 1}},
	/*  3 */ {1, CT_GO_PROCS_CHANGE, {2}},
	/*  4 */ {1, CT_GO_CREATE, {2}},
	/*  5 */ {2, CT_GO_PROC_STATUS, {2, CT_GO_PROC_IDLE}},
	/*  6 */ {2, CT_GO_PROC_START, {2, 1}},
	/*  7 */ {2, CT_GO_START, {2, 1}},
	/*  8 */ {2, CT_GO_LABEL, {2}},
	/*  9 */ {2, CT_GO_TASK_BEGIN, {7, 0, 2}},
	/* 10 */ {2, CT_GO_REGION_BEGIN, {7, 2}},
	/* 11 */ {2, CT_GO_REGION_BEGIN, {7, 3}},
	/* 12 */ {2, CT_GO_REGION_END, {7, 3}},
	/* 13 */ {2, CT_GO_REGION_END, {7, 2}},
	/* 14 */ {2, CT_GO_LOG, {7, 2, 3}},
	/* 15 */ {2, CT_GO_BLOCK, {1}},
	/* 16 */ {2, CT_GO_PROC_STOP, {0}},
	/* 17 */ {1, CT_GO_UNBLOCK, {2, 2}},
	/* 18 */ {2, CT_GO_PROC_START, {2, 2}},
	/* 19 */ {2, CT_GO_START, {2, 3}},
	/* 20 */ {2, CT_GO_TASK_END, {7}},
	/* 21 */ {2, CT_GO_SYSCALL_BEGIN, {3}},
	/* 22 */ {2, CT_GO_SYSCALL_END, {0}},
	/* 23 */ {2, CT_GO_SYSCALL_BEGIN, {4}},
	/* 24 */ {2, CT_GO_PROC_STOP, {0}},
	/* 25 */ {2, CT_GO_SYSCALL_END_BLOCKED, {0}},
	/* 26 */ {2, CT_GO_PROC_START, {2, 5}},
	/* 27 */ {2, CT_GO_START, {2, 4}},
	/* 28 */ {1, CT_GO_HEAP_ALLOC, {4096}},
	/* 29 */ {2, CT_GO_SYSCALL_BEGIN, {6}},
	/* 30 */ {1, CT_GO_PROC_STEAL, {2, 7, 2}},
	/* 31 */ {2, CT_GO_SYSCALL_END_BLOCKED, {0}},
	/* 32 */ {2, CT_GO_PROC_START, {2, 8}},
	/* 33 */ {2, CT_GO_START, {2, 5}},
	/* 34 */ {2, CT_GO_STOP, {1}},
	/* 35 */ {2, CT_GO_START, {2, 6}},
	/* 36 */ {3, CT_GO_CREATE_SYSCALL, {3}},
	/* 37 */ {2, CT_GO_BLOCK, {1}},
	/* 38 */ {0, NEXT_GENERATION, {0}},
	/* 39 */ {1, CT_GO_PROC_STATUS, {1, CT_GO_PROC_RUNNING}},
	/* 40 */ {1, CT_GO_STATUS, {1, 1, CT_GO_RUNNING}},
	/* 41 */ {2, CT_GO_PROC_STATUS, {2, CT_GO_PROC_RUNNING}},
	/* 42 */ {0, CT_GO_STATUS, {2, 0, CT_GO_WAITING}},
	/* 43 */ {0, CT_GO_STATUS, {3, 3, CT_GO_SYSCALL}},
	/* 44 */ {1, CT_GO_UNBLOCK, {2, 1}},
	/* 45 */ {2, CT_GO_START, {2, 2}},
	/* 46 */ {2, CT_GO_DESTROY, {0}},
	/* 47 */ {2, CT_GO_PROC_STOP, {0}},
	/* 48 */ {2, CT_GO_PROC_START, {2, 1}},
	/* 49 */ {2, CT_GO_PROC_STOP, {0}},
	/* 50 */ {3, CT_GO_DESTROY_SYSCALL, {0}},
};
#define RIGHT (sizeof(right) / sizeof(right[0]))

enum change { REPLACE, INSERT, DROP };

static const struct wrong {
	const char *name;
	unsigned at; /* index in right[] */
	enum change change;
	struct event event;
	const char *why; /* a part of what the mirror says */
} wrongs[] = {
	{"proc-status-differs",
	 8,
	 INSERT,
	 {1, CT_GO_PROC_STATUS, {2, CT_GO_PROC_IDLE}},
	 "inconsistent status for proc"},
	{"proc-status-invalid", 5, REPLACE, {2, CT_GO_PROC_STATUS, {2, 9}}, "invalid status"},
	{"proc-start-unknown", 5, DROP, {0, 0, {0}}, "not idle"},
	{"proc-start-running", 6, REPLACE, {2, CT_GO_PROC_START, {1, 1}}, "not idle"},
	{"proc-start-seq-zero", 6, REPLACE, {2, CT_GO_PROC_START, {2, 0}}, "sequence of proc"},
	{"proc-start-seq-skips", 18, REPLACE, {2, CT_GO_PROC_START, {2, 3}}, "sequence of proc"},
	{"proc-start-second", 6, REPLACE, {1, CT_GO_PROC_START, {2, 1}}, "expected no proc"},
	{"proc-stop-none", 17, INSERT, {2, CT_GO_PROC_STOP, {0}}, "doesn't exist"},
	{"proc-steal-running", 28, INSERT, {1, CT_GO_PROC_STEAL, {2, 6, 2}}, "not in a syscall"},
	{"proc-steal-other-thread", 30, REPLACE, {1, CT_GO_PROC_STEAL, {2, 7, 1}}, "another proc"},
	{"proc-steal-seq", 30, REPLACE, {1, CT_GO_PROC_STEAL, {2, 6, 2}}, "sequence of proc"},
	{"go-status-differs",
	 40,
	 REPLACE,
	 {1, CT_GO_STATUS, {1, 1, CT_GO_WAITING}},
	 "inconsistent status"},
	{"go-status-new-later",
	 43,
	 INSERT,
	 {0, CT_GO_STATUS, {9, 0, CT_GO_WAITING}},
	 "after the first generation"},
	{"go-status-call-no-thread",
	 43,
	 REPLACE,
	 {0, CT_GO_STATUS, {3, 0, CT_GO_SYSCALL}},
	 "without a thread"},
	{"go-status-call-other-thread",
	 43,
	 REPLACE,
	 {0, CT_GO_STATUS, {3, 2, CT_GO_SYSCALL}},
	 "inconsistent thread"},
	{"create-without-proc", 5, REPLACE, {2, CT_GO_CREATE, {5}}, "expected a proc"},
	{"create-twice", 8, INSERT, {1, CT_GO_CREATE, {2}}, "already exists"},
	{"create-from-call", 22, INSERT, {2, CT_GO_CREATE, {5}}, "not running"},
	{"create-call-on-busy",
	 36,
	 REPLACE,
	 {2, CT_GO_CREATE_SYSCALL, {3}},
	 "expected no goroutine"},
	{"create-call-twice", 36, REPLACE, {3, CT_GO_CREATE_SYSCALL, {2}}, "already exists"},
	{"start-without-proc", 6, DROP, {0, 0, {0}}, "expected a proc"},
	{"start-on-busy", 5, REPLACE, {1, CT_GO_START, {2, 1}}, "expected no goroutine"},
	{"start-waiting", 17, DROP, {0, 0, {0}}, "not runnable"},
	{"start-seq", 19, REPLACE, {2, CT_GO_START, {2, 2}}, "sequence of goroutine"},
	{"start-seq-zero", 7, REPLACE, {2, CT_GO_START, {2, 0}}, "sequence of goroutine"},
	{"block-without-proc", 15, REPLACE, {2, CT_GO_PROC_STOP, {0}}, "doesn't exist"},
	{"block-without-goroutine", 16, INSERT, {2, CT_GO_BLOCK, {1}}, "expected a goroutine"},
	{"block-in-call", 22, INSERT, {2, CT_GO_BLOCK, {1}}, "not running"},
	{"stop-without-goroutine", 16, INSERT, {2, CT_GO_STOP, {1}}, "expected a goroutine"},
	{"destroy-without-goroutine", 16, INSERT, {2, CT_GO_DESTROY, {0}}, "expected a goroutine"},
	{"unblock-running", 15, INSERT, {1, CT_GO_UNBLOCK, {2, 2}}, "not waiting"},
	{"unblock-twice", 18, INSERT, {1, CT_GO_UNBLOCK, {2, 3}}, "not waiting"},
	{"unblock-seq", 17, REPLACE, {1, CT_GO_UNBLOCK, {2, 1}}, "sequence of goroutine"},
	{"unblock-unknown", 17, INSERT, {1, CT_GO_UNBLOCK, {9, 1}}, "not waiting"},
	{"call-begin-seq", 21, REPLACE, {2, CT_GO_SYSCALL_BEGIN, {2}}, "can't make sequence"},
	{"call-begin-in-call", 22, INSERT, {2, CT_GO_SYSCALL_BEGIN, {4}}, "not running"},
	{"call-begin-without-goroutine",
	 16,
	 INSERT,
	 {2, CT_GO_SYSCALL_BEGIN, {2}},
	 "expected a goroutine"},
	{"call-end-running", 23, INSERT, {2, CT_GO_SYSCALL_END, {0}}, "not in a syscall"},
	{"call-end-without-proc", 25, REPLACE, {2, CT_GO_SYSCALL_END, {0}}, "expected a proc"},
	{"call-end-blocked-with-proc", 24, DROP, {0, 0, {0}}, "still in the syscall"},
	{"call-end-blocked-running",
	 23,
	 INSERT,
	 {2, CT_GO_SYSCALL_END_BLOCKED, {0}},
	 "not in a syscall"},
	{"destroy-call-running", 37, INSERT, {2, CT_GO_DESTROY_SYSCALL, {0}}, "not in a syscall"},
	{"task-twice", 10, INSERT, {2, CT_GO_TASK_BEGIN, {7, 0, 2}}, "task ID conflict"},
	{"task-without-goroutine",
	 16,
	 INSERT,
	 {2, CT_GO_TASK_BEGIN, {8, 0, 2}},
	 "expected a goroutine"},
	{"log-without-goroutine", 16, INSERT, {2, CT_GO_LOG, {0, 2, 3}}, "expected a goroutine"},
	{"label-without-proc", 17, INSERT, {2, CT_GO_LABEL, {2}}, "expected a proc"},
	{"procs-without-goroutine",
	 2,
	 INSERT,
	 {1, CT_GO_PROCS_CHANGE, {2}},
	 "expected a goroutine"},
	{"region-not-nested", 12, REPLACE, {2, CT_GO_REGION_END, {7, 2}}, "misuse of region"},
	{"region-without-goroutine",
	 16,
	 INSERT,
	 {2, CT_GO_REGION_BEGIN, {7, 2}},
	 "expected a goroutine"},
	{"heap-without-proc", 17, INSERT, {2, CT_GO_HEAP_ALLOC, {1}}, "expected a proc"},
	{"generation-keeps-no-seq",
	 44,
	 REPLACE,
	 {1, CT_GO_UNBLOCK, {2, 7}},
	 "sequence of goroutine"},
	{"generation-proc-untold", 41, DROP, {0, 0, {0}}, "no status in this generation"},
	{"generation-goroutine-untold", 42, DROP, {0, 0, {0}}, "sequence of goroutine"},
};
#define WRONGS (sizeof(wrongs) / sizeof(wrongs[0]))

/* The right sequence with one change; returns the number of events. */
static unsigned make(const struct wrong *w, struct event out[RIGHT + 1])
{
	unsigned i, n = 0;

	for (i = 0; i < RIGHT; i++) {
		if (w && i == w->at && w->change != DROP)
			out[n++] = w->event;
		if (!w || i != w->at || w->change == INSERT)
			out[n++] = right[i];
	}
	return n;
}

/* --- the mirror ----------------------------------------------------------------------------------------------------------------- */

static const char *drive(const struct event *e, unsigned n, unsigned *at)
{
	struct ct_go_order o;
	const char *why = NULL;
	unsigned i;

	assert_int_equal(ct_go_order_init(&o), 0);
	o.gen = 1;
	for (i = 0; i < n && !why; i++) {
		if (e[i].type == NEXT_GENERATION)
			o.gen++;
		else
			why = ct_go_order_step(&o, e[i].m, (enum ct_go_event)e[i].type, e[i].a);
	}
	*at = i - 1;
	ct_go_order_free(&o);
	return why;
}

static void right_is_taken(void **state)
{
	struct event e[RIGHT + 1];
	unsigned at;
	const char *why = drive(e, make(NULL, e), &at);

	(void)state;
	if (why)
		fail_msg("event %u: %s", at, why);
}

static void each_wrong_is_refused(void **state)
{
	struct event e[RIGHT + 1];
	unsigned i, at;

	(void)state;
	for (i = 0; i < WRONGS; i++) {
		const char *why = drive(e, make(&wrongs[i], e), &at);

		if (!why)
			fail_msg("%s is taken", wrongs[i].name);
		if (!strstr(why, wrongs[i].why))
			fail_msg("%s: event %u: %s", wrongs[i].name, at, why);
	}
}

/* --- files for the real reader: written without the mirror, and without our encoder ---------------------------------------------- */

static void put(FILE *f, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		fputc((int)(v & 0x7f) | 0x80, f);
	fputc((int)v, f);
}

static void write_batch(FILE *f, unsigned gen, uint64_t m, uint64_t base, const char *bytes,
			size_t n)
{
	fputc(1, f);
	put(f, gen);
	put(f, m ? m : UINT64_MAX);
	put(f, base);
	put(f, n);
	fwrite(bytes, 1, n, f);
}

/* Each event in a batch of its own, which keeps their order within a thread. */
static void write_event(FILE *f, unsigned gen, const struct event *e, uint64_t ns)
{
	char *bytes;
	size_t n;
	FILE *b = open_memstream(&bytes, &n);
	int i;

	assert_non_null(b);
	fputc((int)e->type, b);
	put(b, 0);
	for (i = 0; i < ct_go_args(e->type); i++)
		put(b, e->type == CT_GO_STATUS && i == 1 && !e->a[1] ? UINT64_MAX : e->a[i]);
	fclose(b);
	write_batch(f, gen, e->m, ns, bytes, n);
	free(bytes);
}

static void write_tables(FILE *f, unsigned gen, uint64_t ns)
{
	char *bytes;
	size_t n;
	FILE *b = open_memstream(&bytes, &n);
	unsigned i;

	assert_non_null(b);
	fputc(8, b);
	put(b, 1000000000);
	fclose(b);
	write_batch(f, gen, 0, ns, bytes, n);
	free(bytes);
	b = open_memstream(&bytes, &n);
	assert_non_null(b);
	fputc(4, b);
	for (i = 1; i < sizeof(strings) / sizeof(strings[0]); i++) {
		fputc(5, b);
		put(b, i);
		put(b, strlen(strings[i]));
		fputs(strings[i], b);
	}
	fclose(b);
	write_batch(f, gen, 0, ns, bytes, n);
	free(bytes);
}

static void write_file(const char *dir, const char *name, const struct wrong *w)
{
	struct event e[RIGHT + 1];
	unsigned n = make(w, e), i, gen = 1;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.trace", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite("go 1.22 trace\0\0", 1, 16, f);
	write_tables(f, gen, 1000);
	for (i = 0; i < n; i++) {
		if (e[i].type == NEXT_GENERATION)
			write_tables(f, ++gen, 1000 * (i + 1));
		else
			write_event(f, gen, &e[i], 1000 * (i + 1));
	}
	fclose(f);
}

static void files(void **state)
{
	const char *dir = getenv("GO_RULES_DIR");
	unsigned i;

	(void)state;
	if (!dir)
		return; /* nobody asks for them */
	write_file(dir, "right", NULL);
	for (i = 0; i < WRONGS; i++)
		write_file(dir, wrongs[i].name, &wrongs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_is_taken),
		cmocka_unit_test(each_wrong_is_refused),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
