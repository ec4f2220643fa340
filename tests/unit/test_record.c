/*
 * The recorder and the reader are two programs that meet in the bytes of a record, years apart.  Whatever the one can write the
 * other must read back, and whatever bytes the other finds it must neither crash nor read beyond its chunk.
 */
#include "traces.h"

#define RECORDS 2000

static uint64_t any_value(uint64_t *seed)
{
	uint64_t v = t_random(seed);

	switch (v % 8) {
	case 0: return 0;
	case 1: return UINT64_MAX - v % 3;
	case 2: return v;
	case 3: return 1ull << (v >> 8) % 64;
	default: return (v >> 8) % 300;
	}
}

/* A record of any known event with any values, and sometimes of one that does not exist yet. */
static struct ct_record any_record(uint64_t *seed, uint64_t now)
{
	struct ct_record r = {0};
	unsigned i;

	do {
		r.type = (uint8_t)(1 + t_random(seed) % (CT_EV_LIMIT - 1));
	} while (!ct_event_shapes[r.type].fields && r.type < 20);
	r.plain = t_random(seed) % 16 == 0;
	r.ticks = now + t_random(seed) % 1000;
	if (t_random(seed) % 16 == 0)
		r.ticks = now - t_random(seed) % 1000;
	for (i = 0; i < (ct_event_shapes[r.type].fields ? ct_event_shapes[r.type].fields : 9u); i++)
		r.v[i] = any_value(seed);
	if (ct_event_shapes[r.type].field[0] & CT_FIELD_OP || (r.type >= 20 && r.type < 32))
		r.v[0] &= 0xff;
	return r;
}

static void what_is_written_is_read(void **state)
{
	static struct ct_record written[RECORDS];
	struct ct_chunk head = {.base_ticks = 1000000};
	struct ct_builder b;
	uint64_t seed = 1;
	unsigned round;

	(void)state;
	for (round = 0; round < 50; round++) {
		struct ct_decoder d;
		struct ct_record r;
		unsigned n = 0, i;

		ct_builder_start(&b, &head);
		while (n < RECORDS) {
			written[n] = any_record(&seed, b.ticks);
			if (ct_builder_add(&b, &written[n]) != 0)
				break;
			n++;
		}
		ct_builder_seal(&b);
		ct_decoder_start(&d, b.chunk.bytes, b.used, head.base_ticks);
		for (i = 0; i < n; i++) {
			enum ct_decode_result due = ct_event_shapes[written[i].type].fields
							    ? CT_DECODE_OK
							    : CT_DECODE_UNKNOWN;

			assert_int_equal(ct_decode(&d, &r), due);
			assert_int_equal(r.type, written[i].type);
			assert_int_equal(r.plain, written[i].plain);
			assert_true(r.ticks == written[i].ticks);
			if (due == CT_DECODE_OK)
				assert_memory_equal(r.v, written[i].v, sizeof(r.v));
		}
		assert_int_equal(ct_decode(&d, &r), CT_DECODE_END);
		assert_true(d.p == d.end);
	}
}

/* A repeated wait is what traces are made of: its size is the size of traces. */
static void a_repeated_wait_is_small(void **state)
{
	struct ct_builder b;
	uint32_t before, i;

	(void)state;
	t_begin(&b, 0, 0, 1000);
	t_wait(&b, 2000, 500, 0x555500001234);
	before = b.used;
	for (i = 1; i <= 10; i++)
		t_wait(&b, 2000 + i * 20000, 500 + i, 0x555500001234);
	assert_true((b.used - before) / 10 <= 8); /* tag, time 3, op, mask, duration 2 */
}

/* Cut at any byte, a chunk gives a prefix of its records and says that it ended or is damaged. */
static void any_prefix_is_survived(void **state)
{
	struct ct_chunk head = {.base_ticks = 5000};
	struct ct_builder b;
	struct ct_record r;
	uint64_t seed = 7;
	uint32_t size;

	(void)state;
	ct_builder_start(&b, &head);
	while (b.used < 600) {
		r = any_record(&seed, b.ticks);
		assert_int_equal(ct_builder_add(&b, &r), 0);
	}
	for (size = 0; size <= b.used; size++) {
		uint8_t *exact = malloc(size ? size : 1); /* so that a byte too far is noticed */
		struct ct_decoder d;
		enum ct_decode_result result;
		uint32_t n = 0;

		memcpy(exact, b.chunk.bytes, size);
		ct_decoder_start(&d, exact, size, head.base_ticks);
		while ((result = ct_decode(&d, &r)) == CT_DECODE_OK || result == CT_DECODE_UNKNOWN)
			n++;
		assert_true(n <= b.records && d.p <= d.end);
		assert_true(size < b.used || n == b.records);
		free(exact);
	}
}

static void noise_is_survived(void **state)
{
	uint8_t bytes[256];
	uint64_t seed = 99;
	unsigned round, i;

	(void)state;
	for (round = 0; round < 20000; round++) {
		size_t size = t_random(&seed) % sizeof(bytes);
		struct ct_decoder d;
		struct ct_record r;
		enum ct_decode_result result;

		for (i = 0; i < size; i++)
			bytes[i] = (uint8_t)(t_random(&seed) >> 11);
		ct_decoder_start(&d, bytes, size, 0);
		while ((result = ct_decode(&d, &r)) == CT_DECODE_OK || result == CT_DECODE_UNKNOWN)
			assert_true(d.p <= d.end);
		assert_true(result == CT_DECODE_END || result == CT_DECODE_DAMAGED);
	}
}

