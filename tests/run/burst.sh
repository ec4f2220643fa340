#!/bin/bash
# burst.sh - what is lost is counted to the record, for each thread, with times: when nobody drains, and when a ring is overrun.
#
# A trace that says "some records were lost" cannot be reckoned with.  Here threads write more than there is room for, with ctrace-run stopped or in a
# small ring; each thread's waits that are there and those that were lost must be as many as it knows to have made.
# timeout: 180
set -eu
P=$BUILD/run/burst
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
mkfifo in

go() { # trace, N, ctrace-run's options: until all threads have waited
	local trace=$1 n=$2
	shift 2
	ctrace-run -q --threshold 0 "$@" -o "$trace" -- "$P" 3 "$n" 2 <in >out &
	pid=$!
	exec 7>in
	until [ "$(ctrace threads --json "$trace" 2>/dev/null | jq '.threads | length')" = 6 ]; do kill -0 $pid; done
}
wait_all() {
	printf 1 >&7
	until grep -q 'done' out; do kill -0 $pid; done
	grep -v 'done' out >truth
}
finish() { # trace
	printf 2 >&7
	exec 7>&-
	wait $pid || fail "$1: exit $?"
	look "$1"
}
look() { # trace
	ctrace validate "$1" >valid || fail "$1: $(cat valid)"
	ctrace raw --json "$1" >records
	ctrace info --json "$1" >facts
	jq -n --slurpfile facts facts '
		reduce inputs as $r ({}; if $r.event == "wait" and $r.fields.op == "sem" then .[$r.tid | tostring].waits += 1
				elif $r.event != "lost" then .[$r.tid | tostring].others += 1 else . end |
			if $r.event == "wait" then .[$r.tid | tostring].first //= ($r.ns - $facts[0].start_mono_ns) else . end)' records >kept
}
kept() { # tid, what
	jq --arg tid "$1" ".[\$tid].$2 // 0" kept
}
lost() { # tid, what
	jq --argjson tid "$1" "[.losses[] | select(.tid == \$tid).$2] | add // 0" facts
}
adds_up() { # trace, reason
	jq -e "(.lost.$2 // 0) == ([.losses[].lost_records] | add // 0)" facts >same || fail "$1: the threads' losses are not the whole: $(jq -c '.lost, .losses' facts)"
	jq -e '.duration_ns as $d | all(.losses[]; .from_ns < .to_ns and .to_ns <= $d + 1000000)' facts >same || fail "$1: times: $(jq -c '.duration_ns, .losses' facts)"
}

# --- a stream: begin, end and the semaphore's name come to what it counted
balance() { # trace
	local tid waits have
	while read -r tid waits; do
		have=$(($(kept "$tid" waits) + $(kept "$tid" others)))
		[ $((have + $(lost "$tid" lost_records))) -eq $((waits + 3)) ] || fail "$1: thread $tid: $have kept and $(lost "$tid" lost_records) lost of $((waits + 3))"
	done <truth
	adds_up "$1" no_chunk
}

go whole.ctrace 1000
wait_all
finish whole.ctrace
balance whole.ctrace
[ "$(jq -c .lost facts)" = '{}' ] || fail "lost though there was room: $(jq -c .lost facts)"

go burst.ctrace 80000
kill -STOP $pid
wait_all
kill -CONT $pid
finish burst.ctrace
balance burst.ctrace
# main loses some of its own
jq -e '[.losses[] | select(.lost_records > 0 and .reason == "no_chunk").tid] | length >= 3' facts >same || fail "losses: $(jq -c .losses facts)"
ctrace info burst.ctrace | grep -q ' run ([0-9]*): no free chunk' || fail "info does not name the threads: $(ctrace info burst.ctrace | tail -5)"

# --- a ring: what it repeats in each chunk is a record too, but no wait
ring_balance() { # trace, how many lost a part
	local tid waits have gone n=0
	while read -r tid waits; do
		have=$(kept "$tid" waits) gone=$(lost "$tid" lost_waits)
		[ $((have + gone)) -eq "$waits" ] || fail "$1: thread $tid: $have waits kept and $gone lost of $waits"
		n=$((n + (have > 0 && gone > 0)))
		[ "$gone" = 0 ] || [ "$have" = 0 ] || [ "$(lost "$tid" to_ns)" -le "$(kept "$tid" first)" ] ||
			fail "$1: thread $tid: lost until $(lost "$tid" to_ns), but there at $(kept "$tid" first)"
	done <truth
	[ $n = "$2" ] || fail "$1: $n threads lost a part, expected $2"
	adds_up "$1" overwritten
}

go room.ctrace 1000 --ring 2M
wait_all
finish room.ctrace
ring_balance room.ctrace 0
[ "$(jq -c .lost facts)" = '{}' ] || fail "lost though there was room: $(jq -c .lost facts)"

go ring.ctrace 20000 --ring 256K
wait_all
finish ring.ctrace
ring_balance ring.ctrace 3
ctrace report ring.ctrace | grep -q '^      run ([0-9]*) [0-9,]*, run ([0-9]*) [0-9,]*, run' || fail "report does not name the threads: $(ctrace report ring.ctrace | tail -5)"
# of the two that ended first nothing is left, and each was there at another time
early=$(head -2 truth | cut -d ' ' -f 1 | jq -s .)
jq -e --argjson early "$early" '[.losses[] | select(.tid == $early[])] | sort_by(.thread) |
	length == 2 and all(.[]; .lost_waits == 100 and .lost_records >= 103) and .[0].to_ns <= .[1].from_ns' facts >same ||
	fail "threads of which nothing is left: $(jq -c .losses facts)"

# read while it is written, then killed: as it lies there, its arena alone, and finished
go wreck.ctrace 20000 --ring 256K
arena=$(grep -o '/[^ ]*/arena' /proc/$pid/maps | head -1)
wait_all
look wreck.ctrace
ring_balance wreck.ctrace 3
cp "$arena" living
program=$(cat /proc/$pid/task/*/children)
kill -KILL $pid # first: it would finish the trace
kill -KILL "$program"
exec 7>&-
wait $pid 2>/dev/null || true
cp "$arena" wreck
for trace in wreck.ctrace living wreck; do
	look $trace
	ring_balance $trace 3
done
ctrace finish -o finished.ctrace wreck >said || fail "finish: $(cat said)"
ctrace finish wreck.ctrace >said || fail "finish: $(cat said)"
for trace in finished.ctrace wreck.ctrace; do
	look $trace
	ring_balance $trace 3
done
exit $((failures > 0))
