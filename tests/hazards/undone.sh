#!/bin/bash
# undone.sh - what another preload changed in programs: keys, attributes, exit when nothing is left, failed creation.
#
# A rival's wrapper changed 47 results of two conformance suites.  It took thread-specific keys from the program's supply, dropped thread
# attributes, allocated and opened at exit, and had a thread of its own, so that pthread_exit in main ended nothing.  See undone.c; that errno is 0
# when main begins, and that nothing is printed, every case here holds too.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
subjects=$BUILD/hazards
for case in keys attributes exit-without-descriptors exit-without-memory main-ends create-fails; do
	compare "$subjects/undone" $case
	grep -qx 'errno 0' bare.out || fail "$case: errno when main begins: $(head -n 1 bare.out)"
	sed "s/^/$case: /" bare.out
done
# what failed costs no slot: a program alone has fewer of them than creations that fail
for trace in run.ctrace rings/*.ctrace; do
	[ "$("$CTRACE" info --json "$trace" | jq -c .lost)" = '{}' ] || fail "create-fails: lost: $("$CTRACE" info --json "$trace" | jq -c .lost)"
done
finish
