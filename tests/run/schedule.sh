#!/bin/bash
# schedule.sh - when a thread ran and when it was ready to run is what the kernel counted for it, and its states add up to its life,
# whichever way the kernel was asked.
#
# A tracer that guesses here is believed once.  The program's threads tell what the kernel's own counters say of them at their end; what a
# thread did is compared with that.
# serial: it measures time
set -eu
P=$BUILD/run/schedule
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# 1 % or 50 us, and besides, to each side, what the program saw itself that nobody counts.  A virtual machine that has to stand still, or a group of
# processes that has had its share of the CPUs, makes some ms of that: the kernel calls it neither running nor ready, and no switch or one to
# nobody that is traced is all there is to record.  On a quiet machine it is nothing.  And the kernel counts to a turn on a CPU what recording its two
# ends takes, of which the records tell nothing: up to 1 us with bpf and 6 us with perf.
near() { # what got expected more less
	local room=$(($3 / 100 > 50000 ? $3 / 100 : 50000))
	[ "$2" -le $(($3 + ${4:-0} + room)) ] && [ "$2" -ge $(($3 - ${5:-0} - room)) ] || fail "$1: $2 instead of $3 (+${4:-0} -${5:-0})"
}

# tid, ns on a CPU, ready, off it in no wait that can be seen, blocked and woken: of each thread's states what lies between its looks at the counters
between_looks() { # trace program's-output start-of-trace
	rm -rf states
	ctrace export --format=csv -o states "$1" 2>told
	awk -F, -v start="$3" '
		FILENAME == ARGV[1] { split($0, w, " "); if (w[1] ~ /^[0-9]+$/) { from[w[1]] = w[9] - start; to[w[1]] = w[10] - start }; next }
		FILENAME == ARGV[2] { tid[$1] = $3; next }
		$1 in tid && tid[$1] in from {
			t = tid[$1]; a = $2 > from[t] ? $2 : from[t]; b = $3 < to[t] ? $3 : to[t]
			if (b > a) got[t, $4] += b - a
		}
		END { for (t in from) printf "%d %d %d %d %d %d\n", t, got[t, "\"running\""] + got[t, "\"call\""], got[t, "\"woken\""] + got[t, "\"preempted\""],
			got[t, "\"short\""] + got[t, "\"outside\""], got[t, "\"blocked\""], got[t, "\"woken\""] }' "$2" states/threads.csv states/states.csv
}

