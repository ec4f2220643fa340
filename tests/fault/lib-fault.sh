# shellcheck shell=bash disable=SC2034  # sourced, not run; what it sets is for others
#
# lib-fault.sh - what the fault tests share, and with them those of accuracy/, hazards/, hosts/ and run/harm_*.  Run by hand, a test
# needs only BUILD.

TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${BUILD:-$TOP/build/release}
CTRACE_RUN=${CTRACE_RUN:-$BUILD/ctrace-run}
CTRACE=${CTRACE:-$BUILD/ctrace}
LIBCTRACE=${LIBCTRACE:-$BUILD/libctrace.so}
failures=0

skip() { echo "skip: $*" >&2 && exit 77; }

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

finish() {
	[ "$failures" -eq 0 ] || { echo "$failures failures" && exit 1; }
	exit 0
}

need() { # programs
	local program
	for program; do command -v "$program" >/dev/null || skip "$program is not installed"; done
}

need_parts() { # run or tools or preload
	local part
	for part; do
		case $part in
		run) [ -x "$CTRACE_RUN" ] || skip "no launcher at $CTRACE_RUN" ;;
		tools) [ -x "$CTRACE" ] || skip "no reader at $CTRACE" ;;
		preload) [ -r "$LIBCTRACE" ] || skip "no preload object at $LIBCTRACE" ;;
		esac
	done
}

# A scratch folder of this test: the runner's, or one of its own that goes when the test ends.
scratch() {
	[ -z "${TMPDIR:-}" ] || [ "$PWD" != "$TMPDIR" ] || return 0
	work=$(mktemp -d)
	cd "$work" || exit 1
	trap 'cd /; rm -rf "$work"' EXIT
}

# Runs this script again with mounts of its own, as root or as root of a user namespace; skips where
# neither is allowed.
own_mounts() {
	[ -z "${OWN_MOUNTS:-}" ] || return 0
	export OWN_MOUNTS=1
	if unshare -m true 2>/dev/null; then exec unshare -m bash "$0" "$@"; fi
	if unshare -rm true 2>/dev/null; then exec unshare -rm bash "$0" "$@"; fi
	skip "mounts need root or user namespaces"
}

# What a recorder that was killed has left in memory goes with its trace.
drop_arena() { # trace
	local arena
	arena=$("$CTRACE" raw "$1" 2>/dev/null | sed -n '/^header /{s/.* arena_path="\([^"]*\)".*/\1/p;q}')
	case $arena in /dev/shm/ctrace-??????/arena) rm -rf "${arena%/arena}" ;; esac
}

# Every trace must open: both commands succeed on it and say nothing on standard error.
opens() { # trace what
	local out
	out=$("$CTRACE" validate "$1" 2>&1) || fail "$2: validate: $(echo "$out" | head -n 1)"
	out=$("$CTRACE" info --json "$1" 2>&1) || fail "$2: info: $(echo "$out" | head -n 1)"
}

# The memory an unfinished trace names; nothing when it has none.
arena_of() { # trace
	"$CTRACE" info "$1" | sed -n 's/^ *with the rest from //p'
}
