#!/bin/bash
# convoy_check.sh - ctrace's account of examples/convoy against the program's own.
#
# Figures that nobody has checked are decoration.  convoy knows each of its waits by construction: how
# often, how long, behind whom.  By lock the number of waits, short ones included, must be exact
# and the total within 1 %; and when every wait is recorded, each must be there, with the thread
# that held the lock, the one that let go, and the function it did so in.
# serial: measures time
# timeout: 120
set -eu
# shellcheck source=tests/accuracy/lib-truth.sh
. "$(dirname "$0")/lib-truth.sh"
TAB=$(printf '\t')

# "NAME WAITS TOTAL_NS" of each object: a variable's name, or the function that made it.
by_lock() { # trace
	"$CTRACE" locks --json --top 1000 --stacks 1 "$1" | jq -r '.objects[] |
		[.variable // ((.created // "-") | sub("[ (:].*"; "")), .waits, .total_ns] | @tsv'
}

compare_locks() { # truth found
	awk -F"$TAB" 'NR == FNR { if ($1 == "lock") { waits[$2] = $4; total[$2] = $5 } next }
		$1 in waits { n[$1] += $2; t[$1] += $3 }
		END { for (l in waits) {
			if (n[l] != waits[l]) printf "%s: %d waits, %d were made\n", l, n[l], waits[l]
			off = (t[l] - total[l]) / total[l]
			if (off > 0.01 || off < -0.01) printf "%s: %.3f ms in all, %.3f were waited\n", l, t[l] / 1e6, total[l] / 1e6
		} }' "$1" "$2"
}

# The k-th wait of a thread for a lock is the k-th in both accounts: both are in order of start.
compare_waits() { # truth found
	awk -F"$TAB" 'NR == FNR { if ($1 != "wait") next
			k = $2 SUBSEP $9; i = ++made[k]
			holder[k, i] = $5; releaser[k, i] = $7; where[k, i] = $8; next }
		{ lock = $2; sub(/ .*/, "", lock) }
		$2 ~ /session_new/ { lock = "session_new" }
		{ k = lock SUBSEP $3 }
		!(k in made) { next }
		{ i = ++found[k]; what = lock ", wait " i " of thread " $3 }
		i > made[k] { next }
		$1 == "mutex" && $7 != holder[k, i] { print what ": owner " $7 ", it was held by " holder[k, i] }
		$8 != releaser[k, i] { print what ": ended by " $8 ", it was " releaser[k, i] }
		$10 != where[k, i] { print what ": ended in " $10 ", it was in " where[k, i] }
		END { for (k in made) if (found[k] + 0 != made[k]) {
			split(k, part, SUBSEP)
			printf "%s, thread %s: %d waits, %d were made\n", part[1], part[2], found[k], made[k] } }' "$1" "$2"
}

"$CTRACE_RUN" -q -o short.ctrace -- "$BUILD/examples/convoy" -o short.tsv
"$CTRACE" validate short.ctrace >/dev/null || fail "the trace is not valid"
by_lock short.ctrace >short.locks
fail_lines "short waits tallied" < <(compare_locks short.tsv short.locks)

"$CTRACE_RUN" -q --threshold 0 -o all.ctrace -- "$BUILD/examples/convoy" -o all.tsv
"$CTRACE" validate all.ctrace >/dev/null || fail "the trace of every wait is not valid"
by_lock all.ctrace >all.locks
sort -t "$TAB" -k 3,3n all.tsv >all.sorted
all_waits all.ctrace >all.waits
fail_lines "every wait recorded" < <(compare_locks all.tsv all.locks)
fail_lines "every wait recorded" < <(compare_waits all.sorted all.waits)
finish
