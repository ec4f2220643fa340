#!/bin/bash
# JSON is read by programs that cannot guess: it must parse whatever bytes the trace holds, have every member its --help names,
# and its sums must agree from one command to the next.
set -u
command -v jq >/dev/null || { echo "jq is not installed" >&2 && exit 77; }
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

cat >t.txt <<'END'
ctrace 1
header start_mono_ns=1000 end_mono_ns=9000000
process 0 pid=100 exe="/bin/\xff\x1b[31m\"app\\" cmdline="a\nb \xc3\xa9" begin=1000 end=9000000 exit=0 flags=7 state=3
module 1 path="/bin/app"
blind 0 process=0 kind=1 path="/bin/app" detail="f\x01utex" count=1
symbol 1:0x10 function="f\x01\xfe" file="f.c" line=7
symbol 1:0x20 function="rest" file="f.c" line=9
stack f 1:0x10
stack rest 1:0x20
chunk slot=0
thread_begin +0 thread=1 tid=100
wait @500000 op=mutex dur=300000 object=m stack=f waker=2 waker_stack=rest wake_ago=20 owner=101
wait @550000 op=cond dur=100 object=d stack=f
wait @600000 op=mutex dur=1000 object=m stack=f
tally @700000 op=mutex object=m stack=f count=7 total=70 max=20
wait @800000 op=read dur=30000 object=4 stack=f
opstat @900000 op=read count=3 total=31000 max=30000
ophist +0 op=read bucket=8 count=2
ophist +0 op=read bucket=14 count=1
task_begin +10 task=0x100000001 name="\xff\x01\"task" parent=1
label +0 key="k\x01\"" bytes=2 text="\xfe\""
region_begin +0 name="region" task=0x100000001
log +0 category="\x1b" bytes=4 text="\xffid\""
region_begin +0 name="in \x1b[31m"
region_end +10 dur=10
region_end +0 dur=10
task_end +0 task=0x100000001
chunk slot=1
thread_begin +0 thread=2 tid=101
lost +10 reason=0 count=3 span=5 thread=2
wait @5000000 op=cond dur=4000000 object=c stack=rest
chunk slot=2 thread=0 tid=0 base=1000
ran @600000 tid=100 run_ns=1000 delay_ns=10 turns=1
cpu_idle @600000 span=500000 idle_ns=10000000
chunk slot=2147483648 base=1000
sched @1000 what=1 source=1
cpu_on @2000 tid=100
END
ctrace raw --encode t.txt -o t.ctrace || fail "raw --encode"

for c in report locks threads sched counters waits info "waits --blocked" "waits --idle" "locks --each" tasks regions; do
	# shellcheck disable=SC2086  # words
	ctrace $c --json t.ctrace >out || fail "$c: exit $?"
	jq -e '.version == 1 and .trace == "t.ctrace"' out >/dev/null || fail "$c: does not parse or has no head"
	cp out "${c%% *}.json"
done

# Every word of the help's JSON paragraph that is a member's name is a key somewhere in the output.
has_members() { # command file not-expected-here
	jq -r '[.. | objects | keys[]] | unique[]' "$2" >keys
	ctrace "$1" --help | sed -n '/^JSON:/,/^$/p' | sed 's/([^)]*)//g; s/^JSON: //' | grep -oE '[a-z][a-z0-9_]+' | sort -u |
		grep -vxE "reason|records|text|with|also|live|threads|$3" | grep -vxFf keys | sed "s/^/FAIL: $1: no /"
}
{
	has_members report report.json "sleep"
	ctrace locks --json t.ctrace >locks.json
	has_members locks locks.json "io|calls|sleep|name|damage|operation"
	has_members threads threads.json "groups|group|count|run|ready|blocked|not_seen|not_read|total_ns|min_ns|mean_ns|p50_ns|p99_ns|max_ns|instead|switches|without|rest"
	has_members sched sched.json "waker_thread|waker_tid|waker_pid|waker_unseen_tid|thread|tid|pid|state|from_ns|delay_ns|cpu|instead|ran_ns|others_or_idle_ns|about_ns|name|lost_ns|total_ns|held_by|woken|preempted"
	ctrace tasks --json --log id t.ctrace | jq -s '.[0] + .[1]' tasks.json - >tasks-all.json
	has_members tasks tasks-all.json "each|or|log|kind"
	ctrace regions --json --each t.ctrace | jq -s '.[0] + .[1]' regions.json - >regions-all.json
	has_members regions regions-all.json "each|kind"
	has_members counters counters.json "cpu_ns|the|same|of|whole|time|resident_bytes|anonymous_bytes|voluntary|involuntary|minor_faults|major_faults|system_ns"
	has_members waits waits.json "site"
	has_members info info.json "name"
	ctrace ps --json t.ctrace >ps.json
	has_members ps ps.json "an|at|its|mappings|of|index|as|seen|by|ctrace|run|running|exited|exec|or|unknown|signal|core|next|parent|outside_pid|without|recorder_pid|age_ns|blocked|trace|processes"
} >missing
cat missing
[ ! -s missing ] || failures=$((failures + 1))

check() { # what expression file
	jq -e "$2" "$3" >/dev/null || fail "$1: $2"
}
check locks '.objects | map(select(.kind == "mutex")) | .[0] | .waits == 9 and .short_waits == 7 and .total_ns == 301070' locks.json
check locks '.objects | map(select(.kind == "cond")) | .[0].by_reason.idle.total_ns == 4000000' locks.json
check locks '[.objects[] | .total_ns == ([.by_reason[].total_ns] | add)] | all' locks.json
check locks '[.objects[] | .waits == ([.waiters[].waits] | add)] | all' locks.json
check report '.by_reason.io == {waits: 1, total_ns: 30000} and .by_reason.calls == {waits: 2, total_ns: 1000}' report.json
check report '.waited_ns == ([.by_reason | to_entries[] | select(.key | IN("contention", "others", "io")) | .value.total_ns] | add)' report.json
check threads '[.threads[] | .lived_ns >= .rest_ns + ([.by_reason[].total_ns] | add)] | all' threads.json
ctrace waits --json t.ctrace >waits.json
check waits '.waits[0] | .waker_tid == 101 and .owner_tid == 101 and .wake_latency_ns == 20 and .start_mono_ns == 200000' waits.json
check info '.waits == 5 and .records == 24 and .file_bytes > 4096 and .lost == {}' info.json
[ "$(jq '[.threads[].by_reason[].total_ns] | add' threads.json)" = "$(jq '[.by_reason[].total_ns] | add' report.json)" ] ||
	fail "threads and report add up to different times"
[ $failures -eq 0 ]
