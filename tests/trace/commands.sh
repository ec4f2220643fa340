#!/bin/bash
# What is wrong with a file or an argument is said in one line with exit status 2, damage with 1; nothing is printed that is not so.
set -u
status=0

expect() { # status pattern command...: exit status, and one line on standard error that matches (or none for '')
	local want=$1 pattern=$2 got
	shift 2
	"$@" >out 2>err </dev/null
	got=$?
	[ $got -eq "$want" ] || { echo "$*: exit $got, expected $want" && cat err && status=1; }
	if [ -z "$pattern" ]; then
		[ ! -s err ] || { echo "$*: said:" && cat err && status=1; }
	elif ! { [ "$(wc -l <err)" -eq 1 ] && grep -qE -- "$pattern" err; }; then
		echo "$*: expected one line that matches $pattern:" && cat err && status=1
	fi
}

cat >t.ctt <<'END'
ctrace 1
process 0 pid=100 exe="/bin/app"
thread_begin +0 thread=1 tid=100
wait +500 op=mutex dur=300 object=m1 owner=101
thread_name +1 thread=1 name="a \"b\""
chunk slot=1
thread_begin +0 thread=2 tid=100
wake +5 op=sem object=s1
END
expect 0 '' ctrace raw --encode t.ctt -o t.ctrace
expect 0 '' ctrace validate t.ctrace
grep -qx 't.ctrace: ok, 5 records in 2 chunks' out || { cat out && status=1; }
[ "$(stat -c %a t.ctrace)" = 600 ] || { echo "mode of a trace: $(stat -c %a t.ctrace)" && status=1; }

: >empty
echo 'hello, I am no trace' >foreign
head -c -100 t.ctrace >chopped
head -c 4000 t.ctrace >short
{ head -c 8 t.ctrace && printf '\002\000' && tail -c +11 t.ctrace; } >newer
for command in 'raw' 'validate'; do
	expect 2 "^ctrace $command: missing: No such file or directory$" ctrace $command missing
	expect 2 "^ctrace $command: empty: the file is empty$" ctrace $command empty
	expect 2 "^ctrace $command: foreign: not a ctrace file$" ctrace $command foreign
	expect 2 "^ctrace $command: short: the file ends inside its header" ctrace $command short
	expect 2 "^ctrace $command: newer: format version 2.[0-9]+; this ctrace reads 1.x$" ctrace $command newer
	expect 2 "^ctrace $command: \.: Is a directory$" ctrace $command .
	expect 2 "^ctrace $command: .*--help" ctrace $command --frobnicate t.ctrace
	expect 2 "^ctrace $command: expected .*--help" ctrace $command
	expect 0 '' ctrace $command --help
	grep -q '^example: ' out || { echo "no example in the help of $command" && status=1; }
	ctrace $command t.ctrace >/dev/full 2>err </dev/null
	got=$?
	if [ $got -ne 1 ] || ! grep -q 'No space left' err; then
		echo "$command to a full disk: exit $got, $(cat err)" && status=1
	fi
done

expect 1 '' ctrace validate chopped
grep -q '^chopped: offset [0-9]*: .*bytes skipped' out || { cat out && status=1; }
expect 2 'missing: No such file' ctrace validate t.ctrace missing chopped # every file is looked at, the worst counts
[ "$(cut -d: -f1 out | uniq | tr '\n' ' ')" = 't.ctrace chopped ' ] || { cat out && status=1; }
expect 2 '/dev/null:0: the first line must be' ctrace raw --encode /dev/null -o x.ctrace
expect 2 '--encode and -o go together' ctrace raw --encode t.ctt
expect 2 'no such event: weight' ctrace raw --event weight t.ctrace
expect 2 '--from takes seconds: soon' ctrace raw --from soon t.ctrace
expect 2 'several threads had tid 100: say #1 or #2' ctrace raw --thread 100 t.ctrace
expect 2 'no thread had this tid: 7' ctrace raw --thread 7 t.ctrace
expect 0 '' ctrace raw --thread '#2' --event wake t.ctrace
[ "$(grep -c '^wake' out)" = 1 ] || { cat out && status=1; }

expect 0 '' ctrace raw --json t.ctrace
if command -v jq >/dev/null; then
	[ "$(jq -r 'select(.event == "thread_name").fields.name' out)" = 'a "b"' ] || { cat out && status=1; }
	[ "$(jq -s 'map(.ns) == (map(.ns) | sort)' out)" = true ] || { cat out && status=1; }
	ctrace validate --json chopped >out
	[ "$(jq -s '.[-1].problems == length - 1' out)" = true ] || { cat out && status=1; }
fi
exit $status
