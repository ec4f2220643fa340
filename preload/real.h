/*
 * real.h - the functions behind the wrappers.
 *
 * Every pointer starts at a stub that resolves all of them and goes on with the call, so a wrapper may be called before anything of
 * ours has been initialised, by any thread, and needs no test on its fast path.  Resolving is idempotent: threads that do it at once
 * store the same values.
 */
#ifndef CT_PRELOAD_REAL_H
#define CT_PRELOAD_REAL_H

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* Macros of stdio.h's. */
#undef fread_unlocked
#undef fwrite_unlocked

/* What pthread_cleanup_push keeps on the stack in C; every glibc since 2.3.3 exports the functions that take it. */
struct ct_cleanup {
	struct {
		__jmp_buf regs;
		int mask_saved;
	} jump[1];
	void *pad[4];
};

struct ct_real {
#define CT_REAL(name, symbol, version, missing, ret, params, args) ret(*name) params;
#define CT_HOOK(name, symbol, version, missing, event, op, tier, wakes, ret, params, args)         \
	ret(*name) params;
#define CT_CALL_HOOK(symbol, missing, result, op, object, unless, tier, wakes, ret, params, args)  \
	ret(*symbol) params;
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args) void(*symbol) params;
#include <ctrace/hooks.h>
};
extern struct ct_real ct_real __attribute__((visibility("hidden")));

/* By itself, because entry_syscall.S has to name it. */
extern long (*ct_real_syscall)(long, ...) __attribute__((visibility("hidden")));

/* Where an object says that it is shared between processes: the bits of one byte. */
struct ct_shared_mark {
	uint8_t at;
	uint8_t mask; /* 0: not known */
	uint8_t set;  /* what they are in a shared one */
};

/* What start-up learns on the way. */
struct ct_loaded {
	const void *link_maps; /* struct link_map *: the list's head */
	void *find_object;     /* _dl_find_object or NULL */
	void *stack_end;       /* __libc_stack_end */
	const char *libc_version;
	bool is_glibc; /* else its objects are not those we know, and nothing is recorded */
	const char *single_threaded; /* __libc_single_threaded of glibc 2.32 and newer, else a 0 */
	FILE *const *std_in, *const *std_out; /* where the program has these two; NULL: not known */
	/*
	 * libc's own, for calls that are ours and not the program's: somebody preloaded behind us would count them, and when we start his
	 * constructor has yet to run.  NULL where not found.
	 */
	int (*own_lock)(pthread_mutex_t *);
	int (*own_unlock)(pthread_mutex_t *);
	int (*own_sem_init)(sem_t *, int, unsigned);
	int (*own_sem_trywait)(sem_t *);
	int (*own_condattr_init)(pthread_condattr_t *);
	int (*own_condattr_setclock)(pthread_condattr_t *, clockid_t);
	int (*own_condattr_setpshared)(pthread_condattr_t *, int);
	int (*own_cond_init)(pthread_cond_t *, const pthread_condattr_t *);
	int (*own_rwlockattr_init)(pthread_rwlockattr_t *);
	int (*own_rwlockattr_setpshared)(pthread_rwlockattr_t *, int);
	int (*own_rwlock_init)(pthread_rwlock_t *, const pthread_rwlockattr_t *);
	int (*own_barrierattr_init)(pthread_barrierattr_t *);
	int (*own_barrierattr_setpshared)(pthread_barrierattr_t *, int);
	int (*own_barrier_init)(pthread_barrier_t *, const pthread_barrierattr_t *, unsigned);
	/* found by trial (layouts.c) */
	uint32_t cond_waiters_at; /* byte of a condition variable; 0: not known */
	struct ct_shared_mark cond_shared, sem_shared, rwlock_shared, barrier_shared;
};
extern struct ct_loaded ct_loaded __attribute__((visibility("hidden")));

/*
 * ct_resolve_all - fill ct_real and ct_loaded
 * Context: any thread, any signal; no allocation, no libc.
 */
void ct_resolve_all(void);

/*
 * ct_layouts_try - find out what may be looked at in libc's objects: CT_PROC_* flags of ct_cap, and places in ct_loaded
 * Context: start-up, after ct_resolve_all; no allocation.
 */
void ct_layouts_try(void);

/*
 * ct_resolve_next - one symbol, behind us in load order as it is now; NULL when there is none
 * Context: any thread, any signal; no allocation, no libc.
 */
void *ct_resolve_next(const char *symbol);

#endif
