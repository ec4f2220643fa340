#!/bin/bash
# idle_check.sh - which waits of a recorded program are told as idle, and which are not.
#
# Who reads that a server waited for an hour wants to hear of the second in which it was held up, not of the night in which nobody asked.
# idle.c waits in the same functions for both reasons and knows which: a worker in its condition variable, an event loop, a
# reader and a semaphore's worker rest; a gate, an answer, a turn, a wait deep in some work and every lock do not, even where the thread waits
# nowhere longer, nor does the main thread of a process.
# serial: measures time
set -eu
# shellcheck source=tests/accuracy/lib-truth.sh
. "$(dirname "$0")/lib-truth.sh"
TAB=$(printf '\t')

# "FUNCTION OPERATION REASON WAITS TOTAL_NS" of each place
places() { # file
	jq -r '.waits | group_by([.stack[0].function, .operation, .reason])[] |
		[.[0].stack[0].function, .[0].operation, .[0].reason, length, (map(.duration_ns) | add)] | @tsv' "$1"
}

"$CTRACE_RUN" -q -o t.ctrace -- "$BUILD/accuracy/idle" >truth.tsv
"$CTRACE" validate t.ctrace >/dev/null || fail "the trace is not valid"
"$CTRACE" waits --json --idle --top 10000000 t.ctrace >idle.json
"$CTRACE" waits --json --top 10000000 t.ctrace >waits.json
"$CTRACE" locks t.ctrace >locks.txt

places idle.json >places.tsv
fail_lines "every wait" < <(awk -F"$TAB" '{ k = $1 SUBSEP $2 }
	NR == FNR { why[k] = $3; waits[k] = $4; least[k] = $5; most[k] = $6; next }
	!(k in why) && $2 ~ /^(cond|mutex|sem|recv|epoll_wait)$/ { print $4 " waits of " $2 " in " $1 ", which nobody made" }
	!(k in why) { next } # its measuring, and calls in which it lost its CPU
	{ found[k] = 1 }
	$3 != why[k] { print $1 ": " $2 " is told as " $3 ", it is " why[k] }
	$4 != waits[k] { print $1 ": " $4 " waits, " waits[k] " were made" }
	$5 > most[k] * 1.001 || $5 < least[k] * 0.999 { printf "%s: %.3f ms, it was %.3f to %.3f\n", $1, $5 / 1e6, least[k] / 1e6, most[k] / 1e6 }
	END { for (k in why) if (!(k in found)) { split(k, p, SUBSEP); print p[1] ": no wait" } }' truth.tsv places.tsv)

# Who does not ask for them is not shown them.
places waits.json >shown.tsv
diff <(grep -v "${TAB}idle$TAB" places.tsv) shown.tsv >differences || fail "waits without --idle: $(head -n 5 differences)"

# A worker's queue is no row among the locks, a gate is.
! grep -q work_ready locks.txt || fail "locks: $(grep -m 1 work_ready locks.txt)"
grep -q 'condvar gate_open' locks.txt || fail "locks: no gate_open"
grep -q '^idle, not listed' locks.txt || fail "locks does not say what it leaves out"

# What the report adds up as idle is what the program left its threads to themselves.
fail_lines "report" < <("$CTRACE" report --json t.ctrace | jq -r '.by_reason.idle | [.waits, .total_ns] | @tsv' | awk -F"$TAB" '
	NR == FNR { if ($3 == "idle") { waits += $4; least += $5; most += $6 } next }
	$1 != waits { print $1 " idle waits, " waits " were made" }
	$2 > most * 1.001 || $2 < least * 0.999 { printf "idle %.3f ms, it was %.3f to %.3f\n", $2 / 1e6, least / 1e6, most / 1e6 }' truth.tsv -)
finish
