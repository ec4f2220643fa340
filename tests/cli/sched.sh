#!/bin/bash
# sched.sh - --sched and --sched-source take what they say; what was not recorded, or not allowed, is said and harms nothing.
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

status=0
ctrace-run --sched=sometimes true 2>err || status=$?
[ $status -eq 2 ] && [ "$(cat err)" = "ctrace-run: --sched wants auto, exact or off, not sometimes (ctrace-run --help tells more)" ] ||
	fail "--sched=sometimes: $status, $(cat err)"

ctrace-run -q --sched=off -o off.ctrace -- true
jq -e '.switches | .source == null and .refused_errno == 0 and .records == 0' <<<"$(ctrace info --json off.ctrace)" >same || fail "off: $(ctrace info --json off.ctrace | jq -c .switches)"
ctrace threads off.ctrace | grep -q '^rest: ' || fail "off: $(ctrace threads off.ctrace)"

status=0
ctrace-run --sched-source=ftrace true 2>err || status=$?
[ $status -eq 2 ] && [ "$(cat err)" = "ctrace-run: --sched-source wants bpf, perf or user, not ftrace (ctrace-run --help tells more)" ] ||
	fail "--sched-source=ftrace: $status, $(cat err)"

ctrace-run -q --sched-source=user -o user.ctrace -- true
jq -e '.switches | .source == null and .refused_errno == 0 and .bpf_refused_errno == 0 and .records == 0' <<<"$(ctrace info --json user.ctrace)" >same ||
	fail "user: $(ctrace info --json user.ctrace | jq -c .switches)"

# who is left behind is recorded by a copy of ctrace-run, which goes on with what the first had
for source in bpf perf; do
	ctrace-run -q --sched=exact --sched-source=$source -o left.ctrace -- sh -c 'sleep 0.3 & exec true'
	# shellcheck disable=SC2009  # the copy is known by its command line
	while ! ctrace info --json left.ctrace | jq -e .finished >same; do
		ps -eo args | grep -q '^ctrace-run.* left[.]ctrace' || break
	done
	jq -e '.finished and (.switches.source == null or .switches.source == $source and .switches.missing == 0)' --arg source $source \
		<<<"$(ctrace info --json left.ctrace)" >same || fail "$source: left behind: $(ctrace info left.ctrace | head -n 8)"
	ctrace validate left.ctrace >same || fail "$source: left behind: $(cat same)"
	if jq -e '.switches.source == null' <<<"$(ctrace info --json left.ctrace)" >same; then
		echo "not tried: $source, which cannot be had here"
	elif [ "$(ctrace threads --json left.ctrace | jq '[.threads[] | select(.thread == "main" and .lived_ns > 250000000).states | .awake_ns * 20 < .blocked_ns] | length')" = 0 ]; then
		fail "$source: left behind: $(ctrace threads left.ctrace)"
	fi
done

# a kernel that does not allow it, as in a container: every other record is there, and each view says what is not
cat >refuse.c <<'C'
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PERF, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

	(void)argc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		return 77;
	execvp(argv[1], argv + 1);
	return 127;
}
C
${CC:-cc} -DPERF=SYS_perf_event_open -o refuse refuse.c
${CC:-cc} -DPERF=SYS_bpf -o refuse_bpf refuse.c
./refuse ctrace-run -o refused.ctrace -- sh -c 'sleep 0.05' 2>summary
grep -q '^ctrace: Threads waited' summary || fail "refused: summary: $(cat summary)"
note='when threads had a CPU is not recorded: the kernel does not allow perf_event_open; kernel.perf_event_paranoid 2, CAP_PERFMON or root would change that; how long each ran is from schedstat, the rest from waits and wakes'
for view in report threads locks info; do
	ctrace $view refused.ctrace | tr '\n' ' ' | tr -s ' ' | grep -qF "$note" || fail "refused: $view: $(ctrace $view refused.ctrace)"
done
jq -e ".switches.refused_errno == 13 and (.notes | any(. == \"$note\"))" <<<"$(ctrace info --json refused.ctrace)" >same || fail "refused: $(ctrace info --json refused.ctrace | jq -c '.switches, .notes')"
ctrace waits --json --idle refused.ctrace | jq -e '[.waits[] | select(.operation == "sleep" or .operation == "wait")] | length > 0' >same || fail "refused: the waits are not there"
ctrace validate refused.ctrace >same || fail "refused: $(cat same)"

# the one that takes more is refused: the other does it
./refuse_bpf ctrace-run -q --sched=exact -o perf.ctrace -- true
case $(ctrace info --json perf.ctrace | jq -c '.switches | [.source, .refused_errno, .bpf_refused_errno]') in
'["perf",0,13]')
	ctrace info perf.ctrace | grep -qxF '           not from bpf: the kernel does not allow BPF programs' || fail "perf: $(ctrace info perf.ctrace)"
	! ctrace report perf.ctrace | grep 'when threads had a CPU' || fail 'perf: the report says it is not recorded'
	;;
'[null,13,13]') echo 'not tried: perf, which the kernel does not allow' ;;
'["perf",0,38]') echo 'not tried: bpf, which ctrace-run was built without' ;;
*) fail "perf: $(ctrace info perf.ctrace)" ;;
esac
./refuse_bpf ctrace-run -q --sched-source=bpf -o none.ctrace -- true
jq -e '.switches.source == null and (.notes | any(startswith("when threads had a CPU is not recorded: ")))' <<<"$(ctrace info --json none.ctrace)" >same ||
	fail "bpf alone: $(ctrace info none.ctrace)"

# no memory may be locked any more, for one CPU or for all: none is recorded rather than some
cat >hog.c <<'C'
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct perf_event_attr a;
	size_t pages = 256;
	int fd, status = 1;

	(void)argc;
	while (pages) {
		memset(&a, 0, sizeof(a));
		a.size = sizeof(a);
		a.type = PERF_TYPE_SOFTWARE;
		a.config = PERF_COUNT_SW_DUMMY;
		a.exclude_kernel = 1;
		fd = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
		if (fd < 0)
			return 77;
		if (mmap(NULL, (pages + 1) * (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
			pages /= 2;
	}
	if (fork() == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	wait(&status);
	return WEXITSTATUS(status);
}
C
${CC:-cc} -o hog hog.c
status=0
(ulimit -l 0 && setpriv --bounding-set=-all --inh-caps=-all ./hog ctrace-run -q --sched-source=perf -o full.ctrace -- true) || status=$?
if [ $status -eq 77 ]; then
	echo 'not tried: memory for perf, which the kernel does not allow'
else
	jq -e '.switches.source == null and (.notes | any(startswith("when threads had a CPU is not recorded: no memory may be locked")))' <<<"$(ctrace info --json full.ctrace)" >same ||
		fail "no memory to lock: $status, $(ctrace info full.ctrace)"
fi
exit $((failures > 0))
