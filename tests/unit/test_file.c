/*
 * A trace is written while the disk fills, while its writer is killed, over files that are not ours.  What was given to the
 * stream before must stay readable, and nobody else's file may be touched.
 */
#include "traces.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/block.h"
#include "file/symbols.h"
#include "file/xxh64.h"

static void checksum_is_xxh64(void **state)
{
	uint8_t bytes[100];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	/* from the reference implementation, libxxhash 0.8.1 */
	assert_true(ct_xxh64(bytes, sizeof(bytes), 0) == 0x8e2272c08247d5db);
	assert_true(ct_xxh64("", 0, 0) == 0xef46db3751d8e999);
	assert_true(ct_xxh64("a", 1, 0) == 0xd24ec4f1a98c6e5b);
	assert_true(ct_xxh64("abc", 3, 0) == 0x44bc2cf5ad770999);
	assert_true(ct_xxh64("Nobody inspects the spammish repetition", 39, 0) ==
		    0xfbcea83c8a378bf1);
}

/* --- blocks ------------------------------------------------------------------------------------------------------------------ */

static void round_trip(struct ct_coder *coder, const uint8_t *raw, size_t size, uint32_t flags)
{
	struct ct_block head = {.type = CT_BLOCK_NODES};
	uint8_t *back = malloc(size + 1), *copy;
	const void *stored;

	assert_int_equal(ct_block_pack(coder, &head, raw, size, &stored), 0);
	assert_int_equal(head.flags, flags);
	assert_null(ct_block_head_check(&head, sizeof(head) + head.stored_bytes));
	assert_non_null(ct_block_head_check(&head, sizeof(head) + head.stored_bytes - 1));
	copy = malloc(head.stored_bytes + 1);
	memcpy(copy, stored, head.stored_bytes);
	assert_null(ct_block_unpack(coder, &head, copy, back));
	assert_memory_equal(back, raw, size);
	copy[head.stored_bytes / 2] ^= 1;
	assert_non_null(ct_block_unpack(coder, &head, copy, back));
	free(copy);
	free(back);
}

static void payloads_come_back(void **state)
{
	struct ct_coder *coder = ct_coder_new();
	size_t size = 300000, i;
	uint8_t *raw = calloc(size, 1);
	uint64_t seed = 3;

	(void)state;
	for (i = 0; i < size; i++)
		raw[i] = (uint8_t)(i / 100 % 50 * (t_random(&seed) % 5));
	round_trip(coder, raw, size, CT_BLOCK_ZSTD);
	for (i = 0; i < size; i++)
		raw[i] = (uint8_t)(t_random(&seed) >> 20);
	round_trip(coder, raw, size, 0); /* does not get smaller: stored as it is */
	free(raw);
	/* gets so much smaller that a reader would not believe it */
	raw = calloc(32 << 20, 1);
	round_trip(coder, raw, 32 << 20, 0);
	free(raw);
	ct_coder_free(coder);
}

static void absurd_heads_are_refused(void **state)
{
	struct ct_block good = {.magic = CT_BLOCK_MAGIC,
				.type = CT_BLOCK_NODES,
				.flags = CT_BLOCK_ZSTD,
				.stored_bytes = 100,
				.raw_bytes = 1000};
	struct ct_block head;

	(void)state;
	assert_null(ct_block_head_check(&good, 164));
	assert_non_null(ct_block_head_check(&good, 63));
	head = good, head.magic ^= 1;
	assert_non_null(ct_block_head_check(&head, 164));
	head = good, head.raw_bytes = 1ull << 40;
	assert_non_null(ct_block_head_check(&head, 164));
	head = good, head.raw_bytes = 65536 + 100 * CT_BLOCK_RATIO_MAX + 1;
	assert_non_null(ct_block_head_check(&head, 164));
	head = good, head.stored_bytes = UINT64_MAX;
	assert_non_null(ct_block_head_check(&head, 164));
	head = good, head.flags = 2;
	assert_non_null(ct_block_head_check(&head, 164));
	head = good, head.flags = 0; /* stored as it is, and of two sizes */
	assert_non_null(ct_block_head_check(&head, 164));
}

