/*
 * A copy of an arena while threads write into it: what is in it was there at one moment.  Each thread writes its numbers in turn
 * and, with each, the last number that it knows its neighbour has written; so if the copy has that knowledge it must have the number too, and it
 * may lack none in between.
 *
 * A ring that is faster than the copying rightly takes what was there before.  How fast it is depends on who gets a CPU; so in a round, which begins
 * before a copy and ends after it, threads write a third of the ring and no more.  Then all that was written in the round and in the one before it
 * has to be in the copy.
 */
#include "capture.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "run/freeze.h"
#include "run/mend.h"

#define WRITERS 3
#define CHUNKS	1024
#define COPIES	20
#define SHARE	(CHUNKS / 3 / WRITERS) /* chunks of a writer in a round */
#define PAUSE	256 /* numbers: else a round is written before its copy has begun */

static struct ct_store store;
static _Atomic uint64_t written[WRITERS];
static _Atomic uint32_t slot_of[WRITERS];
static _Atomic uint32_t taken[WRITERS];	  /* chunks */
static _Atomic uint32_t allowed[WRITERS]; /* when it has taken so many, its round is over */
static _Atomic int stop;

static void write_number(struct ct_slot *s, unsigned me)
{
	uint64_t v[CT_FIELDS_task_begin] = {0};

	v[CT_F_task_begin_task] = atomic_load(&written[me]) + 1;
	v[CT_F_task_begin_name] = me;
	v[CT_F_task_begin_parent] = atomic_load(&written[(me + 1) % WRITERS]);
	ct_emit(s, CT_EV_task_begin, v, ct_now());
	atomic_store(&written[me], v[CT_F_task_begin_task]);
}

static void *write_numbers(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg, i;
	struct ct_slot *s = ct_self();

	if (!s)
		return NULL;
	atomic_store(&slot_of[me], s->index + 1);
	while (!atomic_load(&stop)) {
		if (s->next_sequence >= atomic_load(&allowed[me])) {
			usleep(100);
			continue;
		}
		for (i = 0; i < PAUSE; i++)
			write_number(s, me);
		atomic_store(&taken[me], s->next_sequence);
		usleep(1);
	}
	return NULL;
}

