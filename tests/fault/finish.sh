#!/bin/bash
# finish.sh - `ctrace finish` gives a trace its end when ctrace-run was killed.
#
# Without it the memory of such a recording stays in /dev/shm until the next boot, some MB each time, and is lost then.
# Finished, the trace must hold what could be read of it before, neither more waits nor fewer; nothing may be
# finished that somebody still writes; and what is cut or lacks its memory must still get an end.
# timeout: 120
set -eu
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/lib-fault.sh"
need jq
need_parts run tools preload
scratch
storm=$BUILD/fault/storm killer=$BUILD/fault/killer

# What must be the same before and after.  A thread that was there at the end gets a thread_end, and a ring introduces its threads again.
facts() { # trace
	"$CTRACE" info --json "$1" |
		jq -c 'del(.events.thread_end, .events.thread_begin, .events.before) | [.waits, .wakes, .short_waits, .lost, .events, .policy, [.processes[].command]]'
	"$CTRACE" threads --json "$1" | jq -c '[.threads[] | [.tid, .recorded_waits]] | sort'
}

record() { # program|run|both microseconds waits
	rm -f t.ctrace page
	"$killer" "$1" "$2" page -- "$CTRACE_RUN" -q --threshold 0 -o t.ctrace -- "$storm" page "$3" >killed ||
		fail "the run itself"
}

# Runs ctrace finish: exit status, and what it says.
finishes() { # what status pattern arguments...
	local what=$1 status=$2 pattern=$3 rc=0
	shift 3
	"$CTRACE" finish "$@" >out 2>err || rc=$?
	[ $rc -eq "$status" ] || fail "$what: status $rc instead of $status: $(cat out err)"
	[ "$(cat out err | wc -l)" -eq 1 ] || fail "$what: not one line: $(cat out err)"
	grep -q -- "$pattern" out err || fail "$what: no '$pattern' in: $(cat out err)"
}

is_finished() { # trace what
	local out
	out=$("$CTRACE" validate "$1" 2>&1) || fail "$2: validate: $(head -n 3 <<<"$out")"
	case $out in *": ok, "*"not finished"*) fail "$2: not finished" ;; esac
	[ "$("$CTRACE" info --json "$1" | jq .finished)" = true ] || fail "$2: info says not finished"
}

finish_and_check() { # what
	local arena
	arena=$(arena_of t.ctrace)
	[ -f "$arena" ] || fail "$1: no arena"
	facts t.ctrace >before
	finishes "$1" 0 "finished, [1-9]" t.ctrace
	is_finished t.ctrace "$1"
	facts t.ctrace >after
	cmp -s before after || fail "$1: $(diff before after)"
	[ ! -e "${arena%/*}" ] || fail "$1: ${arena%/*} is still there"
	cp t.ctrace once.ctrace
	finishes "$1, again" 0 "finished already" t.ctrace
	cmp -s t.ctrace once.ctrace || fail "$1: the second time changed it"
}

record run 20000 10000
finish_and_check "ctrace-run was killed"
record both 70000 10000
finish_and_check "both were killed"
[ "$("$CTRACE" info --json t.ctrace | jq .events.thread_end)" = 5 ] || fail "threads without an end"

# With blocks in the file, and half a one at its end: as a kill in the middle of a write leaves it.
record both 2000000 1000000
[ "$(stat -c %s t.ctrace)" -gt 8192 ] || fail "nothing was drained yet"
tail -c +4097 t.ctrace | head -c 2000 >part
cat part >>t.ctrace
finish_and_check "torn"

# After a boot the memory is gone: the end comes, and a word about it.
record both 2000000 1000000
arena=$(arena_of t.ctrace)
rm -r "${arena%/*}"
truncate -s -100 t.ctrace
"$CTRACE" finish t.ctrace >out 2>err || fail "without memory: status $?"
grep -q "is gone" err || fail "without memory: not a word: $(cat err)"
[ "$("$CTRACE" info --json t.ctrace 2>/dev/null | jq .finished)" = true ] || fail "without memory: not finished"
finishes "without memory, again" 0 "finished already" t.ctrace

# While somebody lives, recorder or program, nothing is touched.
"$CTRACE_RUN" -q -o live.ctrace -- sleep 600 &
run=$!
pid=
until [ -n "$pid" ]; do
	pid=$("$CTRACE" info --json live.ctrace 2>/dev/null | jq -r '.processes[] | select(.exe | test("sleep")) | .pid' || true)
done
finishes "ctrace-run lives" 1 "process [0-9]* still records" live.ctrace
kill -9 $run
wait $run || true
cp live.ctrace copy.ctrace
finishes "the program lives" 1 "process $pid still records" live.ctrace
cmp -s live.ctrace copy.ctrace || fail "a refused finish changed the file"
kill -9 "$pid"
while grep -q . "/proc/$pid/maps" 2>/dev/null; do :; done
finishes "all have ended" 0 "finished, " live.ctrace
is_finished live.ctrace "all have ended"

# A program's own arena becomes a file, and stays.
rc=0
LD_PRELOAD=$LIBCTRACE "$storm" page 2000 || rc=$?
[ "$rc" -eq 7 ] || fail "preloaded: status $rc"
own=$(echo ctrace.storm.*.ctrace)
cp "$own" own.copy
finishes "an arena" 2 "-o OUT" "$own"
finishes "an arena onto itself" 2 "names the file itself" -o "$own" "$own"
finishes "an arena into a file" 0 "finished, [1-9]" -o made.ctrace "$own"
cmp -s "$own" own.copy || fail "the arena was changed"
is_finished made.ctrace "an arena into a file"
facts "$own" >before
facts made.ctrace >after
cmp -s before after || fail "an arena into a file: $(diff before after)"

finishes "no such file" 2 "No such file" nothing.ctrace
echo hello >text
finishes "no trace" 2 "text" text
finishes "no argument" 2 "which trace"
finishes "two files for one output" 2 "one file" -o x.ctrace made.ctrace t.ctrace
finishes "a stream elsewhere" 0 "finished already" -o x.ctrace made.ctrace
finish
