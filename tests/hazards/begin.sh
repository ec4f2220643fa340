#!/bin/bash
# begin.sh - waits before our constructor and after main, other objects that want to be first, and a start that is cut short.
#
# A preloaded object is initialised after the libraries it stands in front of, unless it asks to be first, which only one can be.  And
# whoever is killed while the recorder starts leaves a trace or no file, never one that cannot be opened.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
need cc
P=$BUILD/hazards/begin
compare "$P"
[ "$(head -n 1 bare.out)" = '200 rounds in 5 games' ] || fail "the program did not get far: $(cat bare.out)"
cat >early.c <<'C'
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t sem;
static void *post(void *p)
{
	usleep(1);
	pthread_mutex_lock(&lock);
	sem_post(&sem);
	pthread_mutex_unlock(&lock);
	return p;
}
__attribute__((constructor)) static void early(void)
{
	pthread_t t;
	sem_init(&sem, 0, 0);
	if (pthread_create(&t, 0, post, 0))
		_exit(9);
	while (sem_wait(&sem))
		;
	pthread_join(t, 0);
}
C
cc -shared -fPIC -O1 -o early.so early.c && cc -shared -fPIC -O1 -Wl,-z,initfirst -o first.so early.c || fail "cannot build the objects"
mkdir early
for list in "early.so:$LIBCTRACE" "$LIBCTRACE:early.so" "first.so:$LIBCTRACE" "$LIBCTRACE:first.so" "first.so:$LIBCTRACE:early.so"; do
	rm -f early/*
	LD_PRELOAD=${list//early.so/$PWD/early.so} && LD_PRELOAD=${LD_PRELOAD//first.so/$PWD/first.so} CTRACE_DIR=$PWD/early CTRACE_THRESHOLD=0 "$P" >out 2>err ||
		fail "${list/$LIBCTRACE/us}: status $?: $(head -n 1 err)"
	unset LD_PRELOAD
	[ "$(cat out)" = '200 rounds in 5 games' ] && [ ! -s err ] || fail "${list/$LIBCTRACE/us}: $(cat out err)"
	good early/ctrace.begin.*.ctrace "${list/$LIBCTRACE/us}"
done

# --- killed in each system call of the start
if command -v strace >/dev/null && strace -o calls true 2>/dev/null; then
	for call in openat fallocate mmap linkat munmap getrandom uname; do
		for when in 1 2 3 4; do
			rm -f early/*
			strace -o calls -E LD_PRELOAD="$LIBCTRACE" -E CTRACE_DIR="$PWD/early" -e "inject=$call:signal=SIGKILL:when=$when" "$P" >out 2>&1
			for trace in early/*.ctrace; do
				[ ! -e "$trace" ] || opens "$trace" "killed in $call $when"
			done
		done
	done
fi

# --- the recorder was never started, or is long gone
"$CTRACE_RUN" -q -o t.ctrace -- true
for arena in "$PWD/gone/arena" /dev/shm/ctrace-gone/arena; do
	LD_PRELOAD=$LIBCTRACE CTRACE_ARENA=$arena "$P" >out 2>err || fail "no arena: status $?"
	[ "$(cat out)" = '200 rounds in 5 games' ] && [ ! -s err ] || fail "no arena: $(cat out err)"
done
finish
