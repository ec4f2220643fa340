# shellcheck shell=bash disable=SC2034  # sourced, not run; what it sets is for others
#
# lib-truth.sh - for tests that hold a trace against a program that knows its own waits.

# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/../fault/lib-fault.sh"

# Says each line of standard input as a failure, twenty at most.
fail_lines() { # what
	local line n=0
	while IFS= read -r line; do
		n=$((n + 1))
		[ $n -gt 20 ] || echo "FAIL: $1: $line"
	done
	[ $n -le 20 ] || echo "FAIL: $1: and $((n - 20)) more"
	failures=$((failures + n))
}

need jq
need_parts run tools
[ -r /proc/self/syscall ] || skip "/proc/self/task/TID/syscall cannot be read, which the subject needs"

# Every single wait, idle ones too, as "OPERATION OBJECT TID START_NS DUR_NS RESULT OWNER_TID WAKER_TID
# WAIT_FUNCTION WAKE_FUNCTION", tab-separated, in order of start; "-" for what is not known.
all_waits() { # trace
	"$CTRACE" waits --json --idle --top 10000000 "$1" | jq -r '.waits[] | select(.unfinished | not) |
		[.operation, (if .object == "" then "-" else .object // "-" end), .tid, .start_mono_ns, .duration_ns,
		 .result, .owner_tid, (.waker_tid // 0),
		 (.stack[0].function // "-"), (.waker_stack[0].function // "-")] | @tsv' | sort -t "$(printf '\t')" -k 4,4n
}
