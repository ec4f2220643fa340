#!/bin/bash
# pid_namespace.sh - threads that have other numbers for themselves than outside have their states, from every source, and their lock's holder too.
#
# The kernel's switches name a thread by its number outside, its records by its own: the two once never met, and a whole container's threads
# were "not seen".
# serial: it measures time
set -eu
P=$BUILD/run/schedule
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
# shellcheck source=tests/run/lib-ran.sh
. "$(dirname "$0")/lib-ran.sh"
unshare -Urpf true 2>err || { echo "no pid namespace may be made here: $(cat err)" && exit 77; }

# as schedule.sh has it: the kernel hides some switches of some runs
near() { # what got expected
	local off=$(($2 - $3)) room=$(($3 / 10 > 12000000 ? $3 / 10 : 12000000))
	[ "${off#-}" -le $room ] || fail "$1: $2 instead of $3"
}

for source in bpf perf user; do
	for what in one held; do
		t=$source-$what
		before=$(stolen_ns)
		ctrace-run -q --sched=exact --sched-source=$source -o "$t.ctrace" -- unshare -Urpf "$P" $what >"$t.out"
		ctrace validate "$t.ctrace" >valid || fail "$t: $(cat valid)"
		ctrace info --json "$t.ctrace" >info.json
		[ $source = user ] || jq -e '.switches.source != null' info.json >same || { echo "not tried: $source is not to be had" && continue; }
		ctrace threads --json "$t.ctrace" >"$t.json"
		grep -q '^[0-9]' "$t.out" || fail "$t: the program said nothing"
		# in there it is 1, and its threads have the next numbers: nobody outside has those and spins
		while read -r tid name run _ run_before _; do
			# of a thread with this number in the program, not of what it was before it executed that
			thread=$(jq --argjson tid "$tid" '[.threads[] | select(.tid == $tid and .pid == 1)] | max_by(.lived_ns)' "$t.json")
			if [ $source = user ]; then
				got=$(jq '(.schedstat.run_ns // 0) + (.schedstat.unread_ns // 0)' <<<"$thread")
				# what was not read is at most what was missed, and what the kernel had not added up yet: it does at each
				# tick, of 4 ms, which may be late (seen: 8 ms at once)
				[ "$((${got:-0} + 12000000))" -ge "$((run + run_before))" ] || fail "$t: $name $tid: at most $got instead of $run"
			else
				ran_as_said $source "$what: $name $tid" $((run + run_before)) "$before" "$thread"
			fi
		done < <(grep '^[0-9]' "$t.out")
	done
	if [ $source = user ] || ! [ -s $source-held.json ]; then continue; fi
	# the lock's word has the holder's own number
	ctrace locks --json $source-held.ctrace | jq '.objects[] | select(.kind == "mutex")' >lock.json
	near "$source: the holder was seen" "$(jq '.holder_did | .running_ns + .preempted_ns' lock.json)" "$(jq '.total_ns' lock.json)"
done
exit $((failures > 0))
