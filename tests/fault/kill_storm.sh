#!/bin/bash
# kill_storm.sh [RUNS] - kills the program, ctrace-run or both at random moments.
#
# Whoever traces a server that dies wants to know what happened until then: a trace is worth most
# after a SIGKILL.  Every trace must open, no wait that was over before the kill may be missing (the
# program counts its own, see storm.c), a killed program's status must come through, and a program
# must go on to its end, with its own exit status, when only ctrace-run dies.
# Every trace whose ctrace-run was killed can be given its end afterwards, with the same waits, and leaves nothing in /dev/shm.
# RUNS of each kind, default 8; the seed is fixed, so that a failing run can be repeated.
# timeout: 170
# serial: moments of a run are its subject
set -eu
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/lib-fault.sh"
need jq
need_parts run tools
scratch
runs=${1:-8} seed=${SEED:-20261120}
storm=$BUILD/fault/storm killer=$BUILD/fault/killer

# "TID WAITS" of each thread in a trace.
waits_by_thread() { # trace
	"$CTRACE" threads --json "$1" | jq -r '.threads[] | "\(.tid) \(.recorded_waits)"'
}

# Says which thread has fewer waits in the trace than it had counted.
missing_waits() { # counted found
	awk 'NR == FNR { if ($1 == "thread") counted[$2] = $3; next }
		{ found[$1] += $2 }
		END { for (t in counted) if (found[t] + 0 < counted[t])
			printf "thread %d: %d waits were over, %d are in the trace\n", t, counted[t], found[t] }' "$1" "$2"
}

status_of() { # who
	awk -v who="$1" '$1 == who { print $2 }' killed
}

one() { # program|run|both number
	local what=$1 name="$1 $2" us lost arena
	count=$((count + 1))
	us=$(sed -n "${count}p" moments)
	rm -rf t.ctrace* page killed found
	"$killer" "$what" "$us" page -- "$CTRACE_RUN" -q --threshold 0 -o t.ctrace -- "$storm" page 10000 >killed || {
		fail "$name: the run itself"
		return
	}
	case $what in
	program) [ "$(status_of run)" = 137 ] || fail "$name: ctrace-run ended with $(status_of run), not 137" ;;
	run) [ "$(status_of program)" = 7 ] || fail "$name: the program ended with $(status_of program), not 7" ;;
	esac
	opens t.ctrace "$name after $us us"
	waits_by_thread t.ctrace >found || fail "$name: threads"
	lost=$(missing_waits killed found)
	[ -z "$lost" ] || fail "$name after $us us: $lost"
	if [ "$what" != program ]; then
		arena=$(arena_of t.ctrace)
		"$CTRACE" finish t.ctrace >/dev/null || fail "$name after $us us: finish"
		waits_by_thread t.ctrace | sort >finished
		sort found | cmp -s - finished || fail "$name after $us us: other waits when finished"
		[ -z "$arena" ] || [ ! -e "$arena" ] || fail "$name after $us us: $arena is left"
	fi
	drop_arena t.ctrace
}

awk -v s="$seed" -v n=$((3 * runs)) 'BEGIN { srand(s); while (n--) print int(rand() * 200000) }' >moments
count=0
for i in $(seq "$runs"); do
	for what in program run both; do one $what "$i"; done
done
echo "$((3 * runs)) runs, $failures failures"
finish
