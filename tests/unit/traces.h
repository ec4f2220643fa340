/*
 * traces.h - traces for unit tests: made of text, of records, or as an arena in memory.
 */
#ifndef CT_TESTS_TRACES_H
#define CT_TESTS_TRACES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "file/build.h"
#include "file/stream.h"
#include "file/text.h"
#include "read/trace.h"

/* A name in the test's folder; valid until the next but seven. */
const char *t_path(const char *name);

/* Makes the file of text; fails the test when the text is wrong. */
void t_make(const char *path, const char *text);

/*
 * Text of a worker that waits for a lock and is woken by thread 1, is preempted, and reads; with what two CPUs tell of it.  Wants
 * a process 0, a stack `work` and thread 1 before it.
 */
#define T_WORKER                                                                                   \
	"chunk slot=1 thread=2 tid=101 base=1000000\n"                                             \
	"thread_begin @1000000 thread=2 tid=101 parent=1\n"                                        \
	"object @1200000 op=mutex object=lock\n"                                                   \
	"wait @1200000 op=mutex dur=105000 wake_ago=50000 object=lock stack=work waker=1 "         \
	"waker_stack=work owner=100\n"                                                             \
	"wait @1800000 op=read dur=82000 object=4 stack=work result=100\n"                         \
	"thread_end @1900000\n"                                                                    \
	"chunk slot=2147483648 base=990000\n"                                                      \
	"sched @990000 what=1 source=1\n"                                                          \
	"cpu_on @990000 tid=101\n"                                                                 \
	"cpu_off @1100000 tid=101\n"                                                               \
	"sched @2000000 what=2 source=1 error_ns=70\n"                                             \
	"chunk slot=2147483649 base=990000\n"                                                      \
	"sched @990000 what=1 cpu=1 source=1\n"                                                    \
	"cpu_on @1190000 tid=101 cpu=1\n"                                                          \
	"cpu_off @1300000 tid=101 cpu=1 how=1\n"                                                   \
	"cpu_on @1350000 tid=101 cpu=1\n"                                                          \
	"sched @2000000 what=2 cpu=1 source=1 error_ns=70\n"

/* The whole file in memory. */
uint8_t *t_load(const char *path, size_t *size);

/* Opens or fails the test. */
struct ct_trace *t_open(const char *path);

/* All records of a walk; the caller frees. */
struct ct_event *t_records(struct ct_trace *t, enum ct_order order, const struct ct_filter *filter,
			   size_t *n);

/* The same numbers on every machine. */
uint64_t t_random(uint64_t *state);

/* An arena as the recorder lays it out, for a few slots and chunks: a file that is mapped, as a real one. */
#define T_SLOTS	 4
#define T_CHUNKS 16
#define T_ROWS	 64
struct t_arena {
	int fd;
	char path[32];	/* to open it as a file */
	uint8_t *bytes; /* the same, mapped */
	size_t size;
	struct ct_header *header;
	struct ct_process_rec *processes;
	struct ct_slot *slot[T_SLOTS];
	struct ct_trie_node *nodes;
	struct ct_module_rec *modules;
	char *strings;
	struct ct_chunk *chunks;
};
void t_arena_make(struct t_arena *a);
void t_arena_free(struct t_arena *a);

/* Puts a builder's records into chunk `index` of the arena, open or sealed. */
void t_arena_chunk(struct t_arena *a, unsigned index, const struct ct_builder *b, uint32_t state);

/* Begins a chunk of slot 0... with times that need no thought. */
void t_begin(struct ct_builder *b, uint32_t slot, uint32_t sequence, uint64_t base_ticks);

/* Adds a wait or a thread_begin. */
void t_wait(struct ct_builder *b, uint64_t ticks, uint64_t dur, uint64_t object);
void t_thread(struct ct_builder *b, uint64_t ticks, uint32_t serial);

#endif
