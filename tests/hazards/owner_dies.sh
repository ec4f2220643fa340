#!/bin/bash
# owner_dies.sh - a mutex between processes whose owner is killed answers as bare, and the trace says who had it and that nobody let go.
#
# See owner_dies.c.  The recorder reads the kind and the owner of such a mutex on its way; a release that it took for one, or a dead owner
# that it took for the waker, would be a lie.
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
[ -r /proc/self/syscall ] || skip "/proc/PID/syscall cannot be read, which the subject needs"
subjects=$BUILD/hazards
compare "$subjects/owner_dies"
[ "$(wc -l <bare.out)" -eq 11 ] || fail "the program did not get far: $(tail -n 1 bare.out)"
grep -q '^robust; 1, lock Success, killed; 2, lock Owner died, mend Success' bare.out || fail "no owner died: $(head -n 1 bare.out)"

"$CTRACE" waits --json --top 100000 run.ctrace >waits.json
# "RESULT HOW_MANY", where the one that held it was in another process, and where one of another process let go
told() { jq -r '.waits[] | select(.operation == "mutex" and .result == '"$1"') | '"$2" waits.json | grep -cx true; }
of_other='(.owner_pid != .pid and .owner_pid > 0)'
# the dead owner is all there is to say
[ "$(told 130 "$of_other and .waker_tid == 0 and .owner_last_tid == 0")" -eq 8 ] || fail "eight waits ended by the death of an owner: $(told 130 true)"
[ "$(told 131 "$of_other and .waker_tid == 0")" -eq 4 ] || fail "four waits for what stays bad: $(told 131 true)"
# a process that lives a moment may not have been looked at, and then nobody knows whether its mutex is the same; accuracy/truth_check has the rest
[ "$(told 0 "$of_other and (.waker_tid == 0 or .waker_tid == .owner_tid)")" -eq 8 ] || fail "eight waits for a release: $(told 0 true)"
[ "$(told 0 '.waker_tid != 0 and .waker_tid != .owner_tid')" -eq 0 ] || fail "a release that was another's"
finish
