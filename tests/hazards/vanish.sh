#!/bin/bash
# vanish.sh - nothing of an object is touched after a call that may have been the last to touch it.
#
# A mutex freed right after unlock, a semaphore by its waiter right after the post, a barrier by its serial thread: see vanish.c.  The
# object that is preloaded behind ours keeps a call from returning to us until the memory is gone.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
need cc
subjects=$BUILD/hazards
compare "$subjects/vanish" 60
[ "$(wc -l <bare.out)" -eq 45 ] || fail "the program did not get far: $(tail -n 1 bare.out)"

cat >behind.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>
void after_last_touch(void);
#define BEHIND(name, type)                                                                         \
	int name(type *object)                                                                     \
	{                                                                                          \
		static int (*real)(type *);                                                        \
		int r = real ? real(object)                                                        \
			     : (real = (int (*)(type *))dlsym(RTLD_NEXT, #name))(object);          \
		after_last_touch();                                                                \
		return r;                                                                          \
	}
BEHIND(pthread_mutex_unlock, pthread_mutex_t)
BEHIND(pthread_rwlock_unlock, pthread_rwlock_t)
BEHIND(sem_post, sem_t)
BEHIND(mtx_unlock, mtx_t)
int pthread_barrier_wait(pthread_barrier_t *b)
{
	int r = ((int (*)(pthread_barrier_t *))dlsym(RTLD_NEXT, "pthread_barrier_wait"))(b);
	if (r == 0)
		after_last_touch();
	return r;
}
C
cc -shared -fPIC -O1 -o behind.so behind.c || fail "cannot build the object"
mkdir behind
LD_PRELOAD=$LIBCTRACE:$PWD/behind.so CTRACE_DIR=$PWD/behind CTRACE_THRESHOLD=0 "$subjects/vanish" 60 >out 2>err ||
	fail "gone before the wrapper went on: status $?, after: $(tail -n 1 out)"
echo "status 0" >>out
cmp -s out bare.out || fail "gone before the wrapper went on: other output: $(head -n 2 out err)"
good behind/*.ctrace "gone before the wrapper went on"
finish
