#!/bin/bash
# counters.sh - memory, faults, switches and processor time over time are what the kernel told the program itself, also over an exec.
#
# A sampler that starts late, counts an exec twice or misses the end shows curves that look right and are not.
# serial: it measures time
set -eu
P=$BUILD/run/counters
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
between() { # what got least most
	[ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || fail "$1: $2, expected $3 to $4"
}

check() { # trace
	local start at resident anonymous minor voluntary involuntary cpu got got_anonymous to
	ctrace validate "$1.ctrace" >valid || fail "$1: $(cat valid)"
	start=$(ctrace raw "$1.ctrace" | sed -n 's/^header .*start_mono_ns=\([0-9]*\).*/\1/p')
	while read -r _ at resident anonymous; do
		# as it stood in the last moments of the step; the kernel's own figures are 64 pages for each CPU off
		to=$((at - start))
		read -r got got_anonymous < <(ctrace counters --json --from "$(((to - 2000000) / 1000))e-6" --to "$((to / 1000))e-6" "$1.ctrace" |
			jq -r '.all | "\(.resident_bytes) \(.anonymous_bytes)"')
		between "$1: resident" "$got" $((resident - 1048576)) $((resident + 1048576))
		between "$1: anonymous" "$got_anonymous" $((anonymous - 1048576)) $((anonymous + 1048576))
	done < <(grep ^step "$1.out")
	ctrace counters --json "$1.ctrace" >"$1.json"
	read -r _ minor voluntary involuntary cpu < <(grep ^all "$1.out")
	got=$(jq '.all.minor_faults | round' "$1.json")
	between "$1: faults" "$got" "$minor" $((minor + 30))
	got=$(jq '.all.voluntary | round' "$1.json")
	between "$1: voluntary switches" "$got" "$voluntary" $((voluntary + 5))
	got=$(jq '.all.involuntary | round' "$1.json")
	between "$1: preemptions" "$got" "$involuntary" $((involuntary + 20))
	got=$(jq .all.cpu_ns "$1.json")
	between "$1: processor time" "$got" "$cpu" $((cpu + 20000000))
	jq -e '.processes == .processes_counted' "$1.json" >same || fail "$1: processes that nobody looked at"
}

ctrace-run -q -o plain.ctrace -- "$P" >plain.out
check plain
ctrace-run -q -o execs.ctrace -- sh -c 'exec "$0"' "$P" >execs.out
check execs
# the newest are in a ring
ctrace-run -q --ring 1M -o ring.ctrace -- "$P" >ring.out
check ring
exit $((failures > 0))
