/*
 * resolve.c - finding what the wrappers stand in front of: the next definition after ours in load order, with the right version, so that
 * other preloaded objects (allocators, sanitizers, fake clocks) keep their place in the chain.
 *
 * What is not there at the start may come with a library that is loaded later (liburing, or libpthread before glibc 2.34): its pointer
 * stays at the stub, which looks again with every call.
 */
#include "elf_symbol.h"
#include "real.h"

/* --- one row for every pointer -------------------------------------------------------------------------------------------------- */

struct row {
	void **pointer;
	const char *symbol, *version;
	void *stub;
};

/* --- first-call stubs and answers for what is nowhere ------------------------------------------------------------------------------ */

static void look_again(unsigned row);

/* In the order of the table. */
enum row_number {
#define CT_REAL(name, symbol, version, missing, ret, params, args) ROW_##name,
#define CT_HOOK(name, symbol, version, missing, event, op, tier, wakes, ret, params, args)         \
	ROW_##name,
#define CT_CALL_HOOK(symbol, missing, result, op, object, unless, tier, wakes, ret, params, args)  \
	ROW_##symbol,
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args) ROW_##symbol,
#include <ctrace/hooks.h>
	ROWS
};

#define MISSING_CODE(ret)    return (ret)ENOSYS
#define MISSING_MINUS(ret)   return -ENOSYS
#define MISSING_NOTHING(ret) return (ret)0
#define MISSING_FAIL(ret)                                                                          \
	do {                                                                                       \
		*__errno_location() = ENOSYS;                                                      \
		return (ret)-1;                                                                    \
	} while (0)
#define MISSING_ZERO(ret)                                                                          \
	do {                                                                                       \
		*__errno_location() = ENOSYS;                                                      \
		return (ret)0;                                                                     \
	} while (0)
#define MISSING_NIL(ret) MISSING_ZERO(ret)

