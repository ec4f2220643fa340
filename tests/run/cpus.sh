#!/bin/bash
# cpus.sh - what CPUs did while no traced thread had them: a CPU that is idle, one that an untraced program keeps busy, and one that the program itself does are told
# apart, whichever way switches were recorded or not.
#
# "Others or idle" is the difference between a program that waits for a CPU and a machine that has nothing to do.
#
# The kernel counts in whole hundredths of a second.  What ctrace-run read is right to 20 ms (idle and iowait, each cut off), what the program read itself as well; and
# the trace is longer than the time between the program's looks, in which anything may happen: by `lead`.
# serial: it measures time
set -eu
P=$BUILD/run/cpus
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
command -v jq >/dev/null || { echo "no jq" && exit 77; }
[ "$(stat -f -c %T /proc/stat)" = proc ] || { echo "/proc/stat is not the kernel's here" && exit 77; }

last=$(taskset -cp $$ | sed 's/.*[ ,-]//')
"$P" spin "$last" &
spinner=$!
trap 'kill $spinner' EXIT

figure() { # cpu member
	jq -r --argjson cpu "$1" ".each_cpu[] | select(.cpu == \$cpu).$2" "$t.json"
}

within() { # what got least most
	[ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || fail "$t: $1: $2, expected $3 to $4"
}

compare() { # name, ctrace-run's options
	t=$1
	shift
	ctrace-run -q -o "$t.ctrace" "$@" -- "$P" $spinner >"$t.out"
	ctrace validate "$t.ctrace" >valid || fail "$t: $(cat valid)"
	ctrace sched --json "$t.ctrace" >"$t.json"
	all=$(jq '.slice_ns * 60' "$t.json")
	most=$((all + 2000))
	span=$(awk '$1 == "span" { print $2 }' "$t.out")
	spun=$(awk '$1 == "spun" { print $2 }' "$t.out")
	lead=$((all - span))
	room=$((lead + 40000000))
	[ "$lead" -ge 0 ] && [ "$lead" -lt $((span / 2)) ] || fail "$t: the trace is of $all ns, the program's looks $span apart"
	# to the ns, but for what each of the parts is rounded by
	jq -e '.slice_ns as $s | all(.each_cpu[]; .ran_ns + .others_ns + .idle_ns + .stolen_ns + .unknown_ns - $s * 60 | . < 2000 and . > -2000) and
		all(.each_cpu[].over_time[]; .running + .others + .idle + .stolen + .unknown - 1 | . < 0.001 and . > -0.001)' "$t.json" >same ||
		fail "$t: parts do not add up: $(jq -c '.slice_ns, [.each_cpu[] | del(.over_time)]' "$t.json")"
	while read -r _ cpu idle stolen; do
		within "CPU $cpu idle" "$(figure "$cpu" idle_ns)" $((idle - room)) $((idle + room))
		# of whose time it was is not known, so it may be in more than one place; but not more than there was
		within "CPU $cpu stolen" "$(figure "$cpu" stolen_ns)" 0 $((stolen + room))
	done < <(grep '^cpu' "$t.out")
	grep -q '^cpu' "$t.out" || fail "$t: CPUs came or went meanwhile: $(cat "$t.out")"
}

for source in bpf perf; do
	compare $source --sched=exact --sched-source=$source
	ctrace info --json $source.ctrace >info.json
	if jq -e '.switches.source == null' info.json >same; then
		echo "not tried: $source: $(jq -r '.notes[] | select(startswith("when threads had a CPU"))' info.json)"
		continue
	fi
	# what the spinner ran is others', and nobody else's; and some of it may be called stolen where that is not known
	within "CPU $last others" $(($(figure "$last" others_ns) + $(figure "$last" stolen_ns))) $((spun - 20000000)) "$most"
	within "CPU $last idle" "$(figure "$last" idle_ns)" 0 $((all - spun + 20000000))
	# what the program ran is its own
	read -r first burnt < <(sed -n 's/^burnt //p' $source.out)
	within "CPU $first threads" "$(figure "$first" ran_ns)" $((burnt - 1000000)) "$most"
	within "CPU $first others and idle" $(($(figure "$first" others_ns) + $(figure "$first" idle_ns))) 0 $((all - burnt + 1000000))
	# only before the kernel told of switches it is not known whose they were
	within "CPU $last not known" "$(figure "$last" unknown_ns)" 0 "$lead"
	grep -q '^ *threads .*, others .*, idle ' <(ctrace sched $source.ctrace) || fail "$source: $(ctrace sched $source.ctrace)"
done

# nobody told of switches: it is known when CPUs were idle, and not who had them otherwise
compare user --sched-source=user
within "CPU $last others" "$(figure "$last" others_ns)" 0 0
within "CPU $last not known" $(($(figure "$last" unknown_ns) + $(figure "$last" stolen_ns))) $((spun - 20000000)) "$most"

ctrace-run -q -o off.ctrace --sched=off -- "$P" $spinner >off.out
ctrace sched off.ctrace | grep -q '^CPUs' && fail "off is not off: $(ctrace sched off.ctrace)"
exit $((failures > 0))
