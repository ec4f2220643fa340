#!/bin/bash
# stopped.sh - ctrace_stop() and ctrace_start() from inside: what began before the stop is recorded to its end, what began in between is not and is
# not taken for running either, a forked child stays off until it says otherwise, and all threads are recorded again afterwards.
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
[ "$("$BUILD/run/stopped")" = "not recorded" ] || fail "bare: $("$BUILD/run/stopped")"

look() { # name -> looks at name.ctrace
	ctrace validate "$1.ctrace" >valid || fail "$1: $(cat valid)"
	ctrace waits --json --top 100 "$1.ctrace" >waits.json
	# of the worker's two waits for a lock the first, 100 ms, is there, and the second, which began while it was off, is not
	jq -e '[.waits[] | select(.operation == "mutex")] | length == 1 and .[0].duration_ns > 80000000' waits.json >/dev/null ||
		fail "$1: waits for locks: $(jq -c '.waits[] | select(.operation == "mutex")' waits.json)"
	# sleeps: before the stop, the child's after its start, after the start, the worker's
	[ "$(jq '[.waits[] | select(.operation == "sleep")] | length' waits.json)" = 4 ] ||
		fail "$1: sleeps: $(jq -c '.waits[] | select(.operation == "sleep")' waits.json)"
	ctrace info --json "$1.ctrace" | jq -e '[.notes[] | select(test("stopped its recording 1 time, for 1|forked while recording was stopped"))] |
		length == 2' >/dev/null || fail "$1: notes: $(ctrace info --json "$1.ctrace" | jq -c .notes)"
}

[ "$(ctrace-run -q -o t.ctrace -- "$BUILD/run/stopped")" = recorded ] || fail "below ctrace-run: $(cat out)"
look t
# what the worker did from the stop to its sleep, 150 ms at least, is not "in no recorded wait"
ctrace threads --json t.ctrace | jq -e 'if .threads[0].states then [.threads[] | select(.thread == "worker")] | length == 1 and
	.[0].states.paused_ns > 50000000 and .[0].states.outside_ns < 20000000 else true end' >/dev/null ||
	fail "states: $(ctrace threads --json t.ctrace | jq -c '.threads[] | {thread, states}')"

[ "$(LD_PRELOAD=$BUILD/libctrace.so "$BUILD/run/stopped")" = recorded ] || fail "alone: not recorded"
mv ctrace.stopped.*.ctrace alone.ctrace
look alone
exit $failures
