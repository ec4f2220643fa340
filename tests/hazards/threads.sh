#!/bin/bash
# threads.sh - 20,000 threads at once, under ctrace-run and with the preload alone.
#
# A tracer with buffers per thread runs out of memory, descriptors or mappings here, and takes the program along.  Who finds no slot is
# not recorded and counted; everybody runs.
# timeout: 170
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
T=$BUILD/hazards/threads
n=20000
"$T" $n >bare.out 2>bare.err || fail "bare: status $?"
[ ! -s bare.err ] || { cat bare.err; n=$(sed -n 's/.*gives \([0-9]*\) threads.*/\1/p' bare.err); n=$((n * 9 / 10)); [ "$n" -gt 1000 ] || skip "too few threads are allowed here"; }
"$CTRACE_RUN" -q -o t.ctrace -- "$T" "$n" >out 2>err || fail "status $?: $(head -n 2 err)"
[ "$(cat out)" = "$n of $n threads" ] && [ ! -s err ] || fail "under ctrace-run: $(cat out err)"
good t.ctrace "$n threads"
seen=$("$CTRACE" info --json t.ctrace | jq '.events.thread_begin')
lost=$("$CTRACE" info --json t.ctrace | jq '[.lost[]] | add // 0')
echo "$n threads: $seen in the trace, $lost records lost"
# each thread has at least its beginning to tell
[ $((seen + lost)) -ge "$n" ] || fail "$n threads, $seen in the trace and $lost records lost"
mkdir rings
LD_PRELOAD=$LIBCTRACE CTRACE_DIR=$PWD/rings "$T" "$n" >out 2>err || fail "alone: status $?"
[ "$(cat out)" = "$n of $n threads" ] && [ ! -s err ] || fail "alone: $(cat out err)"
good rings/*.ctrace "$n threads alone"
"$CTRACE" info --json rings/*.ctrace | jq -c .lost
finish
