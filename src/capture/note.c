/*
 * note.c - see note.h.
 *
 * A region's number is the time it began at, which with the thread is all that a reader needs to find its beginning; so ending one costs no search
 * in the trace.  Its name is written again at its end, because what a ring has lost is the beginning of the long ones; for that the slot remembers
 * the regions the thread is in.
 */
#include "capture/note.h"

#include <asm/errno.h>

#include "sys/mem.h"
#include "sys/poison.h"

/* --- tasks and regions ------------------------------------------------------------------------------------------------------- */

/*
 * A task may end in another thread or process, so what its end repeats is left in the arena, in one of few rows; a later task may have taken it by then.
 * Any number of threads may write in a row at once, and be killed there: words that are not all of one task do not fit the check.
 */
static struct ct_task_row *task_row(uint64_t task)
{
	return &ct_cap.arena.shared->tasks[(task * 0x9e3779b97f4a7c15ull >> 32) % CT_TASK_ROWS];
}

static uint64_t task_check(uint64_t task, uint64_t begin, uint64_t name)
{
	return task ^ begin * 0x9e3779b97f4a7c15ull ^ (name + 1) * 0xbf58476d1ce4e5b9ull;
}

static void leave_task(uint64_t task, uint64_t begin, uint64_t name)
{
	struct ct_task_row *r = task_row(task);

	atomic_store_explicit(&r->begin, begin, memory_order_relaxed);
	atomic_store_explicit(&r->name, name, memory_order_relaxed);
	atomic_store_explicit(&r->check, task_check(task, begin, name), memory_order_relaxed);
}

static bool find_task(uint64_t task, uint64_t *begin, uint64_t *name)
{
	const struct ct_task_row *r = task_row(task);

	*begin = atomic_load_explicit(&r->begin, memory_order_relaxed);
	*name = atomic_load_explicit(&r->name, memory_order_relaxed);
	return atomic_load_explicit(&r->check, memory_order_relaxed) ==
	       task_check(task, *begin, *name);
}

uint64_t ct_note_task_begin(const char *name, uint64_t parent)
{
	struct ct_slot *s = ct_self();
	uint64_t now, v[CT_FIELDS_task_begin];

	if (!s || !(now = ct_now()))
		return 0;
	/* a handler may begin one too */
	v[CT_F_task_begin_task] =
		(uint64_t)s->thread << 32 |
		(atomic_fetch_add_explicit(&ct_own(s)->tasks, 1, memory_order_relaxed) + 1);
	v[CT_F_task_begin_name] = ct_name(s, name);
	v[CT_F_task_begin_parent] = parent;
	leave_task(v[CT_F_task_begin_task], now, v[CT_F_task_begin_name]);
	ct_emit(s, CT_EV_task_begin, v, now);
	return v[CT_F_task_begin_task];
}

void ct_note_task_end(uint64_t task)
{
	struct ct_slot *s = task ? ct_self() : 0;
	uint64_t now, begin, name, v[CT_FIELDS_task_end] = {task};

	if (!s || !(now = ct_now()))
		return;
	if (find_task(task, &begin, &name) && begin <= now) {
		v[CT_F_task_end_dur] = now - begin;
		v[CT_F_task_end_name] = name;
	}
	ct_emit(s, CT_EV_task_end, v, now);
}

/* Signal handlers put their regions on top of ours and take them away again; one that does not costs us a name. */
static void push(struct ct_slot_private *own, uint64_t begin, uint32_t name, uint64_t task)
{
	uint32_t depth = own->region_depth;

	if (depth >= CT_REGION_ROWS)
		return;
	own->regions[depth].begin = begin;
	own->regions[depth].name = name;
	own->regions[depth].task = task;
	own->region_depth = depth + 1;
}

static void pop(struct ct_slot_private *own, uint64_t begin, uint64_t *name, uint64_t *task)
{
	uint32_t i = own->region_depth;

	while (i-- > 0) {
		if (own->regions[i].begin != begin)
			continue;
		*name = own->regions[i].name;
		*task = own->regions[i].task;
		own->region_depth = i;
		return;
	}
}

uint64_t ct_note_region_begin(const char *name, uint64_t task)
{
	struct ct_slot *s = ct_self();
	uint64_t now, v[CT_FIELDS_region_begin];

	if (!s || !(now = ct_now()))
		return 0;
	v[CT_F_region_begin_name] = ct_name(s, name);
	v[CT_F_region_begin_task] = task;
	push(ct_own(s), now, (uint32_t)v[CT_F_region_begin_name], task);
	ct_emit(s, CT_EV_region_begin, v, now);
	return now;
}

void ct_note_region_end(uint64_t region)
{
	struct ct_slot *s = region ? ct_self() : 0;
	uint64_t now, v[CT_FIELDS_region_end] = {0};

	if (!s || (now = ct_now()) < region)
		return; /* the clock has stopped, or it is no region */
	v[CT_F_region_end_dur] = now - region;
	pop(ct_own(s), region, &v[CT_F_region_end_name], &v[CT_F_region_end_task]);
	ct_emit(s, CT_EV_region_end, v, now);
}

/* --- texts -------------------------------------------------------------------------------------------------------------------- */

static void put_words(uint64_t *to, const char *text, size_t n, size_t room)
{
	size_t i;

	for (i = 0; i < room; i++)
		to[i] = 0;
	ct_mem_copy(to, text, n < room * 8 ? n : room * 8);
}