#define STUB(name, missing, ret, params, args)                                                     \
	static ret boot_##name params                                                              \
	{                                                                                          \
		look_again(ROW_##name);                                                            \
		if (ct_real.name != boot_##name)                                                   \
			return ct_real.name args;                                                  \
		MISSING_##missing(ret);                                                            \
	}
#define VOID_STUB(name, params, args)                                                              \
	static void boot_##name params                                                             \
	{                                                                                          \
		look_again(ROW_##name);                                                            \
		if (ct_real.name != boot_##name)                                                   \
			ct_real.name args;                                                         \
	}

#define CT_REAL(name, symbol, version, missing, ret, params, args)                                 \
	STUB(name, missing, ret, params, args)
#define CT_HOOK(name, symbol, version, missing, event, op, tier, wakes, ret, params, args)         \
	STUB(name, missing, ret, params, args)
#define CT_CALL_HOOK(symbol, missing, result, op, object, unless, tier, wakes, ret, params, args)  \
	STUB(symbol, missing, ret, params, args)
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args)                        \
	VOID_STUB(symbol, params, args)
#include <ctrace/hooks.h>

/* Six words always: a variadic caller has put no more there than the number says, the rest is not looked at. */
static long boot_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	ct_resolve_all();
	if (ct_real_syscall != (long (*)(long, ...))boot_syscall)
		return ct_real_syscall(nr, a, b, c, d, e, f);
	*__errno_location() = ENOSYS;
	return -1;
}

struct ct_real ct_real = {
#define CT_REAL(name, symbol, version, missing, ret, params, args) .name = boot_##name,
#define CT_HOOK(name, symbol, version, missing, event, op, tier, wakes, ret, params, args)         \
	.name = boot_##name,
#define CT_CALL_HOOK(symbol, missing, result, op, object, unless, tier, wakes, ret, params, args)  \
	.symbol = boot_##symbol,
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args) .symbol = boot_##symbol,
#include <ctrace/hooks.h>
};

static const struct row rows[ROWS] = {
#define ROW(name, symbol, version)                                                                 \
	[ROW_##name] = {(void **)&ct_real.name, symbol, version, (void *)boot_##name},
#define CT_REAL(name, symbol, version, missing, ret, params, args) ROW(name, symbol, version)
#define CT_HOOK(name, symbol, version, missing, event, op, tier, wakes, ret, params, args)         \
	ROW(name, symbol, version)
#define CT_CALL_HOOK(symbol, missing, result, op, object, unless, tier, wakes, ret, params, args)  \
	ROW(symbol, #symbol, 0)
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args) ROW(symbol, #symbol, 0)
#include <ctrace/hooks.h>
};

long (*ct_real_syscall)(long, ...) = (long (*)(long, ...))boot_syscall;
static const char unknown = 0;
struct ct_loaded ct_loaded = {.libc_version = "", .single_threaded = &unknown};

/* --- the search ---------------------------------------------------------------------------------------------------------------- */

/*
 * Weak, so that the object can be loaded where the dynamic linker is another one: musl's has the second instead of the first, and refuses
 * to start the program when a symbol is missing.  There every wrapper finds musl's function and passes through; nothing is recorded.
 */
extern struct r_debug _r_debug __attribute__((weak));
extern struct r_debug *_dl_debug_addr __attribute__((weak));

static struct link_map *loaded_objects(void)
{
	if (&_r_debug)
		return _r_debug.r_map;
	return &_dl_debug_addr ? _dl_debug_addr->r_map : 0;
}

static void *next_symbol(const struct link_map *after, const char *name, const char *version)
{
	for (; after; after = after->l_next) {
		void *p = ct_elf_symbol(after, name, version);

		if (p)
			return p;
	}
	return 0;
}

/* The object that glibc's threads are in: libpthread before 2.34, libc since.  Nobody stands in front of a function that unwinders call. */
static const struct link_map *thread_library(const struct link_map *m)
{
	while (m && !ct_elf_symbol(m, "__pthread_unwind_next", 0))
		m = m->l_next;
	return m;
}

static void find_own(const struct link_map *m)
{
	if (!m)
		return;
	ct_loaded.own_lock = (int (*)(pthread_mutex_t *))ct_elf_symbol(m, "pthread_mutex_lock", 0);
	ct_loaded.own_unlock =
		(int (*)(pthread_mutex_t *))ct_elf_symbol(m, "pthread_mutex_unlock", 0);
	ct_loaded.own_sem_init = (int (*)(sem_t *, int, unsigned))ct_elf_symbol(m, "sem_init", 0);
	ct_loaded.own_sem_trywait = (int (*)(sem_t *))ct_elf_symbol(m, "sem_trywait", 0);
	ct_loaded.own_cond_init =
		(int (*)(pthread_cond_t *, const pthread_condattr_t *))ct_elf_symbol(
			m, "pthread_cond_init", 0);
	ct_loaded.own_condattr_init =
		(int (*)(pthread_condattr_t *))ct_elf_symbol(m, "pthread_condattr_init", 0);
	ct_loaded.own_condattr_setclock = (int (*)(pthread_condattr_t *, clockid_t))ct_elf_symbol(
		m, "pthread_condattr_setclock", 0);
	ct_loaded.own_condattr_setpshared = (int (*)(pthread_condattr_t *, int))ct_elf_symbol(
		m, "pthread_condattr_setpshared", 0);
	ct_loaded.own_rwlock_init =
		(int (*)(pthread_rwlock_t *, const pthread_rwlockattr_t *))ct_elf_symbol(
			m, "pthread_rwlock_init", 0);
	ct_loaded.own_rwlockattr_init =
		(int (*)(pthread_rwlockattr_t *))ct_elf_symbol(m, "pthread_rwlockattr_init", 0);
	ct_loaded.own_rwlockattr_setpshared = (int (*)(pthread_rwlockattr_t *, int))ct_elf_symbol(
		m, "pthread_rwlockattr_setpshared", 0);
	ct_loaded.own_barrier_init = (int (*)(pthread_barrier_t *, const pthread_barrierattr_t *,
					      unsigned))ct_elf_symbol(m, "pthread_barrier_init", 0);
	ct_loaded.own_barrierattr_init =
		(int (*)(pthread_barrierattr_t *))ct_elf_symbol(m, "pthread_barrierattr_init", 0);
	ct_loaded.own_barrierattr_setpshared = (int (*)(pthread_barrierattr_t *, int))ct_elf_symbol(
		m, "pthread_barrierattr_setpshared", 0);
}

static void set(void *pointer, void *found)
{
	if (found)
		__atomic_store_n((void **)pointer, found, __ATOMIC_RELEASE);
}

/* dlopen'ed into another namespace we would not be on the list: then everything is taken from its head. */
static const struct link_map *after_ours(void)
{
	const struct link_map *m = loaded_objects();

	while (m && m->l_ld != _DYNAMIC)
		m = m->l_next;
	return m ? m->l_next : loaded_objects();
}

void *ct_resolve_next(const char *symbol)
{
	return next_symbol(after_ours(), symbol, 0);
}

static void look_again(unsigned row)
{
	ct_resolve_all();
	if (*rows[row].pointer == rows[row].stub)
		set(rows[row].pointer,
		    next_symbol(after_ours(), rows[row].symbol, rows[row].version));
}

/*
 * Object by object, so that each is looked into once: a program may have hundreds of them, and libc is one of the last.  A thread that does
 * it at the same time finds the same.
 */
static void resolve_rows(const struct link_map *next)
{
	static uint32_t hashes[ROWS];
	static bool done;
	struct ct_elf im;
	unsigned i;

	if (__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		return;
	for (i = 0; i < ROWS; i++)
		__atomic_store_n(&hashes[i], ct_elf_hash(rows[i].symbol), __ATOMIC_RELAXED);
	for (; next; next = next->l_next) {
		ct_elf_open(&im, next);
		for (i = 0; i < ROWS; i++)
			if (__atomic_load_n(rows[i].pointer, __ATOMIC_RELAXED) == rows[i].stub)
				set(rows[i].pointer,
				    ct_elf_find(&im, __atomic_load_n(&hashes[i], __ATOMIC_RELAXED),
						rows[i].symbol, rows[i].version));
	}
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
}

void ct_resolve_all(void)
{
	const struct link_map *head = loaded_objects(), *next = after_ours();
	const char *(*libc_version)(void) = 0;
	const char *found;

	resolve_rows(next);
	if (ct_loaded.link_maps)
		return;
	set(&ct_real_syscall, next_symbol(next, "syscall", 0));
	ct_loaded.find_object = next_symbol(next, "_dl_find_object", 0);
	ct_loaded.stack_end = next_symbol(next, "__libc_stack_end", 0);
	found = next_symbol(next, "__libc_single_threaded", 0);
	if (found)
		ct_loaded.single_threaded = found;
	/* from the head: a program that names them has them itself */
	ct_loaded.std_in = next_symbol(head, "stdin", 0);
	ct_loaded.std_out = next_symbol(head, "stdout", 0);
	/* which a shim for glibc's programs on musl has too */
	if (&_r_debug)
		libc_version = (const char *(*)(void))next_symbol(next, "gnu_get_libc_version", 0);
	ct_loaded.libc_version = libc_version ? libc_version() : "";
	ct_loaded.is_glibc = libc_version != 0;
	find_own(thread_library(next));
	__atomic_store_n(&ct_loaded.link_maps, head, __ATOMIC_RELEASE);
}
