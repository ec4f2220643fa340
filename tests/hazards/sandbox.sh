#!/bin/bash
# sandbox.sh - programs that forbid themselves system calls or the counter live on.
#
# See sandbox.c.  In strict seccomp the first read that was wrapped once was a SIGSEGV, because the recorder read the time stamp counter, which the
# kernel forbids along with the rest.  Such a process is not recorded any more, and the trace says so.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
subjects=$BUILD/hazards
for case in strict strict-syscall strict-thread tsc filter filter-fork; do
	compare "$subjects/sandbox" $case
	lost=$("$CTRACE" info --json run.ctrace | jq -c .lost)
	case $case in
	filter*) due='{}' ;;
	*) due='{"no_clock":1}' ;;
	esac
	[ "$lost" = "$due" ] || fail "$case: lost $lost instead of $due"
done
finish