/* What did not fit into the first record.  `v` is the caller's, so that two records' fields do not lie on the stack. */
static void put_rest(struct ct_slot *s, uint64_t *v, const char *text, size_t n, size_t at,
		     uint64_t now)
{
	const size_t room = CT_FIELDS_text - 1;

	if (n > CT_TEXT_KEPT)
		n = CT_TEXT_KEPT;
	for (; at < n; at += room * 8) {
		v[CT_F_text_at] = at;
		put_words(v + CT_F_text_t0, text + at, n - at, room);
		ct_emit(s, CT_EV_text, v, now);
	}
}

void ct_note_log(uint64_t task, const char *category, const char *message)
{
	const size_t room = CT_FIELDS_log - CT_F_log_t0;
	struct ct_slot *s = ct_self();
	uint64_t now, v[CT_FIELDS_MAX];
	size_t n;

	if (!s || !(now = ct_now()))
		return;
	n = message ? ct_str_length(message, CT_TEXT_COUNT) : 0;
	v[CT_F_log_category] = ct_name(s, category);
	v[CT_F_log_task] = task;
	v[CT_F_log_bytes] = n;
	put_words(v + CT_F_log_t0, message, n, room);
	ct_emit(s, CT_EV_log, v, now);
	put_rest(s, v, message, n, room * 8, now);
}

void ct_note_label(const char *key, const char *value)
{
	const size_t room = CT_FIELDS_label - CT_F_label_t0;
	struct ct_slot *s = ct_self();
	uint64_t now, v[CT_FIELDS_MAX];
	size_t n;

	if (!s || !(now = ct_now()))
		return;
	n = value ? ct_str_length(value, CT_TEXT_COUNT) : 0;
	v[CT_F_label_key] = ct_name(s, key);
	v[CT_F_label_bytes] = n;
	put_words(v + CT_F_label_t0, value, n, room);
	ct_emit(s, CT_EV_label, v, now);
	put_rest(s, v, value, n, room * 8, now);
}

/* --- on and off --------------------------------------------------------------------------------------------------------------- */

static void note_recording(struct ct_slot *s, uint64_t on, uint64_t now)
{
	const uint64_t v[CT_FIELDS_recording] = {on};

	ct_emit(s, CT_EV_recording, v, now);
}

bool ct_note_enabled(void)
{
	return ct_capture_can() && ct_enabled() &&
	       !atomic_load_explicit(&ct_cap.paused, memory_order_relaxed);
}

/* The times are such that all which begins outside of them is recorded: the time of the stop is taken before it, that of the start after it. */
int ct_note_stop(void)
{
	struct ct_slot *s;
	uint64_t now;

	if (!ct_capture_can())
		return ENOSYS;
	if (atomic_load_explicit(&ct_cap.paused, memory_order_relaxed))
		return EALREADY;
	s = ct_self();
	if (!s)
		return EAGAIN;
	now = ct_now();
	if (!ct_capture_pause())
		return EALREADY;
	note_recording(s, 0, now);
	return 0;
}

int ct_note_start(void)
{
	struct ct_slot *s;

	if (!ct_capture_can())
		return ENOSYS;
	if (!ct_capture_resume())
		return EALREADY;
	s = ct_self();
	if (!s) {
		ct_capture_pause();
		return EAGAIN;
	}
	note_recording(s, 1, ct_now());
	return 0;
}

/* --- snapshots --------------------------------------------------------------------------------------------------------------- */

static bool may_be_named(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

bool ct_note_is_snapshot_name(const char *name)
{
	size_t n = name ? ct_str_length(name, CT_ASK_NAME_BYTES) : 0, i;

	if (!n || n >= CT_ASK_NAME_BYTES || name[0] == '.')
		return false;
	for (i = 0; i < n; i++)
		if (!may_be_named(name[i]))
			return false;
	return true;
}

/*
 * ctrace-run does it, since it takes descriptors and writing.  Whoever is stopped or killed between taking the word and asking loses it to the
 * next round; at worst two then write a name at once, and it is looked at again where it is used.
 */
int ct_note_snapshot(const char *name)
{
	struct ct_header *h = ct_cap.arena.header;
	uint32_t ask, taken;

	if (!h)
		return ENOSYS;
	if (!ct_note_is_snapshot_name(name))
		return EINVAL;
	ask = atomic_load_explicit(&h->ask, memory_order_relaxed);
	if (CT_ASK_STATE(ask) == CT_ASK_NOBODY)
		return EOPNOTSUPP;
	taken = CT_ASK_WITH(ask, CT_ASK_TAKEN);
	if (CT_ASK_STATE(ask) != CT_ASK_READY ||
	    !atomic_compare_exchange_strong_explicit(&h->ask, &ask, taken, memory_order_acquire,
						     memory_order_relaxed))
		return EBUSY;
	ct_mem_zero(h->ask_name, sizeof(h->ask_name));
	ct_mem_copy(h->ask_name, name, ct_str_length(name, CT_ASK_NAME_BYTES - 1));
	return atomic_compare_exchange_strong_explicit(&h->ask, &taken,
						       CT_ASK_WITH(taken, CT_ASK_ASKED),
						       memory_order_release, memory_order_relaxed)
		       ? 0
		       : EBUSY;
}
