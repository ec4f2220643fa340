#!/bin/bash
# dead.sh - a dead thread has no CPU, whichever way switches are recorded.
#
# perf does not tell of a thread's last switch.  A first thread that had ended counted as running until its process had, and the CPU as busy until somebody
# else of the program came there.
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
command -v jq >/dev/null || { echo "no jq" && exit 77; }
tried=0
for source in bpf perf; do
	t=$source
	ctrace-run -q --sched=exact --sched-source=$source -o $t.ctrace -- "$BUILD/run/dead" >$t.out
	ctrace info --json $t.ctrace >info.json
	jq -e '.switches.source != null' info.json >same || { echo "not tried: $source is not to be had" && continue; }
	tried=$((tried + 1))
	ctrace threads --json $t.ctrace >$t.json
	said=0
	while read -r who tid least most; do
		ran=$(jq --argjson tid "$tid" '.threads[] | select(.tid == $tid).states | .running_ns + .system_call_ns' $t.json)
		# it may be off by 1 %: perf writes before one goes and after one came, and that is up to 6 us a turn.  After it has looked at its clock it ends,
		# and its memory with it: that is 2 ms here, and 20 ms would be as long as it ran
		[ "$ran" -ge $((least * 99 / 100)) ] && [ "$ran" -lt $((most + 20000000)) ] || fail "$t: $who ran for $ran ns, and says $least to $most"
		said=$((said + most))
	done <$t.out
	[ "$(wc -l <$t.out)" = 2 ] || fail "$t: the program said: $(cat $t.out)"
	on=$(ctrace sched --json $t.ctrace | jq '[.each_cpu[].ran_ns] | add')
	[ "$on" -lt $((said + 100000000)) ] || fail "$t: threads had CPUs for $on ns, and the two of them for $said"
done
[ $tried -gt 0 ] || { echo "the kernel does not tell of switches here" && exit 77; }
exit $((failures > 0))
