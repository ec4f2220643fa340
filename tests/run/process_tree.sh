#!/bin/bash
# process_tree.sh - one trace tells who started whom and how each ended, by every way there is to make a process.
#
# A process writes nothing about its own end, so it is seen from outside, or was not: what is shown must be right or "unknown".  Here
# nobody ends before ctrace-run has seen it, so nothing may be unknown.  And who is left out by --only and --skip is in the tree still, with
# what it started.
set -eu
P=$BUILD/run/process_tree
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
mkfifo first last
exec 8<>first 9<>last

# until so many processes were seen from outside
seen() { # trace count
	while [ "$(ctrace ps --json "$1" 2>/dev/null | jq '[.processes[] | select(.outside_pid)] | length')" != "$2" ]; do
		kill -0 $!
	done
}

ctrace-run -q -o t.ctrace -- "$P" &
seen t.ctrace 8
[ "$(ctrace ps --json t.ctrace | jq -r '[.processes[].end] | unique[]')" = running ] || fail "not all are running"
printf 1234 >&8
seen t.ctrace 9
printf 1234 >&9
status=0
wait $! || status=$?
[ $status -eq 10 ] || fail "exit status $status"
# the daemon may outlive its ctrace-run by a moment
until [ "$(ctrace info --json t.ctrace | jq .finished)" = true ]; do :; done
ctrace validate t.ctrace || fail "the trace is not right"

# each process as: how it ended, its number, and the number or command of its parent
ctrace ps --json t.ctrace | jq -r '.processes as $p | .processes[] |
	"\(.end) \(.exit // .signal // "-") \(if .forked then "forked" else "executed" end) of \(.parent as $i | if $i == null then "-" else $p[] | select(.index == $i).command | sub("^/.*/"; "") end)"' |
	sort >got
sort >due <<'END'
exited 10 executed of -
exited 11 forked of process_tree
signal 10 forked of process_tree
exited 12 executed of process_tree
exited 13 executed of process_tree
exec - executed of process_tree
exited 14 executed of process_tree chain 14
exited 15 forked of process_tree
exited 16 forked of process_tree
END
diff due got || fail "ends, due (<) and got (>)"
ctrace ps --json t.ctrace | jq -e 'all(.processes[]; .lived_ns == .end_ns - .begin_ns and .begin_ns > 0)' >out || fail "times: $(cat out)"
COLUMNS=300 ctrace ps t.ctrace >out
grep -Eq ' SIGUSR1 +process_tree$' <(sed 's,/[^ ]*/,,' out) || fail "no SIGUSR1 in: $(cat out)"

# a pid namespace of its own, where numbers are others
if unshare -Urpf --mount-proc true 2>err; then
	ctrace-run -q -o n.ctrace -- unshare -Urpf --mount-proc bash -c "$P leaf 17; exit 18" &
	seen n.ctrace 4
	printf 1 >&9
	wait $! || true
	ctrace ps --json n.ctrace | jq -c '.processes[] | [.pid != .outside_pid, .parent, .end, .exit]' >got
	# unshare, its child in the new namespace, that as a shell, and the leaf
	printf '%s\n' '[false,null,"exited",18]' '[true,0,"exec",null]' '[true,1,"exited",18]' '[true,2,"exited",17]' >due
	diff due got || fail "namespace, due (<) and got (>)"
else
	echo "no user namespaces here: not tried"
fi

# too short for anybody outside: who waited for them knows
ctrace-run -q -o w.ctrace -- bash -c 'for i in {1..40}; do sh -c "exit 3"; done; sh -c "kill -9 \$\$"; :' 2>/dev/null
ctrace ps --json w.ctrace | jq -r '.processes[] | select(.exe | test("/(da|ba|)sh$")) | select(.command | startswith("sh")) | select(.forked | not) |
	"\(.end) \(.exit // .signal)"' | sort | uniq -c | sed 's/^ *//' >got
printf '%s\n' '40 exited 3' '1 signal 9' >due
diff due got || fail "children that were waited for, due (<) and got (>)"

# an image that was executed and gone before anybody looked: how it ended is its own, not its predecessor's
for _ in 1 2 3 4 5; do
	ctrace-run -q -o x.ctrace -- bash -c '/bin/true; exec /bin/false' || true
	ctrace ps --json x.ctrace | jq -c '.processes[] | [(.exe | sub(".*/"; "")), .end, .exit]' | sort >got
	printf '%s\n' '["bash","exec",null]' '["false","exited",1]' '["true","exited",0]' >due
	diff due got || fail "a short exec, due (<) and got (>)"
done

# filters: the shell is left out and what it starts is not
names() { jq -r '.processes[] | "\(.recorded) \(.exe | sub(".*/"; ""))"'; }
ctrace-run -q --skip 'bas?' --skip cat -o s.ctrace -- bash -c 'cat </dev/null; sleep 0.01; env true'
ctrace ps --json s.ctrace | names >got
printf '%s\n' 'false bash' 'false cat' 'true sleep' 'true env' 'true true' >due
diff due got || fail "--skip, due (<) and got (>)"
[ "$(ctrace threads --json s.ctrace | jq '.threads | length')" = 3 ] || fail "--skip: threads of what was left out"
ctrace-run -q --only 'sl*' -o o.ctrace -- bash -c '(sleep 0.01); env LC_ALL=C true'
ctrace ps --json o.ctrace | names | sort >got
printf '%s\n' 'false bash' 'false env' 'false true' 'true sleep' >due
diff due got || fail "--only, due (<) and got (>)"
ctrace ps o.ctrace | grep -q '^3 left out by --only or --skip' || fail "ps does not say that three were left out"
[ "$(ctrace-run -q --only x -o e.ctrace -- env | grep -c '^CTRACE\|^LD_')" = 2 ] || fail "the filters are in the environment"
exit $((failures > 0))
