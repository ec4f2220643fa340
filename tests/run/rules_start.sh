#!/bin/bash
# rules_start.sh - a program finds itself as it would without us: descriptors, handlers, threads, environment, memory.
#
# The rules every other test takes for granted (preload/README.md), looked at from inside the program; rules_start.c tells why each
# matters.  The memory is what the design allows: 2 MiB, and 64 KiB a thread, while records are drained.
# timeout: 180
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
compare "$subjects/rules_start" state
grep -q '^allocations: ' bare.out || fail "the program did not get far"
# with signals ignored and blocked, descriptors open and closed
compare bash -c 'trap "" USR2 CHLD RTMIN+3; exec 5</dev/null 9>/dev/null <&-; exec "$1" state' - "$subjects/rules_start"
grep -q '^fd 9' bare.out || fail "a descriptor given to the program is not there"
compare "$subjects/rules_start" exit
[ "$(tail -n 2 bare.out)" = $'atexit runs\nstatus 0' ] || fail "pthread_exit in main: $(tail -n 2 bare.out)"

memory() { "$@" | awk '/VmRSS/ { print $2 }'; } # program...
for n in 1 8 32; do
	bare=$(memory "$subjects/rules_start" memory $n)
	traced=$(memory "$CTRACE_RUN" -q -o m.ctrace -- "$subjects/rules_start" memory $n)
	allowed=$((2048 + 64 * n))
	echo "$n threads: $bare KiB bare, $((traced - bare)) KiB added, $allowed allowed"
	[ $((traced - bare)) -le $allowed ] || fail "$n threads: $((traced - bare)) KiB added, $allowed allowed"
done
finish
