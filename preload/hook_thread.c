/*
 * hook_thread.c - threads: created, begun, named, joined, ended.
 *
 * The creator claims the child's slot and leaves start routine and argument in it, so nothing is allocated and the child finds its slot
 * without searching.  The child's first frame is ours; it must be on the way out too, when the thread returns, calls pthread_exit or
 * is cancelled, because the slot's totals are written there.  For the last two that takes a cleanup handler, and the kind made for C without a
 * compiler's exception tables (setjmp-like, registered with libc) is used: an object with a personality routine would need libgcc_s.
 */
#include "capture/module.h"
#include "wrap.h"

/* --- the child's first frame ------------------------------------------------------------------------------------------------------- */

/*
 * __sigsetjmp returns twice, which a compiler must know, so it is the one of the four that is called by name; its version is the
 * oldest there is.
 */
extern int ct_sigsetjmp(void *env, int save) __asm__("__sigsetjmp") __attribute__((returns_twice));

/* The kernel's number for this thread, without asking the kernel: libc writes it into a mutex. */
static uint32_t own_tid(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	uint32_t tid = 0;

	/* OWNER_READABLE says that these two are there */
	if ((ct_cap.flags & CT_PROC_OWNER_READABLE) && ct_loaded.own_lock(&m) == 0) {
		tid = ct_mutex_owner(&m);
		ct_loaded.own_unlock(&m);
	}
	return tid;
}

static void begin(struct ct_slot *s)
{
	struct ct_slot_private *own = ct_own(s);
	uintptr_t top = ct_thread_pointer();

	/* a thread's control block lies at the top of its stack, whoever allocated it; lo holds the size until here */
	own->bounds.hi = top;
	own->bounds.lo = top - own->bounds.lo;
	ct_slot_adopt(s, own_tid());
	ct_board_thread_set(ct_real.self(), s->thread);
}

static void end(enum ct_thread_end how)
{
	/* in the child of a fork made by this thread it is the parent's, still in use, until the child's first event */
	struct ct_slot *s = ct_slot_here();

	if (s)
		ct_slot_release(s, how);
}

static void *run(struct ct_slot *s)
{
	struct ct_slot_private *own = ct_own(s);
	void *(*fn)(void *) = own->start;
	void *arg = own->start_arg, *ret;
	struct ct_cleanup cleanup;

	begin(s);
	if (ct_unlikely(ct_sigsetjmp(cleanup.jump, 0))) {
		end(CT_END_UNWOUND);
		ct_real.unwind_next(&cleanup);
	}
	ct_real.register_cancel(&cleanup);
	ret = fn(arg);
	ct_real.unregister_cancel(&cleanup);
	end(CT_END_RETURN);
	return ret;
}

static void *start_pthread(void *slot)
{
	return run(slot);
}

/* thrd_start_t returns int; what it leaves in the result register is all that thrd_join looks at. */
static int start_thrd(void *slot)
{
	return (int)(intptr_t)run(slot);
}

/* --- creating -------------------------------------------------------------------------------------------------------------------------- */

static uint64_t stack_bytes(const pthread_attr_t *attr)
{
	size_t size = 0;
	void *addr;

	if (attr && ct_real.attr_getstack(attr, &addr, &size) == 0 && size)
		return size;
	return ct_cap.stack_default_bytes;
}

/* The slot of a thread to be, or NULL: then it is created as if we were not here. */
static struct ct_slot *prepare(struct ct_slot *self, void *(*fn)(void *), void *arg, uint64_t bytes)
{
	struct ct_slot *s = self ? ct_slot_claim() : 0;
	struct ct_slot_private *own;

	if (!s)
		return 0;
	own = ct_own(s);
	own->start = fn;
	own->start_arg = arg;
	own->bounds.lo = bytes;
	s->parent = self->thread;
	s->routine = ct_module_of_data((uintptr_t)fn);
	if (s->routine)
		s->routine |= CT_FRAME_EXACT;
	return s;
}

/* After the real call: the child may be running, or gone already and its slot another's; so only what was noted before. */
static void created(struct ct_slot *self, uint32_t child, uint64_t routine, uint64_t start,
		    long result)
{
	uint64_t v[CT_FIELDS_MAX] = {0};

	v[CT_F_thread_create_child] = child;
	v[CT_F_thread_create_stack] =
		ct_stack_capture(&ct_cap.arena.dict, ct_stacks(self), &ct_own(self)->bounds);
	v[CT_F_thread_create_routine] = routine;
	v[CT_F_thread_create_result] = (uint64_t)result;
	ct_emit(self, CT_EV_thread_create, v, start);
}

