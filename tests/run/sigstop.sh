#!/bin/bash
# sigstop.sh - time for which a process was stopped by a signal is told as that, whatever its threads did before: not as time they waited for a lock,
# and not as something nobody knows. That takes bpf; by perf it is off the CPU, as part of the wait or outside of any.
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
	ctrace-run -q --sched=exact --sched-source=$source -o $t.ctrace -- "$BUILD/run/sigstop" >$t.out
	ctrace validate $t.ctrace >valid || fail "$t: $(cat valid)"
	if [ "$(ctrace info --json $t.ctrace | jq -r .switches.source)" != $source ]; then
		echo "not tried: $source is not to be had"
		continue
	fi
	tried=$((tried + 1))
	read -r pid least most <$t.out
	ctrace threads --json $t.ctrace >$t.json
	for who in spinner waiter main; do
		read -r stopped blocked outside < <(jq -r --arg who $who --argjson pid "$pid" '.threads[] | select(.thread == $who and .pid == $pid).states |
			"\(.stopped_ns) \(.blocked_ns) \(.outside_ns)"' $t.json)
		# the two clocks are joined to some us
		if [ $source = bpf ]; then
			[ "$stopped" -ge $((least - 20000)) ] || fail "$t: $who was stopped for $stopped ns, expected $least at least"
			[ "$stopped" -le $((most + 20000)) ] || fail "$t: $who was stopped for $stopped ns, expected $most at most"
		else
			[ "$stopped" = 0 ] || fail "$t: $who was stopped for $stopped ns, which nobody told"
			[ $((blocked + outside)) -ge $((least - 20000)) ] || fail "$t: $who: blocked $blocked, outside $outside"
		fi
	done
	[ $source != bpf ] || ctrace threads $t.ctrace | grep -q '^stopped: by a signal or a debugger' || fail "$t: $(ctrace threads $t.ctrace)"
done
[ $tried -gt 0 ] || { echo "the kernel does not tell of switches here" && exit 77; }
exit $((failures > 0))
