#!/bin/bash
# sanitizers.sh - programs built with AddressSanitizer, ThreadSanitizer and UBSan, by gcc and by clang, run as without us.
#
# Their runtimes stand in front of the same functions and want to be loaded first; they run before any constructor, and ThreadSanitizer
# judges what it sees.  A clean program must be found clean and end with its own status; one with a fault must be found out all the same.
# timeout: 170
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
cat >clean.c <<'C'
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static int n, turn, ends[2], racy, ready;
static void *hello(void *p)
{
	pthread_mutex_lock(&lock);
	ready = 1;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&lock);
	return p;
}
static void *work(void *p)
{
	int me = p != NULL, i;
	char byte = 0, *m;
	for (i = 0; i < 300; i++) {
		pthread_mutex_lock(&lock);
		while (turn != me)
			pthread_cond_wait(&cond, &lock);
		turn = !me;
		n++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&lock);
		m = malloc(100);
		memset(m, me, 100);
		if (me)
			byte = (char)(write(ends[1], m, 1) - 1);
		else
			byte = (char)(read(ends[0], m, 1) - 1);
		free(m);
		sem_post(&sem);
		if (byte)
			abort();
		usleep(1);
	}
	return p;
}
static void *race(void *p)
{
	int i;
	for (i = 0; i < 100000; i++)
		racy++;
	return p;
}
int main(int argc, char **argv)
{
	pthread_t t[2];
	int i, status;
	char *volatile p;
	volatile int sum = 2147483646;
	sem_init(&sem, 0, 0);
	/* one wait for certain: it can only say so when this thread has let go */
	pthread_mutex_lock(&lock);
	pthread_create(&t[0], NULL, hello, NULL);
	while (!ready)
		pthread_cond_wait(&cond, &lock);
	pthread_mutex_unlock(&lock);
	pthread_join(t[0], NULL);
	if (pipe(ends))
		return 1;
	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, argc > 1 && *argv[1] == 'r' ? race : work, i ? &lock : NULL);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	if (argc > 1 && *argv[1] == 'o') {
		p = malloc(10);
		p[argc * 5] = 1;
		free(p);
	}
	if (argc > 1 && *argv[1] == 'u') {
		sum += argc;
		return sum == 5;
	}
	for (i = 0; i < 600 && argc == 1; i++)
		sem_wait(&sem);
	if (fork() == 0)
		_exit(4);
	wait(&status);
	printf("%d, child %d\n", n, WEXITSTATUS(status));
	return 7;
}
C
declare -A fault=([address]=overflow [thread]=race [undefined]=u)
declare -A found=([address]=heap-buffer-overflow [thread]='data race' [undefined]='signed integer overflow')
mkdir rings
tried=0
unset ASAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS
for compiler in gcc clang; do
	command -v $compiler >/dev/null || { echo "$compiler is not installed"; continue; }
	for san in address thread undefined; do
		program=./$compiler-$san
		$compiler -g -O1 -pthread -fsanitize=$san -o $program clean.c 2>build || { echo "$compiler cannot build with -fsanitize=$san"; continue; }
		status=0
		$program >bare.out 2>bare.err || status=$?
		[ $status -eq 7 ] && [ ! -s bare.err ] || { echo "$program does not run here: $(head -n 1 bare.err)"; continue; }
		tried=$((tried + 1))
		for how in run run0 preload; do
			status=0
			case $how in
			run) "$CTRACE_RUN" -q -o t.ctrace -- $program >out 2>err || status=$? ;;
			run0) "$CTRACE_RUN" -q --threshold 0 -o t.ctrace -- $program >out 2>err || status=$? ;;
			preload)
				# who preloads by hand names the runtime first, where it is a shared one
				lib=$(ldd $program | sed -n 's/.*\(lib[at]san\.so[^ ]*\) => \([^ ]*\).*/\2:/p')
				LD_PRELOAD=$lib$LIBCTRACE CTRACE_DIR=$PWD/rings $program >out 2>err || status=$?
				;;
			esac
			[ $status -eq 7 ] && cmp -s out bare.out && [ ! -s err ] || fail "$program, $how: status $status: $(head -n 3 out err)"
			[ $how = preload ] || good t.ctrace "$program, $how"
		done
		waits=$("$CTRACE" raw t.ctrace | grep -c '^ *wait .*op=cond')
		[ "$waits" -ge 1 ] || fail "$program: $waits waits of a condition variable in the trace"
		# what it is there to find is found
		"$program" ${fault[$san]} >out 2>bare.err
		status=$?
		traced=0
		"$CTRACE_RUN" -q -o t.ctrace -- $program ${fault[$san]} >out 2>err || traced=$?
		grep -q "${found[$san]}" bare.err || { echo "$program does not find its fault bare"; continue; }
		grep -q "${found[$san]}" err || fail "$program: the fault is not found any more: $(head -n 3 err)"
		[ $traced -eq $status ] || fail "$program with a fault: status $traced, bare $status"
	done
done
[ $tried -gt 0 ] || skip "no compiler with sanitizers"
finish