/* --- the stream --------------------------------------------------------------------------------------------------------------- */

static const struct ct_header plain_header = {
	.policy = CT_POLICY_STREAM, .clock = CT_CLOCK_MONOTONIC, .ticks_per_second = 1000000000};

static struct ct_stream *create(const char *path)
{
	struct ct_stream *s;

	assert_int_equal(ct_stream_create(path, &plain_header, &s), 0);
	return s;
}

/* A chunk of slot 0 that hardly compresses. */
static int add_chunk(struct ct_stream *s, uint32_t sequence, uint64_t *seed)
{
	static struct ct_builder b;
	const struct ct_chunk *one = &b.chunk;
	unsigned i;

	t_begin(&b, 0, sequence, 1000 + sequence * 100000ull);
	if (sequence == 0)
		t_thread(&b, 1000, 1);
	for (i = 0; i < 500; i++)
		t_wait(&b, b.ticks + t_random(seed) % 200, 0, t_random(seed));
	ct_builder_seal(&b);
	return ct_stream_chunks(s, &one, 1);
}

static void a_full_disk_keeps_what_fitted(void **state)
{
	const char *path = t_path("full.ctrace");
	struct rlimit before, limit;
	struct ct_stream *s = create(path);
	struct ct_stream_stats stats;
	struct ct_trace *t;
	struct ct_event *events;
	struct stat st;
	uint32_t fitted = 0;
	uint64_t seed = 5;
	size_t n;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 20000; /* in the middle of the third block: a short write, then EFBIG */
	setrlimit(RLIMIT_FSIZE, &limit);
	while (add_chunk(s, fitted, &seed) == 0)
		fitted++;
	assert_true(fitted > 0 && fitted < 10);
	assert_int_equal(add_chunk(s, fitted, &seed), -EFBIG);
	stats = ct_stream_stats(s);
	assert_int_equal(stats.refused_chunks, 2);
	assert_int_equal(stats.refused_records, 1000);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal((uint64_t)st.st_size, stats.file_bytes); /* nothing half written is left */
	setrlimit(RLIMIT_FSIZE, &before);

	t = t_open(path); /* while the writer still has it */
	events = t_records(t, CT_ORDER_TIME, NULL, &n);
	assert_int_equal(n, fitted * 500 + 1);
	free(events);
	assert_int_equal(ct_trace_damage(t, &(const struct ct_trace_damage *){0}, NULL), 0);
	ct_trace_close(t);

	/* there is room again: the stream goes on */
	assert_int_equal(add_chunk(s, fitted, &seed), 0);
	assert_int_equal(ct_stream_finish(s, &plain_header), 0);
	ct_stream_close(s);
	t = t_open(path);
	assert_true(ct_trace_info(t)->finished);
	assert_int_equal(ct_trace_info(t)->records, (fitted + 1) * 500 + 1);
	ct_trace_close(t);
	unlink(path);
}

