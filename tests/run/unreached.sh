#!/bin/bash
# unreached.sh - programs that nothing can be preloaded into have the states of every thread from the kernel's switches, and the trace says
# what is missing.
#
# A static Go server is what many come with first.  A refusal is of no use to them, and a trace that showed its threads as if they had
# waited for nothing would be worse.  What a thread did is compared with the kernel's own counters, as schedule.sh does.
# serial: it measures time
set -eu
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/../fault/lib-fault.sh"
# shellcheck source=tests/run/lib-ran.sh
. "$(dirname "$0")/lib-ran.sh"
need jq
need_parts run tools
scratch
"${CC:-cc}" -O1 -D_GNU_SOURCE -static -o schedule "$TOP/tests/run/schedule.c" -lpthread 2>cc.err || skip "no static libc here"

"$CTRACE_RUN" -q --sched=exact -o t.ctrace -- ./schedule one >out 2>err ||
	{ grep -q 'statically linked' err && skip "the kernel does not tell of switches here"; fail "exit $?: $(cat err)"; }

valid() { # trace
	"$CTRACE" validate "$1" >valid || fail "$1: $(cat valid)"
	"$CTRACE" threads --json "$1" >threads.json
	"$CTRACE" ps --json "$1" >ps.json
	"$CTRACE" info --json "$1" >info.json
	jq -e 'all(.threads[]; .lived_ns - ([.states | to_entries[] | select(.key | test("^(running|system_call|woken|preempted|blocked|short|outside|awake)_ns$")).value] | add) |
		. <= 8 and . >= -8)' threads.json >same || fail "$1: states do not add up to lives"

}

sources=()
for source in bpf perf; do
	before=$(stolen_ns)
	"$CTRACE_RUN" --sched=exact --sched-source=$source -o t.ctrace -- ./schedule one >out 2>err || {
		grep -q 'statically linked' err || fail "$source: $(cat err)"
		echo "not tried: $source is not to be had"
		continue
	}
	sources+=("$source")
	grep -qx 'ctrace-run: ./schedule is a static program: only when its threads ran is recorded, not what they waited for' err || fail "$source: said $(cat err)"
	valid t.ctrace
	while read -r tid name run delay run_before _; do
		jq --argjson tid "$tid" '.threads[] | select(.tid == $tid)' threads.json >thread.json
		ran_as_said $source "$name $tid" $((run + run_before)) "$before" "$(cat thread.json)"
		read -r got_ready got_other < <(jq -r '.states | "\(.woken_ns + .preempted_ns) \(.short_ns + .outside_ns + .awake_ns)"' thread.json)
		# who made it ready, perf does not tell; then that time is outside, or not seen
		[ "$got_ready" -gt "$delay" ] || [ $((got_ready + got_other)) -lt "$delay" ] || got_ready=$delay
		[ "$got_ready" -ge $((delay * 9 / 10 - 12000000)) ] || fail "$source: $name $tid ready $got_ready instead of $delay"
	done < <(grep '^[0-9]' out)
	[ "$(grep -c '^[0-9]' out)" -eq 2 ] && jq -e '.threads | length == 3' threads.json >same || fail "$source: threads: $(jq -c '[.threads[].tid]' threads.json)"
	jq -e '.processes | length == 1 and .[0].reached == false and .[0].end == "exited" and .[0].exit == 0 and (.[0].command | test("schedule one$")) and (.[0].exe | test("/schedule$"))' ps.json >same ||
		fail "$source: $(jq -c .processes ps.json)"
done

# the views say it in a line
line="^schedule (pid [0-9]*) is a static program: what its threads waited for is not recorded$"
for view in report threads info ps sched; do
	"$CTRACE" $view t.ctrace >out
	grep -q "$line" out || fail "$view does not say so: $(cat out)"
done
jq -e '.blind | length == 1 and .[0].kind == "unreached" and .[0].detail == "a static program"' info.json >same || fail "blind: $(jq -c .blind info.json)"