CT_EXPORT int pthread_create(pthread_t *th, const pthread_attr_t *attr, void *(*fn)(void *),
			     void *arg)
{
	struct ct_slot *self = ct_self(), *s = prepare(self, fn, arg, stack_bytes(attr));
	uint32_t child;
	uint64_t start, routine;
	int err;

	if (!s)
		return ct_real.create(th, attr, fn, arg);
	child = s->thread;
	routine = s->routine;
	start = ct_now();
	err = ct_real.create(th, attr, start_pthread, s);
	if (err)
		ct_slot_abandon(s);
	created(self, child, routine, start, err);
	return err;
}

CT_EXPORT int thrd_create(thrd_t *th, thrd_start_t fn, void *arg)
{
	struct ct_slot *self = ct_self(),
		       *s = prepare(self, (void *(*)(void *))(void *)fn, arg, stack_bytes(0));
	uint32_t child;
	uint64_t start, routine;
	int err;

	if (!s)
		return ct_real.thrd_create(th, fn, arg);
	child = s->thread;
	routine = s->routine;
	start = ct_now();
	err = ct_real.thrd_create(th, start_thrd, s);
	if (err)
		ct_slot_abandon(s);
	created(self, child, routine, start, err);
	return err;
}

/* --- joining --------------------------------------------------------------------------------------------------------------------------- */

/* Whether the thread has ended already is not for us to see; a join that does not wait ends up in the tally. */
#define JOIN(th, real_call) JOIN_AS(th, real_call, )
#define JOIN_AS(th, real_call, to_error)                                                           \
	do {                                                                                       \
		struct ct_wait wait_;                                                              \
		uint32_t born_ = next_serial();                                                    \
		int r_;                                                                            \
		if (ct_unlikely(!ct_wait_begin(&wait_, CT_OP_join, joined((th), born_), 0, 0, 0))) \
			return real_call;                                                          \
		r_ = real_call;                                                                    \
		if (!wait_.object)                                                                 \
			wait_.object = (uint64_t)(uintptr_t)joined((th), born_);                   \
		ct_wait_end(&wait_, to_error(r_));                                                 \
		return r_;                                                                         \
	} while (0)

static uint32_t next_serial(void)
{
	const struct ct_header *h = ct_cap.arena.header;

	return h ? atomic_load_explicit(&h->next_thread, memory_order_relaxed) : 0;
}

/*
 * The serial of a pthread_t, for a join that began when serials below `born` were given.  The thread tells its pthread_t when it begins,
 * which may be after somebody has begun to wait for it; and once it is joined another one may have the same.
 */
static const void *joined(pthread_t th, uint32_t born)
{
	uintptr_t serial = born ? ct_board_thread((unsigned long)th) : 0;

	return serial < born ? (const void *)serial : 0;
}

CT_EXPORT int pthread_join(pthread_t th, void **ret)
{
	JOIN(th, ct_real.join(th, ret));
}

CT_EXPORT int pthread_timedjoin_np(pthread_t th, void **ret, const struct timespec *ts)
{
	JOIN(th, ct_real.timedjoin(th, ret, ts));
}

CT_EXPORT int pthread_clockjoin_np(pthread_t th, void **ret, clockid_t clock,
				   const struct timespec *ts)
{
	JOIN(th, ct_real.clockjoin(th, ret, clock, ts));
}

CT_EXPORT int thrd_join(thrd_t th, int *ret)
{
	JOIN_AS(th, ct_real.thrd_join(th, ret), ct_thrd_error);
}

/* --- naming ---------------------------------------------------------------------------------------------------------------------------- */

CT_EXPORT int pthread_setname_np(pthread_t th, const char *name)
{
	int err = ct_real.setname(th, name);
	struct ct_slot *self = err ? 0 : ct_self();
	uint64_t words[2] = {0, 0}, v[CT_FIELDS_MAX] = {0};
	uint32_t serial, i;

	if (!self)
		return err;
	serial = th == ct_real.self() ? self->thread : ct_board_thread(th);
	if (!serial)
		return err;
	for (i = 0; i < 15 && name[i]; i++)
		words[i / 8] |= (uint64_t)(uint8_t)name[i] << (i % 8 * 8);
	if (serial == self->thread) {
		for (i = 0; i < 16; i++)
			self->name[i] = (char)(words[i / 8] >> (i % 8 * 8));
	}
	v[CT_F_thread_name_thread] = serial;
	v[CT_F_thread_name_name_lo] = words[0];
	v[CT_F_thread_name_name_hi] = words[1];
	ct_emit(self, CT_EV_thread_name, v, ct_now());
	return err;
}
