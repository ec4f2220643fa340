/*
 * A copy of an arena while threads write into it: what is in it was there at one moment.  Each thread writes its numbers in turn
 * and, with each, the last number that it knows its neighbour has written; so if the copy has that knowledge it must have the number too, and it
 * may lack none in between.
 */
#include "capture.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>

#include "run/freeze.h"
#include "run/mend.h"

#define WRITERS 3
#define CHUNKS	4096
#define COPIES	20
#define PAUSE                                                                                      \
	256 /* numbers: else the ring takes all that a thread has written while that waits for a CPU */

static struct ct_store store;
static _Atomic uint64_t written[WRITERS];
static _Atomic uint32_t slot_of[WRITERS];
static _Atomic int stop;

/* v: its number, who, the neighbour's */
static void *write_numbers(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;
	struct ct_slot *s = ct_self();
	uint64_t v[CT_FIELDS_task_begin] = {0};

	if (!s)
		return NULL;
	atomic_store(&slot_of[me], s->index + 1);
	while (!atomic_load(&stop)) {
		v[CT_F_task_begin_task]++;
		v[CT_F_task_begin_name] = me;
		v[CT_F_task_begin_parent] = atomic_load(&written[(me + 1) % WRITERS]);
		ct_emit(s, CT_EV_task_begin, v, ct_now());
		atomic_store(&written[me], v[CT_F_task_begin_task]);
		if (v[CT_F_task_begin_task] % PAUSE == 0)
			usleep(1);
	}
	return NULL;
}

/* --- in the copy -------------------------------------------------------------------------------------------------------------------- */

struct seen {
	uint64_t first, last, neighbour;
	uint64_t latest; /* ticks */
	bool in_turn;
};

static void see(const struct ct_record *r, void *arg)
{
	struct seen *seen = arg;

	if (r->ticks > seen->latest)
		seen->latest = r->ticks;
	if (r->type != CT_EV_task_begin)
		return;
	if (!seen->first)
		seen->first = r->v[CT_F_task_begin_task];
	else if (r->v[CT_F_task_begin_task] != seen->last + 1)
		seen->in_turn = false;
	seen->last = r->v[CT_F_task_begin_task];
	seen->neighbour = r->v[CT_F_task_begin_parent];
}

static struct ct_chunk *chunks[CHUNKS]; /* of one slot, by sequence */

static struct ct_chunk *chunk_of(uint32_t sequence)
{
	struct ct_chunk *c = chunks[sequence % CHUNKS];

	return c && c->sequence == sequence ? c : NULL;
}

static void find_chunks(uint32_t slot)
{
	unsigned i;

	memset(chunks, 0, sizeof(chunks));
	for (i = 0; i < CHUNKS; i++) {
		struct ct_chunk *c = &ct_cap.arena.chunks[i];

		if (c->magic == CT_CHUNK_MAGIC && c->slot == slot)
			chunks[c->sequence % CHUNKS] = c;
	}
}

/* False: a chunk has something behind its records. */
static bool see_chunk(const struct ct_chunk *c, struct seen *seen)
{
	uint32_t used = (uint32_t)(atomic_load(&c->cursor) & 0xffff), records = 0;
	struct ct_decoder d;
	struct ct_record r;

	ct_decoder_start(&d, c->bytes, used, c->base_ticks);
	while (ct_decode(&d, &r) == CT_DECODE_OK) {
		records++;
		see(&r, seen);
	}
	return d.p == d.end && records == atomic_load(&c->records) &&
	       atomic_load(&c->state) == CT_CHUNK_SEALED;
}

/* What is wrong with the copy; NULL nothing. */
static const char *look(uint64_t before[WRITERS], const struct ct_clock_sample *moment)
{
	struct seen seen[WRITERS];
	unsigned i;

	for (i = 0; i < WRITERS; i++) {
		uint32_t slot = atomic_load(&slot_of[i]) - 1, sequence;
		struct ct_chunk *c;

		find_chunks(slot);
		sequence = ct_arena_slot(&ct_cap.arena, slot)->next_sequence;
		seen[i] = (struct seen){.in_turn = true};
		/* a ring: from the newest back to where it was overwritten, then forward */
		while (sequence && chunk_of(sequence - 1))
			sequence--;
		for (; (c = chunk_of(sequence)); sequence++)
			if (!see_chunk(c, &seen[i]))
				return "a chunk is not whole";
		if (!seen[i].in_turn)
			return "a number is missing";
		if (seen[i].last < before[i])
			return "what was there before is missing";
		if (seen[i].latest > moment->ticks)
			return "something came later";
	}
	for (i = 0; i < WRITERS; i++)
		if (seen[i].neighbour > seen[(i + 1) % WRITERS].last)
			return "one knows what the other has not done yet";
	return NULL;
}

static int copy(void)
{
	struct ct_clock_sample moment = {0};
	uint64_t before[WRITERS];
	const char *wrong;
	unsigned i;

	for (i = 0; i < WRITERS; i++)
		before[i] = atomic_load(&written[i]);
	if (ct_freeze(&store, &moment) != 0 || ct_mend_frozen(&store) != 0)
		wrong = "no copy";
	else
		wrong = look(before, &moment);
	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	return wrong != NULL;
}

static void at_one_moment(void **state)
{
	struct ct_arena_plan plan = ct_arena_plan_alone;
	pthread_t t[WRITERS];
	unsigned i;
	int status;

	(void)state;
	plan.chunks = plan.chunks_backed = CHUNKS;
	c_start(&plan, CT_POLICY_RING);
	store = (struct ct_store){.fd = -1,
				  .memory = ct_cap.arena.header,
				  .bytes = ct_cap.arena.header->file_bytes,
				  .arena = ct_cap.arena};
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, write_numbers, (void *)(uintptr_t)i),
				 0);
	for (i = 0; i < WRITERS; i++)
		while (!atomic_load(&written[i]))
			usleep(100);
	for (i = 0; i < COPIES; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(copy());
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	atomic_store(&stop, 1);
	for (i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	c_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(at_one_moment)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
