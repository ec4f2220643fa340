/*
 * `ctrace finish` appends to a file that was cut anywhere, by a kill or a full disk.  Wherever that was: every block that was whole
 * must still be there, nothing else may be, and the trace must be sound once it has its end.
 */
#include "traces.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "file/block.h"
#include "file/err.h"
#include "read/validate.h"

#define BLOCKS 3

static struct ct_header header_of_trace(void)
{
	struct ct_header h = {.policy = CT_POLICY_STREAM,
			      .clock = CT_CLOCK_TSC,
			      .ticks_per_second = 1000000000,
			      .start_mono_ns = 1000};

	h.samples[0] = (struct ct_clock_sample){1000, 1000};
	h.clock_samples = 1;
	h.trace_id[3] = 7;
	return h;
}

/* One chunk a block, as many records in each as its number; returns where the blocks end. */
static void make_stream(const char *path, uint64_t end[BLOCKS + 1])
{
	struct ct_process_rec process = {.state = CT_PROC_ENDED, .pid = 100};
	struct ct_header h = header_of_trace();
	struct ct_builder b;
	struct ct_stream *s;
	unsigned i, k;

	assert_int_equal(ct_stream_create(path, &h, &s), 0);
	end[0] = ct_stream_stats(s).file_bytes;
	for (i = 0; i < BLOCKS; i++) {
		const struct ct_chunk *chunk = (const void *)&b.chunk;

		t_begin(&b, 0, i, 2000 + i * 1000);
		if (i == 0)
			t_thread(&b, 2000, 1);
		for (k = 0; k < i + 2; k++)
			t_wait(&b, 2100 + i * 1000 + k, 50, 0x1000);
		ct_builder_seal(&b);
		assert_int_equal(ct_stream_chunks(s, &chunk, 1), 0);
		end[i + 1] = ct_stream_stats(s).file_bytes;
	}
	assert_int_equal(ct_stream_rows(s, CT_BLOCK_PROCESSES, 0, &process, sizeof(process)), 0);
	ct_stream_close(s);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void say(void *arg, const struct ct_problem *p)
{
	(void)arg;
	print_error("%s\n", p->text);
}

static int64_t problems(const char *path, uint64_t *chunks)
{
	struct ct_trace *t = t_open(path);
	int64_t n = ct_validate(t, say, NULL);

	assert_true(ct_trace_info(t)->finished);
	*chunks = ct_trace_info(t)->chunks;
	ct_trace_close(t);
	return n;
}

static void cut_at_every_byte(void **state)
{
	const char *path = t_path("whole.ctrace"), *cut = t_path("cut.ctrace");
	struct ct_process_rec process = {.state = CT_PROC_ENDED, .pid = 100};
	struct ct_header h = header_of_trace();
	uint64_t end[BLOCKS + 1], at, chunks;
	struct ct_stream *s;
	uint8_t *bytes;
	size_t size;

	(void)state;
	make_stream(path, end);
	bytes = t_load(path, &size);
	for (at = 0; at <= size; at++) {
		unsigned whole = 0, records = 0, i;

		write_file(cut, bytes, at);
		if (at < end[0]) {
			assert_int_equal(ct_stream_reopen(cut, true, &s), -CT_ERR_FOREIGN);
			assert_null(s);
			continue;
		}
		/* the padding of a block is no part of it */
		while (whole < BLOCKS && at + 7 >= end[whole + 1])
			whole++;
		if (whole && at < end[whole]) {
			struct ct_block head;

			memcpy(&head, bytes + end[whole - 1], sizeof(head));
			whole -= at < end[whole - 1] + sizeof(head) + head.stored_bytes;
		}
		for (i = 0; i < whole; i++)
			records += i + 2 + (i == 0);
		assert_int_equal(ct_stream_reopen(cut, true, &s), 0);
		assert_int_equal(ct_stream_stats(s).chunks, whole);
		assert_int_equal(ct_stream_stats(s).records, records);
		assert_int_equal(ct_stream_stats(s).file_bytes, end[whole]);
		assert_int_equal(
			ct_stream_rows(s, CT_BLOCK_PROCESSES, 0, &process, sizeof(process)), 0);
		assert_int_equal(ct_stream_finish(s, &h), 0);
		ct_stream_close(s);
		assert_int_equal(problems(cut, &chunks), 0);
		assert_int_equal(chunks, whole);
	}
	free(bytes);
}

static void tables_of_an_attempt(void **state)
{
	const char *path = t_path("tables.ctrace");
	uint64_t end[BLOCKS + 1], blocks;
	struct ct_stream *s;

	(void)state;
	make_stream(path, end);
	assert_int_equal(ct_stream_reopen(path, false, &s), 0);
	blocks = ct_stream_stats(s).file_bytes;
	assert_true(blocks > end[BLOCKS]);
	ct_stream_close(s);
	assert_int_equal(ct_stream_reopen(path, true, &s), 0);
	assert_int_equal(ct_stream_stats(s).file_bytes, end[BLOCKS]);
	ct_stream_close(s);
}

static void damage_between_blocks_stays(void **state)
{
	const char *path = t_path("damaged.ctrace");
	uint64_t end[BLOCKS + 1];
	struct ct_stream *s;
	uint8_t *bytes;
	size_t size;

	(void)state;
	make_stream(path, end);
	bytes = t_load(path, &size);
	bytes[end[1] + sizeof(struct ct_block) + 3] ^= 0x55;
	write_file(path, bytes, size);
	assert_int_equal(ct_stream_reopen(path, true, &s), 0);
	assert_int_equal(ct_stream_stats(s).chunks, BLOCKS - 1);
	assert_int_equal(ct_stream_stats(s).file_bytes, end[BLOCKS]);
	ct_stream_close(s);
	free(bytes);
}

static void an_end_without_its_header(void **state)
{
	const char *path = t_path("footer.ctrace");
	struct ct_header h = header_of_trace();
	uint64_t end[BLOCKS + 1], before;
	struct ct_stream *s;
	uint32_t no = 0;
	int fd;

	(void)state;
	make_stream(path, end);
	assert_int_equal(ct_stream_reopen(path, false, &s), 0);
	before = ct_stream_stats(s).file_bytes;
	assert_int_equal(ct_stream_finish(s, &h), 0);
	ct_stream_close(s);
	assert_int_equal(ct_stream_reopen(path, false, &s), -EALREADY);
	/* killed between the footer and the header */
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, &no, sizeof(no), offsetof(struct ct_header, finished)),
			 sizeof(no));
	close(fd);
	assert_int_equal(ct_stream_reopen(path, false, &s), 0);
	assert_int_equal(ct_stream_stats(s).file_bytes, before);
	ct_stream_close(s);
}