static void no_room_for_the_footer(void **state)
{
	const char *path = t_path("footer.ctrace");
	struct rlimit before, limit;
	struct ct_stream *s = create(path);
	struct ct_trace *t;
	uint64_t seed = 5;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(add_chunk(s, 0, &seed), 0);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = ct_stream_stats(s).file_bytes + 100;
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(ct_stream_finish(s, &plain_header), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	ct_stream_close(s);
	t = t_open(path);
	assert_false(ct_trace_info(t)->finished);
	assert_int_equal(ct_trace_info(t)->records, 501);
	assert_int_equal(ct_trace_damage(t, &(const struct ct_trace_damage *){0}, NULL), 0);
	ct_trace_close(t);
	unlink(path);
}

static void nobody_elses_file_is_written(void **state)
{
	const char *target = t_path("precious"), *link = t_path("link.ctrace");
	struct ct_stream *s;
	struct stat st;
	uint8_t *bytes;
	size_t size;
	FILE *f = fopen(target, "w");

	(void)state;
	fputs("precious", f);
	fclose(f);
	chmod(target, 0644);
	assert_int_equal(symlink(target, link), 0);
	s = create(link);
	ct_stream_close(s);
	bytes = t_load(target, &size);
	assert_int_equal(size, 8);
	assert_memory_equal(bytes, "precious", 8);
	free(bytes);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	unlink(link);

	s = create(target); /* a plain file that is there is replaced, not written into */
	ct_stream_close(s);
	assert_int_equal(stat(target, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, CT_HEADER_BYTES);
	unlink(target);
}

/* `-o /dev/stdout >file` leads to a regular file, and renaming a new one over it would take /dev/stdout away. */
static void names_of_descriptors_are_no_places(void **state)
{
	const char *target = t_path("redirected"), *link = t_path("stdout"), *again = t_path("fd");
	char self[64], name[64];
	struct ct_stream *s;
	struct stat st;
	int fd;

	(void)state;
	fd = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "precious", 8), 8);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	assert_int_equal(symlink(self, link), 0);
	assert_int_equal(symlink(strrchr(link, '/') + 1, again), 0);
	assert_int_equal(ct_stream_create(self, &plain_header, &s), -EINVAL);
	assert_int_equal(ct_stream_create(name, &plain_header, &s), -EINVAL);
	assert_int_equal(ct_stream_create(link, &plain_header, &s), -EINVAL);
	assert_int_equal(ct_stream_create(again, &plain_header, &s), -EINVAL);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(again, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(target, &st), 0);
	assert_int_equal(st.st_size, 8);
	close(fd);
	unlink(again);
	unlink(link);
	unlink(target);
}

static void impossible_outputs(void **state)
{
	const char *fifo = t_path("fifo");
	struct ct_stream *s;
	uint64_t seed = 1;

	(void)state;
	assert_int_equal(ct_stream_create("/nowhere/x.ctrace", &plain_header, &s), -ENOENT);
	assert_int_equal(ct_stream_create("/tmp", &plain_header, &s), -EISDIR);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(ct_stream_create(fifo, &plain_header, &s), -EINVAL);
	unlink(fifo);
	/* a trace nobody wants is a way to measure */
	assert_int_equal(ct_stream_create("/dev/null", &plain_header, &s), 0);
	assert_int_equal(add_chunk(s, 0, &seed), 0);
	assert_int_equal(ct_stream_finish(s, &plain_header), 0);
	ct_stream_close(s);
	assert_int_equal(ct_stream_create("/dev/full", &plain_header, &s), -ENOSPC);
	assert_int_equal(access("/dev/full", F_OK), 0);
}

static void rows_may_be_written_again(void **state)
{
	const char *path = t_path("rows.ctrace");
	struct ct_process_rec p[2] = {{.state = CT_PROC_LIVE, .pid = 7},
				      {.state = CT_PROC_LIVE, .pid = 8}};
	const struct ct_process_rec *rows;
	struct ct_stream *s = create(path);
	struct ct_trace *t;

	(void)state;
	assert_int_equal(ct_stream_rows(s, CT_BLOCK_PROCESSES, 0, p, sizeof(p)), 0);
	p[1].state = CT_PROC_ENDED;
	p[1].exit_status = 3;
	assert_int_equal(ct_stream_rows(s, CT_BLOCK_PROCESSES, 1, &p[1], sizeof(p[1])), 0);
	assert_int_equal(ct_stream_rows(s, CT_BLOCK_STRINGS, 0, "one\0two", 8), 0);
	assert_int_equal(ct_stream_rows(s, CT_BLOCK_NODES, 0, "odd", 3), -EINVAL);
	ct_stream_close(s);
	t = t_open(path);
	assert_int_equal(ct_trace_processes(t, &rows), 2);
	assert_int_equal(rows[0].pid, 7);
	assert_int_equal(rows[1].exit_status, 3);
	assert_string_equal(ct_trace_string(t, 5), "two");
	assert_null(ct_trace_string(t, 0));
	assert_null(ct_trace_string(t, 9));
	ct_trace_close(t);
	unlink(path);
}

/* --- symbols -------------------------------------------------------------------------------------------------------------------- */

