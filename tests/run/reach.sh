#!/bin/bash
# reach.sh - a process that goes on with a program the recording does not reach is told of; one that it reaches is not.
#
# Servers are started by root and become another user, who may not open the memory of the recording; scripts run programs with an empty
# environment.  The trace then ended with the launcher, and the answer was that nobody waited for anything.
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
looks() { ctrace ps --json t.ctrace | jq '[.processes[].looks] | max'; }

# Runs a command that ends in reading standard input, until ctrace-run has looked at it as it then is; blind images go to `got`.
images() { # command...
	local before pid
	rm -f t.ctrace go
	mkfifo go
	ctrace-run -q -o t.ctrace -- "$@" <go &
	exec 7>go
	pid=
	until [ -n "$pid" ]; do kill -0 $! && pid=$(ctrace ps --json t.ctrace 2>/dev/null | jq '.processes[-1].pid // empty'); done
	until [ "$(readlink "/proc/$pid/exe")" = "$(readlink -f /bin/cat)" ] && grep -q '^0 ' "/proc/$pid/syscall"; do kill -0 $!; done
	before=$(looks)
	# it is looked at; or it has a row of its own, which says that nobody looks there
	until [ "$(looks)" -gt $((before + 1)) ] || ctrace ps --json t.ctrace | jq -e '.processes[-1].reached == false' >out; do kill -0 $!; done
	exec 7>&-
	wait $! || fail "$*: exit $?"
	ctrace validate t.ctrace >out || fail "$*: $(cat out)"
	ctrace info --json t.ctrace | jq -r '.blind[] | select(.kind == "image" or .kind == "unreached") | .path' >got
}
due() { # what path...
	[ "$(cat got)" = "${2:-}" ] || fail "$1: due '${2:-}', found '$(cat got)'"
}
cat=$(readlink -f /bin/cat)

images /bin/cat
due "the program itself" ''
images sh -c 'exec /bin/cat'
due "executed within reach" ''
images env -i /bin/cat
due "without its environment" "$cat"
ctrace report t.ctrace | tr -s ' \n' ' ' | grep -q "cat (pid [0-9]*) is a program that was started without LD_PRELOAD: what its threads waited for is not recorded" || fail "report does not say so"
ctrace info --blind t.ctrace | grep -q 'is out of reach' || fail "info --blind does not say so"
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	images setpriv --reuid=nobody --regid=nogroup --clear-groups /bin/cat
	due "another user" "$cat"
fi
exit $((failures > 0))
