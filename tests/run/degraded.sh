#!/bin/bash
# degraded.sh - where the kernel tells nobody of switches, a trace says in one line which source refused, why and what would change it; and how
# long each thread ran is there even so, from schedstat, and marked so.
#
# Debian and Ubuntu ship kernel.perf_event_paranoid 3 or 4, containers a seccomp filter, and most users are not root: this is what many see first.
# paranoid 3 cannot be had without changing the machine, so it is answered for by a filter that says what such a kernel says.
# serial: it measures time
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
for tool in jq setpriv; do command -v $tool >/dev/null || { echo "no $tool" && exit 77; }; done

cat >refuse.c <<'C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* refuse ERRNO program...: perf_event_open and bpf end with that */
int main(int argc, char **argv)
{
	unsigned err = (unsigned)atoi(argv[1]);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (err & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

	(void)argc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		return 77;
	execvp(argv[2], argv + 2);
	return 127;
}
C
${CC:-cc} -o refuse refuse.c

# What its threads spin, they say themselves; between that they wait for each other.  They end after they have said it, which may be read as well:
# what all of them ran after it the program knows when they are gone.
cat >work.c <<'C'
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	pthread_t thread;
	long tid, said;
} t[3];

static long used(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void *work(void *arg)
{
	int i = (int)(long)arg;
	long to;

	t[i].tid = syscall(SYS_gettid);
	pthread_mutex_lock(&lock);
	to = used(CLOCK_THREAD_CPUTIME_ID) + 50000000;
	while (used(CLOCK_THREAD_CPUTIME_ID) < to)
		;
	pthread_mutex_unlock(&lock);
	/* it is looked at once more, and then has nothing more to tell */
	usleep(300000);
	t[i].said = used(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

int main(void)
{
	long i, rest;
	char path[64];

	for (i = 0; i < 3; i++)
		pthread_create(&t[i].thread, NULL, work, (void *)i);
	/* who is joined still has a way to go, and can be read until it is gone */
	for (i = 0; i < 3; i++) {
		pthread_join(t[i].thread, NULL);
		snprintf(path, sizeof(path), "/proc/self/task/%ld", t[i].tid);
		while (access(path, F_OK) == 0)
			usleep(1000);
	}
	rest = -used(CLOCK_THREAD_CPUTIME_ID);
	rest += used(CLOCK_PROCESS_CPUTIME_ID);
	for (i = 0; i < 3; i++)
		rest -= t[i].said;
	for (i = 0; i < 3; i++)
		printf("%ld %ld %ld\n", t[i].tid, t[i].said, rest);
	return 0;
}
C
${CC:-cc} -O2 -o work work.c -lpthread

# what the trace of the program has to say
check() { # name note-or-empty
	local name=$1 note=$2 tid used rest read unread
	ctrace validate "$name.ctrace" >valid || fail "$name: $(cat valid)"
	ctrace info --json "$name.ctrace" >info.json
	ctrace threads --json "$name.ctrace" >threads.json
	if [ -n "$note" ]; then
		for view in report threads info; do
			ctrace $view "$name.ctrace" | tr '\n' ' ' | tr -s ' ' | grep -qF "$note" || fail "$name: $view does not say: $note: $(ctrace $view "$name.ctrace")"
		done
		[ "$(jq '[.notes[] | select(startswith("when threads had a CPU"))] | length' info.json)" = 1 ] || fail "$name: $(jq -c .notes info.json)"
	fi
	jq -e '.switches.source == null' info.json >same || fail "$name: $(jq -c .switches info.json)"
	jq -e 'all(.threads[]; .source == "schedstat" and (has("states") | not))' threads.json >same || fail "$name: sources: $(jq -c '[.threads[].source]' threads.json)"
	while read -r tid used rest; do
		read -r read unread < <(jq -r --argjson tid "$tid" '.threads[] | select(.tid == $tid).schedstat | "\(.run_ns) \(.unread_ns)"' threads.json)
		# no more than it ran; and what is left out, it ran after it was last read, or since the last tick before that, of
		# 4 ms, which may be late (seen: 8 ms at once)
		[ "${read:-0}" -le $((used + rest)) ] || fail "$name: $tid ran $read, and said $used, and all of them ran $rest after that"
		[ $((read + unread + 12000000)) -ge "$used" ] || fail "$name: $tid ran $read and was not read for $unread, and said $used"
	done <"$name.out"
	[ "$(wc -l <"$name.out")" = 3 ] || fail "$name: the program said $(cat "$name.out")"
	# states rest on the waits and wakes: two of the three waited for the lock, and it is known for whom
	ctrace waits --json "$name.ctrace" | jq -e '[.waits[] | select(.operation == "mutex" and .waker_tid != 0)] | length == 2' >same || fail "$name: $(ctrace waits "$name.ctrace")"
	ctrace threads "$name.ctrace" >text
	grep -q '^ *lived  *run  *ready .* rest  thread$' text || fail "$name: $(cat text)"
	grep -q '^run, ready: .* from schedstat' text || fail "$name: $(cat text)"
}

totals='; how long each ran is from schedstat, the rest from waits and wakes'
./refuse 13 ctrace-run -q -o paranoid.ctrace -- ./work >paranoid.out
check paranoid "when threads had a CPU is not recorded: the kernel does not allow perf_event_open; kernel.perf_event_paranoid 2, CAP_PERFMON or root would change that$totals"
./refuse 1 ctrace-run -q -o seccomp.ctrace -- ./work >seccomp.out
check seccomp "when threads had a CPU is not recorded: the kernel does not allow perf_event_open; a seccomp filter or security module that lets it would change that$totals"
ctrace-run -q --sched-source=user -o user.ctrace -- ./work >user.out
check user ''

# off is off
ctrace-run -q --sched=off -o off.ctrace -- ./work >off.out
ctrace threads --json off.ctrace | jq -e 'all(.threads[]; .source == "waits" and (has("schedstat") | not))' >same || fail "off: $(ctrace threads off.ctrace)"

# as nobody: perf where the kernel lets everybody, never bpf; and in a filter as above
if [ "$(id -u)" = 0 ]; then
	mkdir nobody && cp work refuse nobody && chmod 755 nobody nobody/* && chown nobody nobody
	(
		cd nobody
		chmod 711 "$OLDPWD"
		as() { setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all --bounding-set=-all "$@"; }
		as "$(command -v ctrace-run)" -q --sched-source=bpf -o bpf.ctrace -- ./work >bpf.out
		as ./refuse 1 "$(command -v ctrace-run)" -q -o both.ctrace -- ./work >both.out
	) || { echo 'not tried: user nobody, who cannot come here' && exit $((failures > 0)); }
	mv nobody/*.ctrace nobody/*.out .
	bpf="the kernel does not allow BPF programs; CAP_BPF and CAP_PERFMON, or root, would change that"
	! ctrace info bpf.ctrace | grep -q 'built without libbpf' || bpf="ctrace-run was built without libbpf"
	check bpf "when threads had a CPU is not recorded: $bpf$totals"
	check both "when threads had a CPU is not recorded: the kernel does not allow perf_event_open; a seccomp filter or security module that lets it would change that$totals"
fi
exit $((failures > 0))
