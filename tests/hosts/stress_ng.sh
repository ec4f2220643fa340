#!/bin/bash
# stress_ng.sh - stress-ng's pthread, mutex, semaphore and futex stressors, which verify themselves: as bare.
#
# They call every kind of mutex with priorities, robust owners that die, timed waits on broken clocks and futexes by syscall(), and check
# each result. A fixed number of operations, so that it can be compared.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need stress-ng

stressors() { # name operations seconds
	local status=0
	"${T[@]}" stress-ng --verify --metrics --temp-path "$PWD" "--$1" 2 "--$1-ops" "$2" --timeout "$3" >out 2>&1 || status=$?
	echo "$1: status $status"
	sed -nE 's/^stress-ng: metrc: +\[[0-9]+\] ([a-z]+) +([0-9]+) +[0-9.]+ .*/\1 \2/p' out | awk -v n="$2" '{ print $1, $2 >= n ? "all operations" : $2 }'
	sed -nE 's/^stress-ng: (fail|error|warn): +\[[0-9]+\] /\1 /p' out
	grep -oE '(passed|failed|skipped): [0-9]+|(un)?successful run completed' out
}
pthread() { stressors pthread 4000 60; }
mutex() { stressors mutex 20000 60; }
sem() { stressors sem 1000 3; } # stops at the time only
futex() { stressors futex 10000 60; }

for stressor in pthread mutex sem futex; do
	both $stressor
	processes 3
done
names 'futex' 'stress-ng'
finish
