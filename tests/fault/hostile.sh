#!/bin/bash
# hostile.sh - traces that name huge numbers, read with little memory.
#
# A reader that makes an array as long as a number in the file says gives a gigabyte for thirty bytes: `ctrace validate` did so
# for a thread's serial.
set -eu
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/lib-fault.sh"
need_parts tools
scratch

for serial in 60000000 67108863 67108864 4294967295; do
	cat >t.txt <<-EOF
		ctrace 1
		process 0 pid=100 exe="/bin/app"
		thread_begin +0 thread=$serial tid=100
		wait +500 op=mutex dur=300 object=m1
		chunk slot=1 seq=0 thread=$((serial - 1)) tid=101 base=2000
		thread_begin @2000 thread=$((serial - 1)) tid=101
	EOF
	"$CTRACE" raw --encode t.txt -o t.ctrace
	for command in validate info threads report waits raw 'profile sync' 'profile lock' 'profile offcpu'; do
		(ulimit -v 100000 && exec "$CTRACE" $command t.ctrace) >out 2>&1 ||
			fail "thread $serial: $command: $(head -n 1 out)"
	done
done
finish
