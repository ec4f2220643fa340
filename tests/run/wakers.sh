#!/bin/bash
# wakers.sh - who ended a wait on a descriptor no record of the program tells; the kernel does, be it a thread that is traced or not.
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

record() { # name program... -> name.json, its waits
	local name=$1
	shift
	ctrace-run -q --sched=exact --sched-source=bpf -o "$name.ctrace" -- "$@"
	ctrace waits --json "$name.ctrace" >"$name.json"
	ctrace validate "$name.ctrace" >valid || fail "$name: $(cat valid)"
}

longest() { # name jq-expression -> what it says of the reader's longest read
	jq -c "[.waits[] | select(.operation == \"read\" and .tid == $(cat reader))] | max_by(.duration_ns) | $2" "$1.json"
}

record probe true
if jq -e '.switches.source == null' <<<"$(ctrace info --json probe.ctrace)" >same; then
	ctrace info --json probe.ctrace | jq -r '.notes[] | select(startswith("when threads had a CPU"))'
	exit 77
fi

# what writes waits until cat waits and has left its CPU
cat >writer.sh <<'SH'
until [ -s reader ] && read -r pid <reader && read -r _ name state _ <"/proc/$pid/stat" && [ "$name $state" = '(cat) S' ] &&
	read -r call _ <"/proc/$pid/syscall" && [ "$call" != running ]; do :; done
echo $$ >writer
echo x
SH
echo 'echo $$ >reader; exec cat' >reader.sh

sh writer.sh | record stranger sh reader.sh >out
got=$(longest stranger '[.waker_tid, .waker_unseen_tid]')
[ "$got" = "[0,$(cat writer)]" ] || fail "read: ended by $got, not $(cat writer), which is not traced"
ctrace waits stranger.ctrace | tr '\n' ' ' | tr -s ' ' | grep -q "read .* ended by thread $(cat writer), which was not traced," || fail "read: $(ctrace waits stranger.ctrace)"

rm reader writer
record own sh -c 'sh writer.sh | sh reader.sh' >out
got=$(longest own '[.waker_tid, .waker_unseen_tid]')
[ "$got" = "[$(cat writer),0]" ] || fail "read: ended by $got, not $(cat writer), which is traced"

# a timer is nobody, whoever it interrupts; who is interrupted is waited for, because a program that others outlive ends before its trace
cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
# shellcheck disable=SC2016
record timer taskset -c "$cpu" sh -c 'while :; do :; done & sleep 0.05; kill $!; wait $! || :'
got=$(jq -c '[.waits[] | select(.reason == "sleep")] | map([.waker_tid, .waker_unseen_tid])' timer.json)
[ "$got" = '[[0,0]]' ] || fail "sleep: ended by $got"
exit $((failures > 0))
