#!/bin/bash
# Exports that are folders or databases: what is there is not mixed with what is new, nobody else can read it, and what was refused leaves nothing.
# The figures in them are held against their real consumers by `make check-interop`.
set -u
failures=0
fail() { echo "FAIL: $*" && failures=$((failures + 1)); }
refuses() { # status pattern command...
	local status=$1 pattern=$2 got=0
	shift 2
	"$@" >out 2>err || got=$?
	[ $got -eq "$status" ] || fail "$*: exit $got, not $status"
	[ "$(wc -l <err)" -eq 1 ] || fail "$*: $(wc -l <err) lines on standard error"
	grep -qe "$pattern" err || fail "$*: says $(cat err)"
	[ ! -s out ] || fail "$*: writes to standard output"
}
sed -n '/^-- trace --/,/^-- report/p' "$TOP/tests/trace/views-convoy.ctt" | sed '1d;$d' >t.txt
ctrace raw --encode t.txt -o t.ctrace || fail "raw --encode"

for format in csv sqlite ctf; do
	refuses 2 "wants -o" ctrace export --format=$format t.ctrace
	refuses 2 "no thread was there" ctrace export --format=$format --from 50 -o x t.ctrace
	refuses 2 "no-such-folder" ctrace export --format=$format -o no-such-folder/x t.ctrace
done
for format in csv sqlite ctf; do
	refuses 2 "is called nope" ctrace export --format=$format --lock nope -o x t.ctrace
	refuses 2 "no wait for mutex in what is looked at is as long as 5.00 s" ctrace export --format=$format --lock mutex --min-duration 5s -o x t.ctrace
	refuses 2 "nothing in what is looked at is as long as 5.00 s" ctrace export --format=$format --min-duration 5s -o x t.ctrace
done
mkdir full && touch full/file
refuses 2 "full: is a folder that is not empty" ctrace export --format=csv -o full t.ctrace
refuses 2 "t.txt: is there, and no folder" ctrace export --format=csv -o t.txt t.ctrace
refuses 2 "/dev/full: is there, and no regular file" ctrace export --format=sqlite -o /dev/full t.ctrace
ln -s /proc/self/fd/1 stdout
refuses 2 "stdout: is the name of a descriptor" ctrace export --format=sqlite -o stdout t.ctrace
[ -L stdout ] || fail "a link into /proc is replaced"
[ "$(ls full)" = file ] || fail "a refused export changes the folder"
[ ! -e x ] || fail "a refused export leaves something"

umask 0
mkdir empty
for folder in empty new new-with-slash/; do
	ctrace export --format=csv -o $folder t.ctrace 2>err || fail "$folder: exit $?"
	[ "$(stat -c %a $folder)" = 700 ] || fail "$folder: mode $(stat -c %a $folder)"
	[ "$(stat -c %a $folder/* | sort -u)" = 600 ] || fail "$folder: modes $(stat -c '%a %n' $folder/*)"
done
diff -r empty new || fail "the same trace is exported otherwise"
grep -qx '1,"mutex","cache_lock in cache.c:12",100,1,53,50,0,0,220000,20000,404,100000,100000,220000,0,0' new/locks.csv || fail "locks: $(cat new/locks.csv)"
grep -qx '1,2,1,"mutex",0,3,3,"contention",100000,200000,100000,95000,0,1,6,,100,0' new/waits.csv || fail "waits: $(cat new/waits.csv)"
grep -qx '2,195000,200000,"woken",0,,1' new/states.csv || fail "states: $(cat new/states.csv)"

ctrace export --format=ctf -o trace t.ctrace 2>err || fail "ctf: exit $?"
[ "$(stat -c %a trace trace/* | tr '\n' ' ')" = "700 600 600 " ] || fail "ctf: modes $(stat -c '%a %n' trace/*)"
[ "$(head -n 1 trace/metadata)" = "/* CTF 1.8 */" ] || fail "ctf: $(head -n 1 trace/metadata)"
[ "$(head -c 4 trace/stream_0 | od -An -tx4 | tr -d ' ')" = c1fc1fc1 ] || fail "ctf: no magic"