# dynamic, static, dynamic: each image of a process follows the other, and forks on the way are there
cat >chain.c <<'END'
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
/* waits for a line on its standard input; then forks a child that does the same; then executes what its arguments say */
static int wait_for_line(void)
{
	char c = 0;

	while (c != '\n')
		if (read(0, &c, 1) != 1)
			return 0;
	return 1;
}
int main(int argc, char **argv)
{
	int status = 0;

	if (!wait_for_line())
		return 9;
	if (fork() == 0)
		_exit(wait_for_line() ? 5 : 9);
	wait(&status);
	if (argc > 1)
		execv(argv[1], argv + 1);
	return WEXITSTATUS(status) == 5 ? 7 : 9;
}
END
"${CC:-cc}" -o dynamic chain.c && "${CC:-cc}" -static -o static chain.c
mkfifo go
# a line goes to the newest process of the tree when the trace has it: rows so far, its executable, out of reach
step() { # n exe reached
	until "$CTRACE" ps --json c.ctrace 2>/dev/null | jq -e --argjson n "$1" --arg exe "$2" --argjson reached "$3" \
		'.processes | length == $n and (.[-1].exe | endswith("/" + $exe)) and .[-1].reached == $reached' >same && [ -s same ]; do kill -0 $pid; done
	echo >&7
}
for source in "${sources[@]}"; do
	rm -f c.ctrace
	"$CTRACE_RUN" -q --sched=exact --sched-source="$source" -o c.ctrace -- ./dynamic ./static ./dynamic <go &
	pid=$!
	exec 7>go
	step 1 dynamic true
	step 2 dynamic true
	step 3 static false
	step 4 static false
	step 5 dynamic true
	step 6 dynamic true
	rc=0
	exec 7>&-
	wait $pid || rc=$?
	[ $rc -eq 7 ] || fail "$source: the chain ended with $rc"
	valid c.ctrace
	jq -c '.processes[] | [.index, .reached, .forked, .end, .exit // .next]' ps.json >got
	cat >due <<-END
		[0,true,false,"exec",2]
		[1,true,true,"exited",5]
		[2,false,false,"exec",4]
		[3,false,true,"exited",5]
		[4,true,false,"exited",7]
		[5,true,true,"exited",5]
	END
	diff due got >differences || fail "$source: chain due (<) and found (>): $(cat differences)"
	# one thread goes through all images: in each it ends where the next begins
	jq -e --argjson tid "$(jq '.processes[0].pid' ps.json)" '[.threads[] | select(.tid == $tid)] | sort_by(.begin_ns) as $t |
		($t | length) == 3 and all(range(1; 3); $t[.].begin_ns >= $t[. - 1].end_ns)' threads.json >same || fail "$source: lives overlap: $(jq -c '[.threads[] | [.tid, .begin_ns, .end_ns]]' threads.json)"
	jq -e '.threads | length == 6' threads.json >same || fail "$source: chain: $(jq -c '[.threads[].tid]' threads.json)"
done
# programs and threads that come and go between two looks: each is there or is counted, by every source
cat >brief.c <<'END'
#include <pthread.h>
static void *nothing(void *arg)
{
	return arg;
}
/* a hundred threads, one after another, when there is an argument */
int main(int argc, char **argv)
{
	pthread_t t;

	(void)argv;
	for (int i = 0; argc > 1 && i < 100; i++)
		if (pthread_create(&t, 0, nothing, 0) || pthread_join(t, 0))
			return 1;
	return 0;
}
END
"${CC:-cc}" -static -o brief brief.c -lpthread
# shellcheck disable=SC2016  # it is the program's
echo 'i=0; while [ $i -lt 100 ]; do ./brief; i=$((i + 1)); done' >brief.sh
for source in "${sources[@]}"; do
	"$CTRACE_RUN" -q --sched=exact --sched-source="$source" -o b.ctrace -- sh brief.sh
	valid b.ctrace
	got=$(jq -s '(.[0].processes | map(select(.reached | not)) | length) + ([.[1].blind[] | select(.kind == "programs").count] | add // 0)' ps.json info.json)
	[ "$got" -eq 100 ] || fail "$source: $got of 100 programs: $(jq -c '.blind[-1]' info.json)"
	"$CTRACE_RUN" -q --sched=exact --sched-source="$source" -o b.ctrace -- ./brief threads
	valid b.ctrace
	"$CTRACE" threads --json --top 200 b.ctrace >threads.json
	got=$(jq -s '(.[0].threads | length) + ([.[1].blind[] | select(.kind == "threads").count] | add // 0)' threads.json info.json)
	[ "$got" -eq 101 ] || fail "$source: $got of 101 threads: $(jq -c .blind info.json)"
	jq -e '.missing == 0' <<<"$(jq .switches info.json)" >same || fail "$source: $(jq -c .switches info.json)"
done
finish
