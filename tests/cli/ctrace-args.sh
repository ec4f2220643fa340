#!/bin/bash
# A wrong command, option, number, file or filter must cost the user one line that says what is wrong, and exit status 2:
# scripts in CI rely on both.  --help and --version go to standard output and succeed.
set -u
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# expect STATUS PATTERN COMMAND...: one line on standard error that matches, nothing on standard output
refuses() {
	local status=$1 pattern=$2 rc
	shift 2
	"$@" >out 2>err
	rc=$?
	[ $rc -eq "$status" ] || fail "$*: exit $rc instead of $status"
	[ "$(wc -l <err)" -eq 1 ] || fail "$*: not one line on standard error: $(cat err)"
	grep -qE -- "$pattern" err || fail "$*: no '$pattern' in: $(cat err)"
	[ ! -s out ] || fail "$*: wrote to standard output: $(head -n 1 out)"
}

cat >t.txt <<'END'
ctrace 1
process 0 pid=100 exe="/bin/app"
chunk slot=0
thread_begin +0 thread=1 tid=100
wait +500 op=mutex dur=300 object=m
END
ctrace raw --encode t.txt -o t.ctrace || fail "raw --encode"

refuses 2 "no command 'locsk'" ctrace locsk t.ctrace
refuses 2 "no command 'nothing'" ctrace help nothing
for c in report locks threads sched counters waits tasks regions info; do
	refuses 2 "which trace" ctrace $c
	refuses 2 "no-such-file" ctrace $c no-such-file
	refuses 2 "one argument too many: more" ctrace $c t.ctrace more
	refuses 2 "unknown option --frobnicate" ctrace $c --frobnicate t.ctrace
	refuses 2 "." ctrace $c /dev/null
	refuses 2 "." ctrace $c .
	refuses 2 "." ctrace $c "$0"
	ctrace $c --help >out 2>err || fail "$c --help: exit $?"
	grep -q "^usage: ctrace $c" out || fail "$c --help: no usage"
	grep -q "^example: ctrace $c" out || fail "$c --help: no example"
	grep -q "^JSON:" out || fail "$c --help: does not tell its JSON"
	[ "$(ctrace help $c)" = "$(cat out)" ] || fail "help $c is not $c --help"
done
for c in "ctrace report" "ctrace locks" "ctrace threads" "ctrace sched" "ctrace counters" "ctrace waits" "ctrace tasks" "ctrace regions" "ctrace info" "ctrace profile" "ctrace export" "ctrace ps" "ctrace raw" "ctrace validate" "ctrace finish" ctrace-run; do
	$c --help | awk -v c="$c" 'length($0) > 100 { print "FAIL: " c " --help: a line of " length($0) " columns"; bad = 1 } END { exit bad }' ||
		failures=$((failures + 1))
done
refuses 2 "number of rows: many" ctrace locks --top many t.ctrace
refuses 2 "number of rows: -1" ctrace locks --top=-1 t.ctrace
refuses 2 "needs a value: --top" ctrace locks --top
refuses 2 "time in seconds: soon" ctrace report --from soon t.ctrace
refuses 2 "before --from" ctrace report --from 2 --to 1 t.ctrace
refuses 2 "unknown option --stacks" ctrace threads --stacks 3 t.ctrace
refuses 2 "process id: 0" ctrace waits --live 0
refuses 2 "is empty" ctrace tasks --log "" t.ctrace
refuses 2 "is not KEY or KEY=VALUE: =x" ctrace tasks --label =x t.ctrace
refuses 2 "unknown option --log" ctrace regions --log x t.ctrace
refuses 2 "not traced" ctrace waits --live 999999999
refuses 2 "no thread matches" ctrace locks --thread nobody t.ctrace
refuses 2 "no thread matches" ctrace locks --process 99 t.ctrace
refuses 2 "one argument too many: more" ctrace ps t.ctrace more
refuses 2 "no-such-file" ctrace ps no-such-file
refuses 2 "takes a name, not a path: /bin/sh" ctrace-run --skip /bin/sh true
refuses 2 "wants a pattern" ctrace-run --only '' true
refuses 1 "cannot write" sh -c 'ctrace report t.ctrace >/dev/full'

ctrace >out 2>err && fail "ctrace alone succeeds"
[ ! -s out ] || fail "ctrace alone writes to standard output"
[ "$(ctrace help 2>&1)" = "$(cat err)" ] || fail "ctrace alone does not print the help"
ctrace --version | grep -qE '^ctrace [0-9]+\.[0-9]' || fail "--version"
ctrace help | awk '/^  / && NF { n++ } END { exit n < 8 }' || fail "help lists too few commands"

# Not a terminal: no colours unless asked for; a narrow one: no line longer than it.
ctrace locks t.ctrace | grep -q "$(printf '\033')" && fail "colours into a pipe"
ctrace locks --colour always t.ctrace | grep -q "$(printf '\033')" || fail "no colours with --colour always"
COLUMNS=70 ctrace locks t.ctrace | awk 'length($0) > 70 { exit 1 }' || fail "a line is longer than COLUMNS"
[ $failures -eq 0 ]
