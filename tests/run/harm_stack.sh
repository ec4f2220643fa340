#!/bin/bash
# harm_stack.sh - what a wrapped call needs of its caller's stack, all in: wrapper, record and stack capture.
#
# A thread with a 16 KiB stack may have two left for a call that bare needs 100 bytes.  harm_stack.c paints and measures; no call may go
# deeper than preload/README.md says: not a thread's first one, and not one that opens a chunk or makes room for a sum.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
# libpthread of glibc before 2.34 is bound lazily, and it is not the loader that is measured
export LD_BIND_NOW=1
S=$subjects/harm_stack
LIMIT=1024
CALLS=25

"$S" >bare.out 2>bare.err || { [ $? -ne 77 ] || skip "$(cat bare.err)"; fail "bare: $(cat bare.err)"; }

holds() { # what
	[ "$(wc -l <"$1.out")" -eq $CALLS ] || fail "$1: $(wc -l <"$1.out") calls measured, not $CALLS"
	# the stack is captured below all of them, and none is measured that was not made; the short polls of "chunks" have no stack when summed
	awk -v limit=$LIMIT -v what="$1" '
		($2 < 256 && !($1 == "chunks" && what == "sums")) || $2 > limit { print what ": " $1 " needs " $2 " bytes, not 256 to " limit; bad = 1 }
		$2 > most { most = $2; name = $1 }
		END { print what ": at most " most " bytes, in " name; exit bad }' "$1.out" || fail "$1: too deep"
}
mkdir ring short
LD_PRELOAD=$LIBCTRACE CTRACE_DIR=$PWD/ring CTRACE_THRESHOLD=0 "$S" >ring.out 2>ring.err || fail "ring: status $?: $(cat ring.err)"
holds ring
good ring/*.ctrace ring
LD_PRELOAD=$LIBCTRACE CTRACE_DIR=$PWD/short "$S" >sums.out 2>sums.err || fail "sums: status $?: $(cat sums.err)"
holds sums
"$CTRACE_RUN" -q --threshold 0 -o t.ctrace -- "$S" >stream.out 2>stream.err || fail "stream: status $?: $(cat stream.err)"
holds stream
good t.ctrace stream
echo "bytes bare, ring, summed, stream:"
paste -d ' ' bare.out ring.out sums.out stream.out | awk '{ print "  " $1, $2, $4, $6, $8 }'
finish
