/*
 * board.c - small shared tables in which threads leave word for each other.
 *
 * Every row is one 64-bit word, so that it is right at every instant whoever dies; and every table may forget: a row is taken over by
 * the next object that hashes to it.  A reader checks the part of the object's hash that is kept in the word, and what it does not
 * find is "unknown", never a guess.
 *
 *   wake     mutex -> who released it last with waiters, and when
 *            63..44 tag of the mutex | 43..28 slot | 27..0 low bits of the ticks
 *            Written by the holder before it releases and read by the waiter after it has got the mutex, so for one mutex
 *            nobody else can have written in between.
 *            In the same row, the release's stack:  63..24 low 40 bits of the word above | 23..0 stack
 *            It is taken after the release, outside the critical section.  A waiter that does not find it leaves the word it read as
 *            `wanted` in the waker's slot, and the waker, who looks there afterwards, writes a wake record.
 *            A mutex between processes is not here, because each process may have it at an address of its own: every release that
 *            shows a waiter is a wake record, and readers find the one that ended a wait.
 *   birth    object -> where it was initialised:  63..32 tag | 31..24 instance mark | 23..0 stack
 *   thread   pthread_t and process -> serial:  63..24 tag | 23..0 serial
 */
#include "capture/capture.h"

#include "sys/poison.h"

#define TICKS_BITS 28
#define SLOT_BITS  16
#define STACK_BITS 24

#define LOW(v, bits) ((uint64_t)(v) & ((1ull << (bits)) - 1))

static uint64_t hash(uint64_t key)
{
	key *= 0x9e3779b97f4a7c15ull;
	return key ^ key >> 32;
}

static uint64_t object_hash(const void *object)
{
	return ct_object_hash((uint64_t)(uintptr_t)object);
}

static unsigned wake_row(uint64_t h)
{
	return (unsigned)(h % CT_WAKE_ROWS);
}

struct ct_release ct_board_release(struct ct_slot *s, const void *mutex, bool shared)
{
	uint64_t h = object_hash(mutex);
	struct ct_wake_row *row = &ct_cap.arena.shared->wake[wake_row(h)];
	struct ct_release r = {0};

	if (shared) {
		r.ticks = ct_now();
		return r;
	}
	__builtin_prefetch(row, 1);
	r.ticks = ct_now();
	r.word =
		(h >> 44) << 44 | LOW(s->index, SLOT_BITS) << TICKS_BITS | LOW(r.ticks, TICKS_BITS);
	atomic_store_explicit(&row->word, r.word, memory_order_release);
	return r;
}

static void wake_record(struct ct_slot *s, const void *mutex, uint32_t stack, uint64_t released)
{
	uint64_t v[CT_FIELDS_wake] = {0};

	v[CT_F_wake_op] = CT_OP_mutex;
	v[CT_F_wake_object] = (uint64_t)(uintptr_t)mutex;
	v[CT_F_wake_stack] = stack;
	ct_emit(s, CT_EV_wake, v, released);
}

/*
 * The stack goes to the row as long as no later release has it.  Being overtaken means that our waiter, which held the mutex before the
 * later one released it, has looked at the row already, and has left its wish with us if it found nothing.
 */
void ct_board_released(struct ct_slot *s, const void *mutex, struct ct_release r)
{
	struct ct_wake_row *row = &ct_cap.arena.shared->wake[wake_row(object_hash(mutex))];
	uint32_t stack = ct_stack_capture(&ct_cap.arena.dict, ct_stacks(s), &ct_own(s)->bounds);
	uint64_t tag = LOW(r.word, 40) << STACK_BITS, was;

	if (!r.word) {
		ct_introduce(s, CT_OP_mutex, (uint64_t)(uintptr_t)mutex, r.ticks, true);
		wake_record(s, mutex, stack, r.ticks);
		return;
	}
	if (stack >> STACK_BITS)
		stack = 0;
	do {
		/* in this order: a row that changes hands after the second load makes the exchange fail */
		was = atomic_load_explicit(&row->stack, memory_order_acquire);
		if (atomic_load_explicit(&row->word, memory_order_acquire) != r.word)
			break;
	} while (!atomic_compare_exchange_strong_explicit(
		&row->stack, &was, tag | stack, memory_order_seq_cst, memory_order_relaxed));
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&ct_own(s)->wanted, memory_order_relaxed) == r.word)
		wake_record(s, mutex, stack, r.ticks);
}

