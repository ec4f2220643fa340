#!/bin/bash
# truth_check.sh - each library function that waits, against a program that made known waits in it.
#
# A tracer that wraps two hundred functions is wrong in the one nobody tried.  For each case of the
# truth_*.c programs (see truth.h) the trace must have exactly the waits that were made,
# under the right operation and descriptor, with the right result and, where a traced thread ended them through a
# wrapped call, that thread and function.  Their time lies between what the releaser let pass after it
# had seen the waiter blocked, 2 ms a wait, and what the waiter measured around the call; both hold
# however the machine is loaded.
# serial: measures time
# timeout: 240
set -eu
# shellcheck source=tests/accuracy/lib-truth.sh
. "$(dirname "$0")/lib-truth.sh"
TAB=$(printf '\t')

# A release of these is seen: it is a wrapped call on the same object.
compare() { # truth found
	awk -F"$TAB" 'BEGIN { n = split("mutex rwlock_read rwlock_write cond sem barrier", w, " ")
			for (i = 1; i <= n; i++) seen[w[i]] = 1 }
		NR == FNR { if ($1 == "waiter") waiter = $2
			else if ($1 == "waker") waker = $2
			else { c = ++cases; name[c] = $2; op[c] = $3; waits[c] = $4; total[c] = $5
				result[c] = $6; place[c] = $7; wake[c] = $8; fd[c] = $9; upto[c] = (all += $4) }
			next }
		$3 != waiter || $1 == "yield" { next } # it yields until the next round
		{ k++; for (c = 1; c <= cases && k > upto[c];) c++ }
		c > cases { print "a wait too many: " $1 " in " $9; next }
		$9 != place[c] { print "wait " k " was made in " place[c] ", not in " $9; next }
		{ found[c]++; time[c] += $5 }
		$1 != op[c] { print name[c] ": called " $1 " instead of " op[c] }
		result[c] != "-" && $6 != result[c] { print name[c] ": result " $6 " instead of " result[c] }
		fd[c] != "-" && $2 " " !~ "^fd " fd[c] " " { print name[c] ": on " $2 " instead of fd " fd[c] }
		!seen[op[c]] || wake[c] == "-" { next }
		$8 != waker { print name[c] ": ended by thread " $8 " instead of " waker }
		$10 != wake[c] { print name[c] ": ended in " $10 " instead of " wake[c] }
		END { for (c = 1; c <= cases; c++) {
			if (found[c] + 0 != waits[c]) printf "%s: %d waits, %d were made\n", name[c], found[c], waits[c]
			else if (time[c] > total[c] * 1.001)
				printf "%s: %.3f ms, %.3f were measured\n", name[c], time[c] / 1e6, total[c] / 1e6
			else if (wake[c] != "-" && time[c] < waits[c] * 2e6 * 0.999)
				printf "%s: %.3f ms, at least %.3f were waited\n", name[c], time[c] / 1e6, waits[c] * 2
		} }' "$1" "$2"
}

for part in locks sync calls files resolve system processes; do
	"$CTRACE_RUN" -q -o $part.ctrace -- "$BUILD/accuracy/truth_$part" >$part.tsv
	"$CTRACE" validate $part.ctrace >/dev/null || fail "$part: the trace is not valid"
	all_waits $part.ctrace >$part.waits
	fail_lines $part < <(compare $part.tsv $part.waits)
done
finish
