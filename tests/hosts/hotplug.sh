#!/bin/bash
# hotplug.sh - a CPU goes and comes while a program is traced, and one comes that was off when recording began: the trace is right, and says what it cannot know.
#
# What nobody tells of a CPU must not look as if no thread ran there; and a thread that is moved off its CPU must not be lost. Everywhere else this is tested with made
# up CPUs; here it is the last one of the machine. So it is done on request alone: CTRACE_HOTPLUG=1, as root.
# timeout: 180
# serial: it takes a CPU away
# BPF programs tell of pids in the first namespace only: no namespace of its own, then
export HOST_OWN=no
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"

last=$(sed 's/.*[,-]//' /sys/devices/system/cpu/online)
switch=/sys/devices/system/cpu/cpu$last/online
[ "${CTRACE_HOTPLUG:-}" = 1 ] || skip "it takes a CPU of this machine off and on: CTRACE_HOTPLUG=1 asks for that"
[ "$(id -u)" = 0 ] || skip "only root may take a CPU off"
[ "$last" -gt 0 ] || skip "there is one CPU alone"
[ -w "$switch" ] || skip "$switch cannot be written: this kernel or machine keeps its CPUs"
restore() {
	echo 1 >"$switch"
	clean_up
}
trap restore EXIT
trap 'exit 1' HUP INT TERM
mkdir -p run && cd run || exit 1

plug() { echo "$1" >"$switch" || fail "cpu$last: cannot be set to $1"; }
now() { local t=${EPOCHREALTIME/[.,]/}; echo "${t}000"; }

# Four processes that are busy for three seconds or so, whatever CPUs there are.
# shellcheck disable=SC2016
busy='for i in 1 2 3 4; do (e=$((SECONDS + 3)); while ((SECONDS < e)); do :; done) & done; wait'

finished() {
	wait $tracer
	status=$?
}

start() { # source
	"$CTRACE_RUN" -q --sched=exact --sched-source="$1" -o "$t.ctrace" -- bash -c "$busy" &
	tracer=$!
	sleep 0.7
}

figure() { jq -r --argjson cpu "$last" "$1" "$t.json"; }

# Returns 1 where this source is not to be had.
done_with() { # source
	[ "$status" = 0 ] || fail "$t: exit $status"
	opens "$t.ctrace" "$t"
	"$CTRACE" info --json "$t.ctrace" >info.json
	[ "$(jq -r .switches.source info.json)" = "$1" ] || { echo "$t: no switches by $1: $(jq -r '.notes[] | select(startswith("when threads"))' info.json)" && return 1; }
	[ "$(jq .switches.missing info.json)" = 0 ] || fail "$t: $(jq .switches.missing info.json) switches are missing"
	"$CTRACE" sched --json "$t.ctrace" >"$t.json"
	all=$(figure '.slice_ns * 60')
	ran=$(figure '.each_cpu[] | select(.cpu == $cpu).ran_ns')
	figure '.slice_ns as $s | all(.each_cpu[]; .others_ns == null or (.ran_ns + .others_ns + .idle_ns + .stolen_ns + .unknown_ns - $s * 60 | . < 2000 and . > -2000))' |
		grep -qx true || fail "$t: parts do not add up: $(figure '[.each_cpu[] | del(.over_time)]')"
	came=$(jq -r --arg cpu "CPU $last came" '.notes[] | select(startswith($cpu))' info.json)
	"$CTRACE" sched "$t.ctrace" | sed -n '/^CPUs/,/^$/p'
}

for source in bpf perf; do
	t=goes-$source
	start $source
	plug 0
	off=$(now)
	sleep 0.7
	off=$(($(now) - off))
	plug 1
	finished
	if done_with $source; then
		[ -z "$came" ] || fail "$t: it was on at first, so all of it is known, but: $came"
		[ "$ran" -gt 0 ] && [ "$ran" -le $((all - off + 50000000)) ] || fail "$t: threads had CPU $last for $ran ns of $all, and it was off for $off"
		# nobody counts what a CPU does that is off: known is what the switches tell
		[ "$(figure '.each_cpu[] | select(.cpu == $cpu) | .unknown_ns + .idle_ns')" -ge $((off - 50000000)) ] || fail "$t: CPU $last was off for $off ns: $(figure '.each_cpu[] | del(.over_time)')"
		# nor is it a hole for anybody: but for its beginning and end the trace is seen
		[ "$(figure .seen_ns)" -ge $((all - 300000000)) ] || fail "$t: $(figure .seen_ns) ns seen of $all"
	fi

	t=comes-$source
	plug 0
	start $source
	plug 1
	on=$(now)
	finished
	on=$(($(now) - on))
	if done_with $source; then
		# bpf has a ring for it; and so has perf where the kernel makes events of threads for CPUs that are off
		if [ -z "$came" ]; then
			[ "$ran" -gt 0 ] || fail "$t: no thread ran on CPU $last, and nothing is said of it"
			[ "$(figure .seen_ns)" -ge $((all - 300000000)) ] || fail "$t: $(figure .seen_ns) ns seen of $all, and nothing is said of it"
		else
			[ $source = perf ] || fail "$t: $came"
			[[ $came == "CPU $last came while perf recorded, which cannot tell what ran there for "* ]] || fail "$t: $came"
			[ "$ran" = 0 ] || fail "$t: threads had CPU $last for $ran ns: who told?"
			# and it is a hole for all
			[ "$(figure .seen_ns)" -le $((all - on + 500000000)) ] || fail "$t: $(figure .seen_ns) ns seen of $all, and the CPU was on for $on"
		fi
	fi
done
finish
