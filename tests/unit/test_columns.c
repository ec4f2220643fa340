/*
 * Chunks that were put in columns must come back to the byte, whatever bytes they are: records of any event, records cut short,
 * numbers that nobody would write.  And columns that nobody wrote must not be believed.
 */
#include "traces.h"

#include "file/block.h"
#include "file/columns.h"
#include "file/encode.h"

#define HEAD	 offsetof(struct ct_chunk, bytes)
#define ROWS_MAX (8 * CT_CHUNK_BYTES)

struct fixture {
	uint8_t rows[ROWS_MAX], back[ROWS_MAX], columns[ROWS_MAX + CT_COLUMN_TABLE_MAX];
	struct ct_column_table table;
};

static uint8_t *put_number(uint8_t *p, uint64_t *seed)
{
	uint64_t v = t_random(seed), bits = v % 3 ? 3 : v / 3 % 64;

	return ct_put_varint(p, t_random(seed) >> (63 - bits));
}

static uint8_t *put_record(uint8_t *p, uint64_t *seed)
{
	unsigned event = (unsigned)(1 + t_random(seed) % (t_random(seed) % 40 ? 3 : 63)), n;

	*p++ = (uint8_t)(event | (t_random(seed) & 0xc0));
	p = put_number(p, seed);
	if (ct_event_shapes[event].fields ? ct_event_shapes[event].field[0] & CT_FIELD_OP
					  : event >= 20 && event < 32)
		*p++ = (uint8_t)t_random(seed);
	n = (unsigned)(t_random(seed) % (event < 4 ? 6 : 14));
	p = ct_put_varint(p, n == 13 ? UINT64_MAX : (1u << n) - 1);
	for (n = n == 13 ? 64 : n; n; n--)
		p = put_number(p, seed);
	return p;
}

/* Chunks of random records; with `noise`, the rest of each chunk is anything. */
static size_t put_chunks(uint8_t *rows, uint64_t *seed, unsigned noise)
{
	uint8_t *p = rows;
	unsigned n = (unsigned)(1 + t_random(seed) % 6);

	for (; n; n--) {
		uint8_t *start = p + HEAD, *q = start;
		uint64_t cursor, records = t_random(seed) % 300, tail = t_random(seed) % 50;

		memset(p, 0, HEAD);
		while (records-- && q - start < 15000)
			q = put_record(q, seed);
		while (noise && tail--)
			*q++ = (uint8_t)(t_random(seed) >> 9);
		cursor = (uint64_t)(q - start) | 77 << 16;
		memcpy(p + offsetof(struct ct_chunk, cursor), &cursor, sizeof(cursor));
		while ((q - start) & 7)
			*q++ = 0;
		p = q;
	}
	return (size_t)(p - rows);
}

static void every_byte_comes_back(void **state)
{
	struct fixture *f = malloc(sizeof(*f));
	struct ct_coder *coder = ct_coder_new();
	uint64_t seed = 11;
	unsigned i, in_columns = 0;

	(void)state;
	for (i = 0; i < 2000; i++) {
		struct ct_block head = {.type = CT_BLOCK_CHUNKS};
		size_t size = put_chunks(f->rows, &seed, i % 2);
		size_t bytes = ct_columns_split(f->rows, size, f->columns, &f->table);
		const void *stored;

		assert_true(bytes >= size - 8 * 7 && bytes <= size + CT_COLUMN_TABLE_MAX);
		memset(f->back, 0xee, sizeof(f->back));
		assert_int_equal(ct_columns_join(f->columns, bytes, f->back, size), 0);
		assert_memory_equal(f->back, f->rows, size);
		assert_int_equal(ct_columns_join(f->columns, bytes, f->back, size - 8), -1);
		assert_int_equal(ct_columns_join(f->columns, bytes, f->back, size + 8), -1);
		assert_int_equal(ct_columns_join(f->columns, bytes - 1, f->back, size), -1);

		assert_int_equal(ct_block_pack(coder, &head, f->rows, size, &stored), 0);
		if (head.flags & CT_BLOCK_COLUMNS)
			in_columns++;
		assert_null(ct_block_head_check(&head, sizeof(head) + head.stored_bytes));
		memset(f->back, 0xee, sizeof(f->back));
		assert_null(ct_block_unpack(coder, &head, stored, f->back));
		assert_memory_equal(f->back, f->rows, size);
	}
	/* small blocks, and those with too much noise, are not */
	assert_in_range(in_columns, 100, 1900);
	ct_coder_free(coder);
	free(f);
}

static void others_are_left_as_they_are(void **state)
{
	struct fixture *f = malloc(sizeof(*f));
	uint64_t seed = 12;
	size_t size = put_chunks(f->rows, &seed, 1);

	(void)state;
	assert_int_equal(ct_columns_split(f->rows, 0, f->columns, &f->table), 0);
	assert_int_equal(ct_columns_split(f->rows, size - 8, f->columns, &f->table), 0);
	memset(f->rows, 0xff, HEAD);
	assert_int_equal(ct_columns_split(f->rows, size, f->columns, &f->table), 0);
	free(f);
}

/* The sanitizers watch; the bounds are those of memory of exactly this size. */
static void wrong_columns_are_refused(void **state)
{
	struct fixture *f = malloc(sizeof(*f));
	uint64_t seed = 13;
	unsigned i, n, refused = 0;

	(void)state;
	for (i = 0; i < 4000; i++) {
		size_t size = put_chunks(f->rows, &seed, i % 2);
		size_t bytes = ct_columns_split(f->rows, size, f->columns, &f->table);
		uint8_t *columns = malloc(bytes), *rows = malloc(size);

		memcpy(columns, f->columns, bytes);
		for (n = 1 + i % 3; n; n--)
			columns[t_random(&seed) % (i % 4 ? bytes : 40)] ^=
				(uint8_t)(1u << t_random(&seed) % 8);
		refused += ct_columns_join(columns, bytes, rows, size) != 0;
		free(columns);
		free(rows);
	}
	assert_in_range(refused, 1000, 3999);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(others_are_left_as_they_are),
		cmocka_unit_test(wrong_columns_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