echo old >t.db
ctrace export --format=sqlite --json -o t.db t.ctrace >sums 2>err || fail "sqlite: exit $?"
[ "$(stat -c %a t.db)" = 600 ] || fail "t.db: mode $(stat -c %a t.db)"
[ "$(head -c 15 t.db)" = "SQLite format 3" ] || fail "t.db is no database"
jq -e --argjson bytes "$(stat -c %s t.db)" '.bytes == $bytes and .threads == 3 and .events > 100' sums >/dev/null || fail "sums: $(cat sums)"

# a disk that is full: an error, and nothing is left
(
	ulimit -f 8
	trap '' XFSZ
	refuses 1 "." ctrace export --format=sqlite -o big.db t.ctrace
	refuses 1 "File too large" ctrace export --format=csv -o big t.ctrace
	[ $failures -eq 0 ]
) || failures=$((failures + 1))
[ "$(find . -name 'big*' | wc -l)" -eq 0 ] || fail "left behind: $(ls)"

# only a thread: its rows, and what they need
ctrace export --format=csv --thread 101 -o one t.ctrace 2>err || fail "--thread: exit $?"
[ "$(cut -d, -f1 one/states.csv | sort -u | tr '\n' ' ')" = "2 thread_id " ] || fail "--thread: $(cat one/states.csv)"
grep -qx '"only_thread","101"' one/trace.csv || fail "--thread is not told"

# a lock and a length: waits as long, and the states in them; sums and rows of locks by the lock
ctrace export --format=csv --min-duration 90us -o long t.ctrace 2>err || fail "--min-duration: exit $?"
awk -F, 'NR > 1 { n++; if ($11 < 90000) bad = 1 } END { exit bad || !n }' long/waits.csv || fail "--min-duration: $(cat long/waits.csv)"
[ "$(wc -l <long/states.csv)" -lt "$(wc -l <new/states.csv)" ] || fail "--min-duration leaves out nothing"
cmp long/sums.csv new/sums.csv || fail "--min-duration changes sums"
grep -qx '"min_duration_ns","90000"' long/trace.csv || fail "--min-duration is not told"
ctrace export --format=csv --lock cache_lock -o lock t.ctrace 2>err || fail "--lock: exit $?"
[ "$(cut -d, -f3 lock/locks.csv | sort -u | tr '\n' ' ')" = '"cache_lock in cache.c:12" name ' ] || fail "--lock: $(cat lock/locks.csv)"
[ "$(cut -d, -f4 lock/waits.csv | sort -u | tr '\n' ' ')" = '"mutex" op ' ] || fail "--lock: $(cat lock/waits.csv)"

# what the program said
cat >said.txt <<'END'
ctrace 1
header start_mono_ns=1000 end_mono_ns=9000
process 0 pid=100 begin=1000 end=9000 flags=7
chunk slot=0 thread=1 tid=100 base=1000
thread_begin @1000 thread=1 tid=100
task_begin @2000 task=0x100000001 name="request"
region_begin @2000 name="handle" task=0x100000001
log @2500 category="apm" bytes=9 text="a \"b\", c"
region_begin @3000 name="never"
region_end @4000 dur=2000 name="handle" task=0x100000001
thread_end @8000
END
ctrace raw --encode said.txt -o said.ctrace || fail "raw --encode"
ctrace export --format=csv -o said said.ctrace 2>err || fail "said: exit $?"
grep -qx '4294967297,"request",,1,,1000,,,2,0,0' said/tasks.csv || fail "tasks: $(cat said/tasks.csv)"
grep -qx '2,1,"never",4294967297,1,2000,3000,1000,1,0,0' said/regions.csv || fail "regions: $(cat said/regions.csv)"
grep -qx '1500,1,4294967297,"apm","a ""b"", c",9' said/logs.csv || fail "logs: $(cat said/logs.csv)"
[ "$(find . -name '*.??????' ! -name '*.ctrace' | wc -l)" -eq 0 ] || fail "left behind: $(ls)"
[ $failures -eq 0 ]
