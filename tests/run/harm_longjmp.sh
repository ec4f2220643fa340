#!/bin/bash
# harm_longjmp.sh - jumps out of waits and out of the recorder leave every later wait recorded.
#
# See harm_longjmp.c.  A record cut in two by a jump hid, from readers, all records after it in its chunk, and a count left too high kept
# chunks from being given away; so with every call recorded, each one made after a jump must be there.
# timeout: 180
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
compare "$subjects/harm_longjmp" 2000
"$CTRACE_RUN" -q --threshold 0 -o t.ctrace -- "$subjects/harm_longjmp" 10000 >out || fail "status $?"
grep -q '^jumps 10000$' out || fail "the program did not get far: $(cat out)"
good t.ctrace "after jumps"
"$CTRACE" raw t.ctrace >raw
for op in sleep pread; do
	due=$(awk -v op=$op '$1 == "after" && $2 == op { print $3 }' out)
	# the same call left half way is marked; the program counts those that came back
	found=$(grep -c "^ *wait .*op=$op " raw)
	[ "$found" -eq "$due" ] || fail "$op: $due calls after jumps, $found recorded"
	counted=$(sed -n "s/^ *opstat .*op=$op count=\([0-9]*\).*/\1/p" raw | awk '{ n += $1 } END { print n + 0 }')
	[ "$counted" -eq "$due" ] || fail "$op: $due calls after jumps, $counted in the totals"
done
lost=$("$CTRACE" info --json t.ctrace | jq -c '.lost | del(.torn)')
[ "$lost" = '{}' ] || fail "lost: $lost"
echo "torn: $("$CTRACE" info --json t.ctrace | jq -c '.lost'), $("$CTRACE" info --json t.ctrace | jq .chunks) chunks"
finish