static void one_at_a_time(void **state)
{
	const char *path = t_path("locked.ctrace");
	uint64_t end[BLOCKS + 1];
	struct ct_stream *one, *two;

	(void)state;
	make_stream(path, end);
	assert_int_equal(ct_stream_reopen(path, true, &one), 0);
	assert_int_equal(ct_stream_reopen(path, true, &two), -EWOULDBLOCK);
	ct_stream_close(one);
	assert_int_equal(ct_stream_reopen(path, true, &two), 0);
	ct_stream_close(two);
}

static void what_is_no_stream(void **state)
{
	struct ct_header h = header_of_trace();
	const char *path = t_path("other");
	struct ct_stream *s;

	(void)state;
	assert_int_equal(ct_stream_reopen(t_path("missing"), true, &s), -ENOENT);
	assert_int_equal(ct_stream_reopen("/dev/null", true, &s), -CT_ERR_FOREIGN);
	h.magic = CT_MAGIC;
	h.major = CT_FORMAT_MAJOR + 1;
	h.header_bytes = CT_HEADER_BYTES;
	h.container = CT_STREAM;
	write_file(path, &h, sizeof(h));
	assert_int_equal(ct_stream_reopen(path, true, &s), -CT_ERR_NEWER);
	h.major = CT_FORMAT_MAJOR;
	h.container = CT_ARENA;
	write_file(path, &h, sizeof(h));
	assert_int_equal(ct_stream_reopen(path, true, &s), -CT_ERR_FOREIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(tables_of_an_attempt),
		cmocka_unit_test(damage_between_blocks_stays),
		cmocka_unit_test(an_end_without_its_header),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(what_is_no_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