static void symbols_are_found(void **state)
{
	const char *path = t_path("symbols.ctrace");
	struct ct_symbols_builder *b = ct_symbols_builder_new();
	const struct ct_trace_line *lines;
	const struct ct_trace_data *data;
	struct ct_stream *s = create(path);
	struct ct_trace *t;
	const void *payload;
	size_t size, i;

	(void)state;
	assert_int_equal(ct_symbols_payload(b, &payload, &size), 0);
	assert_int_equal(size, 0);
	for (i = 0; i < 3000; i++) { /* enough to make the string table grow, in falling order */
		char name[32];

		snprintf(name, sizeof(name), "f%zu", i % 1500);
		ct_symbols_add_frame(b, 0x100000 - i);
		ct_symbols_add_line(b, name, "a.c", (uint32_t)i, CT_SYMBOL_INLINED);
		ct_symbols_add_line(b, "main", NULL, 0, 0);
	}
	ct_symbols_add_frame(b, 0x100000); /* said before: the first counts */
	ct_symbols_add_line(b, "wrong", NULL, 0, 0);
	ct_symbols_add_data(b, 0x42, "cache_lock", NULL, "a.c", 3, 8);
	assert_int_equal(ct_symbols_payload(b, &payload, &size), 0);
	assert_null(ct_symbols_check(payload, size));
	assert_int_equal(ct_stream_rows(s, CT_BLOCK_SYMBOLS, 0, payload, size), 0);
	ct_symbols_builder_free(b);
	ct_stream_close(s);

	t = t_open(path);
	assert_int_equal(ct_trace_symbol(t, 0x100000 - 2999, &lines), 2);
	assert_string_equal(lines[0].function, "f1499");
	assert_int_equal(lines[0].line, 2999);
	assert_int_equal(lines[0].flags, CT_SYMBOL_INLINED);
	assert_string_equal(lines[1].function, "main");
	assert_null(lines[1].file);
	assert_int_equal(ct_trace_symbol(t, 0x100000, &lines), 2);
	assert_string_equal(lines[0].function, "f0");
	assert_int_equal(ct_trace_symbol(t, 0x100001, &lines), 0);
	data = ct_trace_symbol_data(t, 0x42);
	assert_string_equal(data->name, "cache_lock");
	assert_int_equal(data->offset, 8);
	assert_null(ct_trace_symbol_data(t, 0x43));
	ct_trace_close(t);
	unlink(path);
}

/* Any byte of the payload may be anything: it is refused, or all it names lies inside. */
static void broken_symbols_are_refused(void **state)
{
	struct ct_symbols_builder *b = ct_symbols_builder_new();
	const void *payload;
	uint8_t *copy;
	size_t size, i;

	(void)state;
	ct_symbols_add_frame(b, 1);
	ct_symbols_add_line(b, "f", "a.c", 1, 0);
	ct_symbols_add_frame(b, 2);
	ct_symbols_add_line(b, "g", "a.c", 2, 0);
	ct_symbols_add_data(b, 3, "v", "f", "a.c", 3, 0);
	assert_int_equal(ct_symbols_payload(b, &payload, &size), 0);
	for (i = 0; i < size; i++) {
		assert_non_null(ct_symbols_check(payload, i));
		copy = malloc(size);
		memcpy(copy, payload, size);
		copy[i] ^= 0xff;
		ct_symbols_check(copy, size);
		if (i < sizeof(struct ct_symbols_head))
			assert_non_null(ct_symbols_check(copy, size));
		free(copy);
	}
	ct_symbols_builder_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_is_xxh64),
		cmocka_unit_test(payloads_come_back),
		cmocka_unit_test(absurd_heads_are_refused),
		cmocka_unit_test(a_full_disk_keeps_what_fitted),
		cmocka_unit_test(no_room_for_the_footer),
		cmocka_unit_test(nobody_elses_file_is_written),
		cmocka_unit_test(names_of_descriptors_are_no_places),
		cmocka_unit_test(impossible_outputs),
		cmocka_unit_test(rows_may_be_written_again),
		cmocka_unit_test(symbols_are_found),
		cmocka_unit_test(broken_symbols_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