/* Who skips a record goes as far as who reads it, and finds the same damage. */
static void as_far_as_reading(const uint8_t *bytes, size_t size)
{
	struct ct_decoder reads, skips;
	struct ct_record r, s;
	enum ct_decode_result due, result;

	memset(&s, 0x55, sizeof(s)); /* what is absent is 0 whatever was there */
	ct_decoder_start(&reads, bytes, size, 777);
	ct_decoder_start(&skips, bytes, size, 777);
	skips.skip = ~0ull;
	do {
		due = ct_decode(&reads, &r);
		result = ct_decode(&skips, &s);
		assert_int_equal(result, due == CT_DECODE_OK ? CT_DECODE_SKIPPED : due);
		assert_ptr_equal(skips.p, reads.p);
		if (due == CT_DECODE_OK || due == CT_DECODE_UNKNOWN)
			assert_true(s.type == r.type && s.plain == r.plain && s.ticks == r.ticks);
		if (due == CT_DECODE_UNKNOWN)
			assert_memory_equal(s.v, r.v, sizeof(r.v));
	} while (due == CT_DECODE_OK || due == CT_DECODE_UNKNOWN);
}

static void skipping_goes_as_far_as_reading(void **state)
{
	struct ct_chunk head = {.base_ticks = 777};
	uint8_t bytes[256];
	uint64_t seed = 12;
	unsigned round, i;

	(void)state;
	for (round = 0; round < 20000; round++) {
		size_t size = t_random(&seed) % sizeof(bytes);

		/* most numbers are short, and some are too long */
		for (i = 0; i < size; i++)
			bytes[i] = (uint8_t)(t_random(&seed) >> 11) & (round % 4 ? 0x7f : 0xff);
		if (size > 20 && round % 8 == 1)
			memset(bytes + 5, 0xff, 9 + round / 8 % 3);
		as_far_as_reading(bytes, size);
	}
	for (round = 0; round < 200; round++) {
		struct ct_builder b;
		struct ct_record r;
		uint8_t *exact;
		uint32_t size;

		ct_builder_start(&b, &head);
		do
			r = any_record(&seed, b.ticks);
		while (b.used < 300 && !ct_builder_add(&b, &r));
		size = b.used - round % 16;
		exact = malloc(size);
		memcpy(exact, b.chunk.bytes, size);
		as_far_as_reading(exact, size);
		free(exact);
	}
}

/* Numbers that need more than 64 bits are no numbers. */
static void a_varint_has_64_bits(void **state)
{
	const uint8_t most[] = {
		CT_EV_thread_end, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
	const uint8_t more[] = {
		CT_EV_thread_end, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
	struct ct_decoder d;
	struct ct_record r;

	(void)state;
	ct_decoder_start(&d, most, sizeof(most), 0);
	assert_int_equal(ct_decode(&d, &r), CT_DECODE_OK);
	assert_true(r.v[0] == UINT64_MAX);
	ct_decoder_start(&d, more, sizeof(more), 0);
	assert_int_equal(ct_decode(&d, &r), CT_DECODE_DAMAGED);
	assert_true(d.p == more);
}

/* A known event with a field it does not have was not written by us. */
static void a_field_too_many_is_damage(void **state)
{
	const uint8_t bytes[] = {CT_EV_thread_end, 0, 2, 1};
	struct ct_decoder d;
	struct ct_record r;

	(void)state;
	ct_decoder_start(&d, bytes, sizeof(bytes), 0);
	assert_int_equal(ct_decode(&d, &r), CT_DECODE_DAMAGED);
}

/* Two ops that share a row of predictors must not mix up: op 1 and op 33 are both row 1. */
static void ops_that_share_a_row(void **state)
{
	struct ct_record in[] = {{.type = CT_EV_wait, .ticks = 10, .v = {1, 5, 0, 1000, 7}},
				 {.type = CT_EV_wait, .ticks = 20, .v = {33, 5, 0, 4, 9}},
				 {.type = CT_EV_wait, .ticks = 30, .v = {1, 5, 0, 1000, 7}}};
	struct ct_chunk head = {0};
	struct ct_builder b;
	struct ct_decoder d;
	struct ct_record r;
	unsigned i;

	(void)state;
	ct_builder_start(&b, &head);
	for (i = 0; i < 3; i++)
		assert_int_equal(ct_builder_add(&b, &in[i]), 0);
	ct_decoder_start(&d, b.chunk.bytes, b.used, 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(ct_decode(&d, &r), CT_DECODE_OK);
		assert_memory_equal(r.v, in[i].v, sizeof(r.v));
	}
}

static void a_full_chunk_refuses(void **state)
{
	struct ct_builder b;
	struct ct_record r = {.type = CT_EV_thread_end, .ticks = 1000};

	(void)state;
	t_begin(&b, 0, 0, 1000);
	while (ct_builder_add(&b, &r) == 0)
		;
	assert_true(b.used <= CT_CHUNK_PAYLOAD && b.used > CT_CHUNK_PAYLOAD - CT_RECORD_MAX);
	assert_int_not_equal(ct_builder_torn(&b, CT_RECORD_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_repeated_wait_is_small),
		cmocka_unit_test(any_prefix_is_survived),
		cmocka_unit_test(noise_is_survived),
		cmocka_unit_test(skipping_goes_as_far_as_reading),
		cmocka_unit_test(a_varint_has_64_bits),
		cmocka_unit_test(a_field_too_many_is_damage),
		cmocka_unit_test(ops_that_share_a_row),
		cmocka_unit_test(a_full_chunk_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
