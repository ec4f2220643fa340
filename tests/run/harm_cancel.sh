#!/bin/bash
# harm_cancel.sh - cancellation, exceptions and thread ends go through the wrappers as if they were not there.
#
# See harm_cancel.cc.  Beyond equal output, the trace must tell: one wait marked as cancelled for each call that was, none lost, every
# thread ended.  And a thread whose destructors wait after it has given its slot back must not cost a slot for good: with a ring of its
# own a program has 160, and 400 such threads one after another once left 240 unrecorded.
# timeout: 180
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
compare "$subjects/harm_cancel"
[ "$(grep -c 'cancelled$' bare.out)" -ge 140 ] || fail "only $(grep -c 'cancelled$' bare.out) cancelled threads"

# waits cut short, by operation, as the program tells and as the trace has them; a write or send goes through first
awk '/cancelled$/ { sub(/:$/, "", $2); n = $2
		if (n ~ /_then_test/) next
		if (n ~ /^cond/) n = "cond"; else if (n ~ /^sem/) n = "sem"; else if (n ~ /join/) n = "join"
		else if (n ~ /sleep/) n = "sleep"; else if (n == "pause") n = "sigwait"; else if (n ~ /^recvfrom/) n = "recv"; else if (n ~ /poll$|^poll/) n = n ~ /epoll/ ? "epoll_wait" : "poll"
		else if (n ~ /epoll/) n = "epoll_wait"; else if (n ~ /select/) n = "select"
		count[n]++ }
	END { for (n in count) print n, count[n] }' bare.out | sort >told
"$CTRACE" raw run0.ctrace | sed -n 's/^ *wait .*op=\([a-z_]*\) .*flags=1.*/\1/p' | sort | uniq -c | awk '{ print $2, $1 }' | sort >found
# and the thread that pauses in the routine of a once, and those with a cancel pending before write and join
awk '$1 == "sigwait" || $1 == "write" || $1 == "join" { $2++ } 1' told >due
diff due found >differences || { fail "cancelled waits, due (<) and in the trace (>):"; cat differences; }

late() { # what trace threads
	good "$2" "$1"
	"$CTRACE" info --json "$2" | jq -r '.lost | to_entries[] | select(.key != "overwritten") | "\(.key) \(.value)"' >lost
	[ ! -s lost ] || fail "$1: lost: $(tr '\n' ' ' <lost)"
}
mkdir late
LD_PRELOAD=$LIBCTRACE CTRACE_DIR=$PWD/late "$subjects/harm_cancel" 1000 >out || fail "late threads alone: status $?"
late "late threads alone" late/*.ctrace
"$CTRACE_RUN" -q -o late.ctrace -- "$subjects/harm_cancel" 3000 >out || fail "late threads: status $?"
late "late threads" late.ctrace
begun=$("$CTRACE" info --json late.ctrace | jq '.events.thread_begin - .events.thread_end')
[ "$begun" -eq 0 ] || fail "late threads: $begun began and never ended"
finish
