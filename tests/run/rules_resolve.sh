#!/bin/bash
# rules_resolve.sh - other preloaded objects keep their place in the chain, before us and behind.
#
# Allocators, sanitizers and fake clocks stand in front of the same functions.  Who is preloaded after us must be called by us, who is
# before us calls us, and a condition variable must reach its own version through all of them.  A small object here counts its calls
# of pthread_mutex_lock, read and sem_wait and passes them on.
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
need cc
cat >shim.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static int locks, reads, waits;
static int (*next_lock)(pthread_mutex_t *);
static ssize_t (*next_read)(int, void *, size_t);
static int (*next_wait)(sem_t *);
__attribute__((constructor)) static void start(void)
{
	next_lock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
	next_read = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	next_wait = (int (*)(sem_t *))dlsym(RTLD_NEXT, "sem_wait");
}
int pthread_mutex_lock(pthread_mutex_t *m)
{
	__atomic_fetch_add(&locks, 1, __ATOMIC_RELAXED);
	return next_lock(m);
}
ssize_t read(int fd, void *p, size_t n)
{
	__atomic_fetch_add(&reads, 1, __ATOMIC_RELAXED);
	return next_read(fd, p, n);
}
int sem_wait(sem_t *s)
{
	__atomic_fetch_add(&waits, 1, __ATOMIC_RELAXED);
	return next_wait(s);
}
__attribute__((destructor)) static void tell(void)
{
	FILE *f = fopen(getenv("SHIM_OUT"), "w");
	fprintf(f, "locks %d\nreads %d\nwaits %d\n", locks, reads, waits);
	fclose(f);
}
C
cc -shared -fPIC -O1 -o shim.so shim.c -ldl || fail "cannot build the object"
shim=$PWD/shim.so
export SHIM_OUT=$PWD/shim.out
mkdir rings
P=("$subjects/rules_start" state)
run() { # name preload...: the program's output, what the shim saw
	local name=$1 list=$2
	rm -f rings/* shim.out
	LD_PRELOAD=$list CTRACE_DIR=$PWD/rings CTRACE_THRESHOLD=0 "${P[@]}" </dev/null >"$name.out" 2>"$name.err" || fail "$name: status $?"
	[ ! -s "$name.err" ] || fail "$name: $(head -n 1 "$name.err")"
	[ -s shim.out ] || { fail "$name: the object was not used" && return; }
	cp shim.out "$name.shim"
}
run bare "$shim"
run before "$shim:$LIBCTRACE"
good rings/*.ctrace before
diff bare.shim before.shim >differences || { fail "the object in front sees other calls:"; cat differences; }
run after "$LIBCTRACE:$shim"
good rings/*.ctrace after
# what can be tried first comes to those behind us as a try, and only when that fails as the call itself
[ "$(grep reads bare.shim)" = "$(grep reads after.shim)" ] || fail "behind us: $(grep reads after.shim), bare $(grep reads bare.shim)"
number() { awk -v what="$1" '$1 == what { print $2 }' "$2"; }
for what in locks waits; do
	[ "$(number $what after.shim)" -le "$(number $what bare.shim)" ] || fail "behind us: more $what than the program makes"
done
"$CTRACE" raw rings/*.ctrace >raw
grep -q '^ *wait .*op=cond' raw || fail "no condition variables were seen"
finish
