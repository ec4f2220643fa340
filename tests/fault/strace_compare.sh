#!/bin/bash
# strace_compare.sh - after its start, a traced program makes the system calls it makes bare.
#
# A recorder that writes, maps or opens things as it goes changes timing, fails under seccomp, and
# surprises whoever straces a traced server.  The same program (quiet.c) runs under strace bare and
# traced; between its two marks the calls must be the same ones, equally often.  futex and
# sched_yield may differ in number, not in kind: how often they happen is a matter of timing.
#
# ALLOWED is what the README names, each with how many more there may be: a forked child learns
# its own numbers and its parent's once (quiet.c forks once).
# timeout: 120
set -eu
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/lib-fault.sh"
need strace
scratch
ALLOWED=${ALLOWED:-getpid:1 getppid:1 gettid:1}
quiet=$BUILD/fault/quiet

# Counts by name of the calls between the marks in a strace output.
calls() { # file
	awk '/getpgid\(2147483393\)/ { on = 1; next } /getpgid\(2147483394\)/ { on = 0 }
		on && !/<\.\.\. |\+\+\+|---/ { sub(/^[0-9]+ +/, ""); sub(/\(.*/, ""); n[$0]++ }
		END { for (c in n) print c, n[c] }' "$1" | sort
}

differences() { # bare traced -> one line for each call that is new or of another number
	awk -v allowed="$ALLOWED" 'BEGIN { n = split(allowed, word, " ")
			for (i = 1; i <= n; i++) { split(word[i], part, ":"); more[part[1]] = part[2] } }
		NR == FNR { bare[$1] = $2; next }
		$1 in more && $2 <= bare[$1] + more[$1] { next }
		!($1 in bare) { print $1 ": " $2 " times, never in the bare program"; next }
		$1 != "futex" && $1 != "sched_yield" && $2 != bare[$1] { print $1 ": " $2 " times, " bare[$1] " in the bare program" }' "$1" "$2"
}

compare() { # name
	local diff
	calls "$1" >"$1.calls"
	[ -s "$1.calls" ] || { fail "$1: no marks in what strace saw" && return; }
	diff=$(differences bare.calls "$1.calls")
	[ -z "$diff" ] || fail "$1: $diff"
}

strace -f -o bare "$quiet" 2>err || skip "strace cannot trace here: $(head -n 1 err)"
calls bare >bare.calls
strace -f -o again "$quiet"
compare again # the program against itself: else the test tests nothing
[ "$failures" -eq 0 ] || finish

tried=
if [ -r "$LIBCTRACE" ]; then
	strace -f -E LD_PRELOAD="$LIBCTRACE" -o preload "$quiet" || fail "preload: status $?"
	compare preload
	tried=1
fi
if [ -x "$CTRACE_RUN" ]; then
	"$CTRACE_RUN" -q -o t.ctrace -- strace -f -o run "$quiet" || fail "run: status $?"
	compare run
	"$CTRACE_RUN" -q --threshold 0 -o t0.ctrace -- strace -f -o run0 "$quiet" || fail "run0: status $?"
	compare run0
	tried=1
fi
[ -n "$tried" ] || skip "neither $LIBCTRACE nor $CTRACE_RUN is there"
finish