compare() { # source
	local source=$1 what t tid name run delay run_before delay_before rest turns each _ got_run got_ready got_outside blocked late got_blocked got_woken
	local waited total lag did_run did_preempted
	each=1000
	[ "$source" = bpf ] || each=6000
	for what in one all woken held; do
		t=$source-$what
		ctrace-run -q --sched=exact --sched-source="$source" -o "$t.ctrace" -- "$P" $what >"$t.out"
		ctrace validate "$t.ctrace" >valid || fail "$t: $(cat valid)"
		ctrace threads --json "$t.ctrace" >"$t.json"
		ctrace info --json "$t.ctrace" >info.json
		if jq -e '.switches.source == null' info.json >same; then
			echo "skipped: $source: $(jq -r '.notes[] | select(startswith("when threads had a CPU"))' info.json)"
			return
		fi
		jq -e ".switches | .source == \"$source\" and .missing == 0 and .error_ns < 5000" info.json >same || fail "$t: $(jq -c .switches info.json)"
		# to the ns, but for what each of the parts is rounded by
		jq -e 'all(.threads[]; .lived_ns - ([.states | to_entries[] | select(.key | test("^(running|system_call|woken|preempted|blocked|short|outside|awake)_ns$")).value] | add) |
			. <= 8 and . >= -8)' "$t.json" >same || fail "$t: states do not add up to lives"
		jq -e 'all(.threads[]; .states.awake_ns * 1000 < .lived_ns + 50000000)' "$t.json" >same || fail "$t: not seen: $(jq -c '[.threads[].states.awake_ns]' "$t.json")"
		# each CPU's time is the program's, others' or nobody's, and not seen; what its threads ran, and more before they began, ran there
		ctrace sched --json "$t.ctrace" >sched.json
		jq -e '.slice_ns as $s | all(.each_cpu[]; .ran_ns + .others_or_idle_ns + .not_seen_ns - $s * 60 | . < 2000 and . > -2000) and
			([.each_cpu[].ran_ns] | add) > .ran_ns - 2000' sched.json >same || fail "$t: CPUs: $(jq -c '.slice_ns, .ran_ns, [.each_cpu[] | del(.over_time)]' sched.json)"
		between_looks "$t.ctrace" "$t.out" "$(jq .start_mono_ns info.json)" >"$t.between"
		while read -r tid name run delay run_before delay_before rest turns _; do
			# to its account it said its word and then ended; a turn of which more than 2 ms were stolen is told to the next 32 us: 1/125 too little at the most
			if [ "$source" = bpf ]; then
				read -r got_run got_ready < <(jq -r --argjson tid "$tid" '.threads[] | select(.tid == $tid).schedstat | "\(.run_ns) \(.ready_ns)"' "$t.json")
				[ "$got_run" -ge $((run + run_before - 50000 - rest / 125)) ] && [ "$got_run" -le $((run + run_before + 2000000 + rest)) ] ||
					fail "$t: the account of $name $tid has $got_run on a CPU, which said $((run + run_before))"
				[ "$got_ready" -ge $((delay + delay_before - 50000)) ] || fail "$t: the account of $name $tid has $got_ready ready, which said $((delay + delay_before))"
			fi
			read -r _ got_run got_ready got_outside _ < <(grep "^$tid " "$t.between")
			near "$t: $name $tid on a CPU" "$got_run" "$run" "$rest" $((turns * each))
			# perf does not tell when the kernel itself woke it, after a page fault or a lock of /proc: that is outside until it runs
			[ "$source" = bpf ] || [ "$got_ready" -gt "$delay" ] || [ $((got_ready + got_outside)) -lt "$delay" ] || got_ready=$delay
			# who was asleep is ready from the release on here, and for the kernel from when it was told
			[ "$name" = sleeper ] || near "$t: $name $tid ready" "$got_ready" "$delay" "$rest"
		done < <(grep '^[0-9]' "$t.out")
	done

	# the moment of release parts what it was blocked from what it waited for a CPU, as the program saw it
	t=$source-woken
	read -r blocked late posting < <(sed -n 's/^waits //p' "$t.out")
	read -r tid delay rest < <(awk '$2 == "sleeper" { print $1, $4, $7 }' "$t.out")
	read -r got_blocked got_woken < <(awk -v tid="$tid" '$1 == tid { print $5, $6 }' "$t.between")
	# between its look at the clock and its wait it may have lost the CPU, and so may who released it between its look and the release
	near "$t: blocked" "$got_blocked" "$blocked" "$posting" $((delay + rest))
	[ "$got_woken" -le "$late" ] || fail "$t: $got_woken ns between release and a CPU, though it was back after $late"

	t=$source-held
	# a lock whose holder had to share its CPU: the waiter's time, by what the holder did
	ctrace locks --json "$t.ctrace" | jq '.objects[] | select(.kind == "mutex")' >lock.json
	read -r waited run delay rest lag turns < <(sed -n 's/^waited //p' "$t.out")
	read -r total did_run did_preempted < <(jq -r '"\(.total_ns) \(.holder_did.running_ns) \(.holder_did.preempted_ns)"' lock.json)
	# it may have lost the CPU before and after the wait, too
	near "$t: waited" "$total" "$waited" 0 $((waited - run - delay - rest + lag > 0 ? waited - run - delay - rest + lag : 0))
	jq -e '(.total_ns - (.holder_did | add)) | . <= 8 and . >= -8' lock.json >same || fail "$t: parts do not add up: $(jq -c .holder_did lock.json)"
	# when the other began to wait, it had had the lock for a moment
	near "$t: the holder ran" "$did_run" "$run" "$rest" $((lag + turns * each))
	near "$t: the holder was preempted" "$did_preempted" "$delay" "$rest" "$lag"
	ctrace sched --json "$t.ctrace" >sched.json
	jq -e --argjson p "$did_preempted" '.preempted_holders[0] | (.name | test("^lock in schedule.c:")) and .lost_ns == $p and (.held_by | test("^holder "))' sched.json >same ||
		fail "$t: $(jq -c .preempted_holders sched.json)"
	jq -e '[.longest[] | select(.thread == "holder" or .thread == "spinner").instead[].thread] | index("spinner", "holder")' sched.json >same || fail "$t: who ran instead: $(jq -c .longest sched.json)"
	compared=$((compared + 1))
}

compared=0
compare bpf
compare perf
if [ $compared -eq 0 ]; then
	echo "the kernel does not tell of switches here"
	exit 77
fi
exit $((failures > 0))