bool ct_board_waker(const void *mutex, uint64_t since, uint64_t now, uint32_t *thread,
		    uint64_t *released, uint32_t *stack)
{
	uint64_t h = object_hash(mutex), tag, was;
	struct ct_wake_row *row = &ct_cap.arena.shared->wake[wake_row(h)];
	uint64_t word = atomic_load_explicit(&row->word, memory_order_acquire);
	struct ct_slot *waker;

	if (!word || word >> 44 != h >> 44)
		return false;
	/* the newest time not after now that has these low bits; right when the release was less than 1.6 s ago */
	*released = now - LOW(now - word, TICKS_BITS);
	if (*released < since)
		return false;
	waker = ct_arena_slot(&ct_cap.arena, (uint32_t)LOW(word >> TICKS_BITS, SLOT_BITS));
	*thread = waker->thread;
	if (waker->begin_ticks > *released) {
		/* that thread has gone and its slot is another's; the one before is still known */
		if (!ct_own(waker)->before_thread || ct_own(waker)->before_begin > *released)
			return false;
		*thread = ct_own(waker)->before_thread;
	}
	tag = LOW(word, 40) << STACK_BITS;
	was = atomic_load_explicit(&row->stack, memory_order_acquire);
	if ((was ^ tag) >> STACK_BITS) {
		/* not there yet: ask, and look once more, because it may have come in between */
		atomic_store_explicit(&ct_own(waker)->wanted, word, memory_order_seq_cst);
		atomic_thread_fence(memory_order_seq_cst);
		was = atomic_load_explicit(&row->stack, memory_order_acquire);
	}
	*stack = (was ^ tag) >> STACK_BITS ? 0 : (uint32_t)LOW(was, STACK_BITS);
	return true;
}

void ct_board_born(const void *object)
{
	struct ct_slot *s = ct_self();
	uint64_t h, mark;
	uint32_t stack;

	if (!s)
		return;
	stack = ct_stack_capture(&ct_cap.arena.dict, ct_stacks(s), &ct_own(s)->bounds);
	h = object_hash(object);
	mark = LOW(ct_now() >> 6, 8) | 1;
	atomic_store_explicit(&ct_cap.arena.shared->birth[h % CT_BIRTH_ROWS],
			      (h >> 32) << 32 | mark << STACK_BITS | LOW(stack, STACK_BITS),
			      memory_order_release);
}

uint32_t ct_board_birth_read(uint64_t h, uint64_t word, uint32_t *mark)
{
	*mark = 0;
	if (!word || word >> 32 != h >> 32)
		return 0;
	*mark = (uint32_t)LOW(word >> STACK_BITS, 8);
	return (uint32_t)LOW(word, STACK_BITS);
}

static uint64_t thread_hash(unsigned long pthread)
{
	return hash((uint64_t)pthread ^ (uint64_t)ct_cap.process << 48);
}

void ct_board_thread_set(unsigned long pthread, uint32_t serial)
{
	uint64_t h = thread_hash(pthread);

	atomic_store_explicit(&ct_cap.arena.shared->thread[h % CT_THREAD_ROWS],
			      (h >> 24) << 24 | LOW(serial, 24), memory_order_release);
}

uint32_t ct_board_thread(unsigned long pthread)
{
	uint64_t h = thread_hash(pthread);
	uint64_t word = atomic_load_explicit(&ct_cap.arena.shared->thread[h % CT_THREAD_ROWS],
					     memory_order_acquire);

	return word && word >> 24 == h >> 24 ? (uint32_t)LOW(word, 24) : 0;
}
