# shellcheck shell=sh disable=SC2034  # sourced, not run; what it sets is for others
#
# lib.sh - shared by the benchmark drivers; sourced, not run.
#
# Finds the parts under test (all can be set from outside):
#   BUILD       folder of the build                     CTRACE      the reader
#   CTRACE_RUN  the launcher                            LIBCTRACE   the preload object
#   CTRACE_RUN_ARGS  more options for the launcher      BENCH_OUT   where CSV files go
# and offers medians of per-round ratios.

top=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$top/build/release}
CTRACE_RUN=${CTRACE_RUN:-$BUILD/ctrace-run}
CTRACE=${CTRACE:-$BUILD/ctrace}
LIBCTRACE=${LIBCTRACE:-$BUILD/libctrace.so}
CTRACE_RUN_ARGS=${CTRACE_RUN_ARGS:-}
BENCH_OUT=${BENCH_OUT:-$top/build/bench}
MEASURE=$BUILD/bench/measure
export LC_ALL=C

die() {
	echo "${0##*/}: $*" >&2
	exit 2
}

# Traced how: run (the launcher), preload (the object alone), control (env, to see the noise).
check_via() { # via
	case $1 in
	run) [ -x "$CTRACE_RUN" ] || die "no launcher at $CTRACE_RUN (set CTRACE_RUN, or --via control)" ;;
	preload) [ -r "$LIBCTRACE" ] || die "no preload object at $LIBCTRACE (set LIBCTRACE)" ;;
	control) ;;
	*) die "unknown way to trace '$1': run, preload or control" ;;
	esac
}

# Prints the first number under KEY in a JSON text on standard input, nothing if there is none.
json_number() { # key
	tr -d ' \n\t' | tr ',{}' '[\n*]' | sed -n "s/^\"$1\":\\([0-9][0-9.e+-]*\\)\$/\\1/p" | head -n 1
}

# How many wait and wake records a trace holds ("-" when nobody can tell).
records_in() { # trace
	n=
	[ -x "$CTRACE" ] && [ -s "$1" ] && n=$("$CTRACE" info --json "$1" 2>/dev/null | json_number records)
	echo "${n:--}"
}

file_bytes() { # file
	if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo -; fi
}

# Reads one number a line; prints "median min max", or "- - -" for none.
median() {
	sort -g | awk 'NF { v[++n] = $1 } END {
		if (!n) { print "- - -"; exit }
		m = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
		printf "%.6g %.6g %.6g\n", m, v[1], v[n] }'
}

# PASS when value <= goal (or >= with "min"), over when not, - without a goal or value.
verdict() { # value goal [min]
	awk -v v="$1" -v g="$2" -v low="${3:-}" 'BEGIN {
		if (v == "-" || g == "-") print "-"
		else if (low == "min") print (v + 0 >= g + 0) ? "PASS" : "over"
		else print (v + 0 <= g + 0) ? "PASS" : "over" }'
}
