#!/bin/bash
# harm_signals.sh - handlers that interrupt the recorder and record themselves lose nothing and add nothing.
#
# See harm_signals.c.  With --threshold 0 each system call it counts is one record and counts once in the totals; by default each is in
# the totals.  A handler on a stack above the interrupted one once was taken for the proof that the wait below it had been left, and
# the wait was recorded twice.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
S=$subjects/harm_signals
"$S" 200 >out 2>err || fail "bare: status $?: $(cat err)"

check() { # what trace every-call-is-a-record
	local call due found
	good "$2" "$1"
	"$CTRACE" raw "$2" >"$2.raw"
	! grep -q '^ *wait .*flags=1' "$2.raw" || fail "$1: $(grep -c '^ *wait .*flags=1' "$2.raw") waits marked as left, none was"
	while read -r call due; do
		# its own output, which comes last, is one more
		found=$(sed -n "s/^ *opstat .*op=$call count=\([0-9]*\).*/\1/p" "$2.raw" | awk '{ n += $1 } END { print n + 0 }')
		[ "$found" -eq "$due" ] || fail "$1: $due calls of $call, $found in the totals"
		[ -n "$3" ] || continue
		found=$(grep -c "^ *wait .*op=$call " "$2.raw")
		[ "$found" -eq "$due" ] || fail "$1: $due calls of $call, $found records"
	done <out
	found=$("$CTRACE" info --json "$2" | jq -c .lost)
	[ "$found" = '{}' ] || fail "$1: lost: $found"
	echo "$1: $(cat err), $(tr '\n' ' ' <out)"
}
"$CTRACE_RUN" -q --threshold 0 -o t0.ctrace -- "$S" 600 >out 2>err || fail "every wait: status $?: $(cat err)"
check "every wait" t0.ctrace 1
"$CTRACE_RUN" -q -o t.ctrace -- "$S" 600 >out 2>err || fail "long waits: status $?: $(cat err)"
check "long waits" t.ctrace ''
mkdir ring
LD_PRELOAD=$LIBCTRACE CTRACE_DIR=$PWD/ring CTRACE_THRESHOLD=0 "$S" 600 >out 2>err || fail "ring: status $?: $(cat err)"
good ring/*.ctrace ring
finish