/* The next round may begin when the slowest has ended this one: his open chunk is not one that the ring has long gone past. */
static void begin_round(void)
{
	unsigned i;

	for (i = 0; i < WRITERS; i++)
		while (atomic_load(&taken[i]) < atomic_load(&allowed[i]))
			usleep(100);
	for (i = 0; i < WRITERS; i++)
		atomic_fetch_add(&allowed[i], SHARE);
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

/* False: as see_chunk(). */
static bool see_slot(uint32_t slot, struct seen *seen)
{
	uint32_t sequence = ct_arena_slot(&ct_cap.arena, slot)->next_sequence;
	struct ct_chunk *c;

	find_chunks(slot);
	*seen = (struct seen){.in_turn = true};
	/* a ring: from the newest back to where it was overwritten, then forward */
	while (sequence && chunk_of(sequence - 1))
		sequence--;
	for (; (c = chunk_of(sequence)); sequence++)
		if (!see_chunk(c, seen))
			return false;
	return true;
}

/* What is wrong with the copy; NULL nothing.  @old: written before the round that came before this */
static const char *look(const uint64_t old[WRITERS], const uint64_t before[WRITERS],
			const struct ct_clock_sample *moment)
{
	struct seen seen[WRITERS];
	unsigned i;

	for (i = 0; i < WRITERS; i++) {
		if (!see_slot(atomic_load(&slot_of[i]) - 1, &seen[i]))
			return "a chunk is not whole";
		if (!seen[i].in_turn)
			return "a number is missing";
		if (!seen[i].first || seen[i].first > old[i] + 1)
			return "what the ring has not overwritten is missing";
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

static int complain(const char *wrong)
{
	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	return wrong != NULL;
}

static int copy(const uint64_t old[WRITERS], const uint64_t before[WRITERS])
{
	struct ct_clock_sample moment = {0};

	if (ct_freeze(&store, &moment) != 0 || ct_mend_frozen(&store) != 0)
		return complain("no copy");
	return complain(look(old, before, &moment));
}

static void start(void)
{
	struct ct_arena_plan plan = ct_arena_plan_alone;
	unsigned i;

	plan.chunks = plan.chunks_backed = CHUNKS;
	c_start(&plan, CT_POLICY_RING);
	store = (struct ct_store){.fd = -1,
				  .memory = ct_cap.arena.header,
				  .bytes = ct_cap.arena.header->file_bytes,
				  .arena = ct_cap.arena};
	for (i = 0; i < WRITERS; i++)
		atomic_store(&written[i], 0);
}

/* What is copied goes in the place of what it is a copy of, so each is made in a process of its own. */
static void in_a_child(int (*judge)(const uint64_t *, const uint64_t *), const uint64_t *old,
		       const uint64_t *before)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(judge(old, before));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void at_one_moment(void **state)
{
	uint64_t old[WRITERS] = {0}, before[WRITERS] = {0};
	pthread_t t[WRITERS];
	unsigned i, n;

	(void)state;
	start();
	begin_round();
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, write_numbers, (void *)(uintptr_t)i),
				 0);
	for (n = 0; n < COPIES; n++) {
		begin_round();
		memcpy(old, before, sizeof(old));
		for (i = 0; i < WRITERS; i++)
			before[i] = atomic_load(&written[i]);
		in_a_child(copy, old, before);
	}
	atomic_store(&stop, 1);
	for (i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	c_stop();
}

/* --- a ring that overtakes ------------------------------------------------------------------------------------------------------------- */

/*
 * Which chunk is copied when, seen from its memory: the copying thread runs into pages that it may not read, and there what threads would write
 * meanwhile is written.
 */
#define PAGE 4096u

static struct ct_slot *slots[2];
static void (*meanwhile)(void);
static unsigned stumbled;

/* Write chunks of one slot to their end; the next one is begun. */
static void fill(unsigned me, unsigned chunks_more)
{
	uint32_t end = slots[me]->next_sequence + chunks_more;

	while (slots[me]->next_sequence < end)
		write_number(slots[me], me);
}

/* Where pages are larger than that there is no looking into chunks. */
static void start_guarded(void)
{
	if (sysconf(_SC_PAGESIZE) != PAGE)
		skip();
	start();
}

static void protect(void *from, uint64_t bytes, int how)
{
	if (mprotect(from, bytes, how) != 0)
		abort();
}

/* All of a chunk but its head, and what lies in the same page. */
static void guard(unsigned i)
{
	protect((uint8_t *)&ct_cap.arena.chunks[i] + PAGE, CT_CHUNK_BYTES - PAGE, PROT_NONE);
}

static void stumble(int signo)
{
	(void)signo;
	protect(ct_cap.arena.chunks, (uint64_t)CHUNKS * CT_CHUNK_BYTES, PROT_READ | PROT_WRITE);
	if (stumbled++ == 0)
		meanwhile();
}

/* What of slot 0 is in the copy. */
static const char *freeze_guarded(void (*what)(void), struct seen *seen)
{
	struct sigaction act = {.sa_handler = stumble};
	struct ct_clock_sample moment = {0};

	meanwhile = what;
	sigaction(SIGSEGV, &act, NULL);
	if (ct_freeze(&store, &moment) != 0 || ct_mend_frozen(&store) != 0)
		return "no copy";
	return see_slot(slots[0]->index, seen) ? NULL : "a chunk is not whole";
}

#define WAS  (CHUNKS / 4)
#define MORE (CHUNKS / 2)

static void write_more(void)
{
	unsigned i;

	fill(0, MORE);
	/* not the one in which the moment lies */
	for (i = WAS + 1; i < WAS + MORE - 1; i++)
		guard(i);
}

/* The head of the last chunk is looked at last, and after the moment. */
static int leave_later_ones(const uint64_t *old, const uint64_t *before)
{
	struct seen seen;
	const char *wrong;

	(void)old;
	protect(&ct_cap.arena.chunks[CHUNKS - 1], PAGE, PROT_NONE);
	wrong = freeze_guarded(write_more, &seen);
	if (!wrong && !stumbled)
		wrong = "nobody looked at the last head";
	if (!wrong && stumbled > 1)
		wrong = "what came later is read";
	if (!wrong && (seen.first != 1 || seen.last != before[0] || !seen.in_turn))
		wrong = "what was there before is missing";
	return complain(wrong);
}

/* Reading those would take longer than the ring takes to overwrite what is to be copied, if it is fast. */
static void none_that_came_later(void **state)
{
	uint64_t before;

	(void)state;
	start_guarded();
	slots[0] = ct_slot_claim();
	fill(0, WAS);
	before = atomic_load(&written[0]);
	in_a_child(leave_later_ones, NULL, &before);
	c_stop();
}

#define NEAR 8 /* chunks before the ring comes to the old one */

static void overtake(void)
{
	fill(0, 1);
	fill(1, 4 * NEAR);
}

static int keep_open_one(const uint64_t *old, const uint64_t *before)
{
	struct seen seen;
	const char *wrong;
	unsigned i;

	(void)old;
	for (i = 0; i < CHUNKS; i++)
		if (atomic_load(&ct_cap.arena.chunks[i].state) == CT_CHUNK_SEALED)
			guard(i);
	wrong = freeze_guarded(overtake, &seen);
	if (!wrong && !stumbled)
		wrong = "no sealed chunk was read";
	if (!wrong && (seen.first != 1 || seen.last != before[0]))
		wrong = "what was there before is missing";
	return complain(wrong);
}

/* A thread that writes little has the newest of what it wrote in a chunk that the ring takes at once when it is full. */
static void an_open_one_first(void **state)
{
	uint64_t before;

	(void)state;
	start_guarded();
	slots[0] = ct_slot_claim();
	slots[1] = ct_slot_claim();
	write_number(slots[0], 0);
	write_number(slots[0], 0);
	before = atomic_load(&written[0]);
	fill(1, 2 * CHUNKS - NEAR);
	assert_int_equal(atomic_load(&ct_cap.arena.chunks[0].state), CT_CHUNK_OPEN);
	in_a_child(keep_open_one, NULL, &before);
	c_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_one_moment),
		cmocka_unit_test(none_that_came_later),
		cmocka_unit_test(an_open_one_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
