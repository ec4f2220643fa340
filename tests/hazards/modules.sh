#!/bin/bash
# modules.sh - dlopen and dlclose with waits in flight, RTLD_DEEPBIND, another link namespace, $ORIGIN, and ourselves opened and closed.
#
# See modules.c.  A wrapped dlopen once broke RUNPATH for the program, and a cached module was another one at the same address.
# libmodule finds libplugin by a path of its own, which the loader takes from whoever called dlopen.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
need cc
mkdir -p lib/below
cat >helper.c <<'C'
#include <unistd.h>
int helper(void) { return usleep(30) + 1; }
C
echo 'int plugin(void) { return 0; }' >plugin.c
cat >lib.c <<'C'
#include <dlfcn.h>
#include <pthread.h>
int helper(void);
int whose(void) { return 2; }
int whose_in(void) { return whose(); }
int open_in(void)
{
	void *h = dlopen("libplugin.so", RTLD_NOW);
	return h && dlclose(h) == 0;
}
static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
int wait_in(pthread_mutex_t *lock)
{
	struct timespec past = {1, 0};
	pthread_mutex_lock(lock);
	pthread_cond_timedwait(&cond, lock, &past);
	pthread_mutex_unlock(lock);
	return helper();
}
int own_in(void)
{
	pthread_mutex_lock(&own);
	pthread_mutex_unlock(&own);
	return helper();
}
C
# shellcheck disable=SC2016
origin='-Wl,-rpath,$ORIGIN/below'
cc -shared -fPIC -O1 -g -o lib/below/libhelper.so helper.c && cc -shared -fPIC -O1 -g -o lib/below/libplugin.so plugin.c &&
	cc -shared -fPIC -O1 -g -o lib/libmodule.so lib.c -Llib/below -lhelper -ldl "$origin" && cp lib/libmodule.so lib/libcopy.so ||
	fail "cannot build the libraries"
compare "$BUILD/hazards/modules" "$PWD/lib/libmodule.so" "$PWD/lib/libcopy.so" "$LIBCTRACE"
for line in 'plain: bound to 1, found by its own path: 1' 'deep: bound to 2, found by its own path: 1' 'after: 300 calls'; do
	grep -qx "$line" bare.out || fail "the program did not get far: no line: $line"
done
# what was waited for inside of it is named after it
"$CTRACE" raw run0.ctrace >raw
for name in libmodule libcopy; do grep -q "^ *module .*$name.so" raw || fail "$name is not in the trace"; done
finish
