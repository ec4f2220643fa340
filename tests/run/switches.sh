#!/bin/bash
# switches.sh - 200,000 context switches a second are all there, by every source, and taking them costs ctrace-run at most half a CPU.
#
# What a recorder cannot keep up with it loses, and then a whole stretch of every thread is unknown.
# serial: it keeps all CPUs busy
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
command -v jq >/dev/null || { echo "no jq" && exit 77; }
tried=0
for source in bpf perf; do
	status=0
	ctrace-run -q --sched=exact --sched-source=$source -o t.ctrace -- "$BUILD/bench/switches" 200000 1 >out || status=$?
	[ $status -ne 77 ] || { echo "threads may not be bound to CPUs here" && exit 77; }
	[ $status -eq 0 ] || fail "$source: exit $status"
	ctrace info --json t.ctrace >info.json
	jq -e '.switches.source != null' info.json >same || { echo "not tried: $source is not to be had" && continue; }
	tried=$((tried + 1))
	read -r made seconds used <out
	read -r records missing < <(jq -r '.switches | "\(.records) \(.missing)"' info.json)
	[ "$missing" -eq 0 ] || fail "$source: $missing switches found no room"
	# each has a record when a thread comes and one when it goes; those of the last moments, and of some runs a few more, the kernel does not tell
	[ "$records" -ge $((made * 2 * 99 / 100)) ] || fail "$source: $records records of $made switches"
	awk -v u="$used" -v s="$seconds" 'BEGIN { exit u > s / 2 }' || fail "$source: $used s of processor time in $seconds s"
	jq -e '.lost == {}' info.json >same || fail "$source: lost $(jq -c .lost info.json)"
done
[ $tried -gt 0 ] || { echo "the kernel does not tell of switches here" && exit 77; }
exit $((failures > 0))
