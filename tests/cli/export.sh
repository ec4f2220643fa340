#!/bin/bash
# An export is opened by programs that say little about what they cannot read: what was not written right must be told here, and must not be
# left lying around under the name that was asked for.
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

cat >t.txt <<'END'
ctrace 1
header start_mono_ns=1000000 end_mono_ns=9000000
process 0 pid=100 exe="/bin/app" begin=1000000 end=9000000 flags=7 state=3
chunk slot=0 thread=1 tid=100 base=1000000
thread_begin @1000000 thread=1 tid=100
wait @3000000 op=mutex dur=500000 object=4096 owner=101
thread_end @8000000
chunk slot=1 thread=2 tid=101 base=1500000
thread_begin @1500000 thread=2 tid=101 parent=1
lost @4000000 reason=0 count=3 span=1000 thread=2
thread_end @7000000
END
ctrace raw --encode t.txt -o t.ctrace || fail "raw --encode"

refuses 2 "which trace" ctrace export --format=go
refuses 2 "no-such-file" ctrace export --format=go no-such-file
refuses 2 "one argument too many: more" ctrace export --format=go t.ctrace more
refuses 2 "." ctrace export --format=go /dev/null
ctrace export --help >out 2>err || fail "--help: exit $?"
for word in "^usage: ctrace export" "^example: ctrace export" "^JSON:"; do grep -q "$word" out || fail "--help: no $word"; done
refuses 2 "which --format" ctrace export t.ctrace
refuses 2 "no such format: svg" ctrace export --format=svg -o x t.ctrace
refuses 2 "not 22, 23, 25 or 26: 24" ctrace export --format=go --go-version=24 -o x t.ctrace
refuses 2 "not virtual or cpu: real" ctrace export --format=go --procs=real -o x t.ctrace
refuses 2 "none" ctrace export --format=go --procs=cpu -o x t.ctrace
refuses 2 "is called nobody" ctrace export --format=go --lock nobody -o x t.ctrace
refuses 2 "is as long as" ctrace export --format=go --min-duration 50 -o x t.ctrace
refuses 2 "not a time such as 50us: 5m" ctrace export --format=chrome --min-duration 5m -o x t.ctrace
refuses 2 "not a time such as 50us: nan" ctrace export --format=chrome --min-duration nan -o x t.ctrace
for format in perfetto chrome firefox; do
	refuses 2 "is called nope" ctrace export --format=$format --lock nope -o x t.ctrace
	refuses 2 "nothing in what is looked at is as long as 5.00 s" ctrace export --format=$format --min-duration 5s -o x t.ctrace
	refuses 1 "No space" ctrace export --format=$format -o /dev/full t.ctrace
done
refuses 2 "goes with -o" ctrace export --format=go --json t.ctrace
refuses 2 "unknown option --output" ctrace locks -o x t.ctrace
refuses 2 "no thread matches" ctrace export --format=go --thread nobody -o x t.ctrace
refuses 2 "no thread was there" ctrace export --format=go --from 50 -o x t.ctrace
refuses 2 "no-such-folder" ctrace export --format=go -o no-such-folder/x t.ctrace
refuses 1 "No space" ctrace export --format=go -o /dev/full t.ctrace
[ ! -e x ] || fail "a refused export leaves a file"

ctrace export --format=go -o x.trace t.ctrace 2>err || fail "exit $?"
grep -q "unknown wakers" err || fail "what is not known is not told"
[ "$(stat -c %a x.trace)" = 600 ] || fail "mode $(stat -c %a x.trace)"
[ "$(head -c 13 x.trace)" = "go 1.22 trace" ] || fail "header"
grep -aq "lost: 3 records of thread (101) in the 1 us before" x.trace || fail "the loss is not in the trace"
ctrace export --format=go t.ctrace >y.trace 2>/dev/null || fail "to standard output"
cmp x.trace y.trace || fail "standard output has something else"
for version in 23 25 26; do
	ctrace export --format=go --go-version=$version t.ctrace 2>/dev/null | head -c 13 | grep -qx "go 1.$version trace" || fail "go 1.$version"
done
for format in perfetto chrome firefox; do
	ctrace export --format=$format --json -o x.$format t.ctrace >sums 2>err || fail "$format: exit $?"
	[ ! -s err ] || fail "$format: $(cat err)"
	jq -e --argjson bytes "$(stat -c %s x.$format)" '.format == $format and .bytes == $bytes and .threads == 2 and .estimated_bytes > 0' \
		--arg format $format sums >/dev/null || fail "sums of $format: $(cat sums)"
	grep -aq "3 records lost\|lost: 3 records\|\"records\":3" x.$format || fail "the loss is not in $format"
	ctrace export --format=$format t.ctrace 2>/dev/null | cmp - x.$format || fail "$format on standard output has something else"
	ctrace export --format=$format --min-duration 1ms -o y.$format t.ctrace 2>/dev/null || fail "$format --min-duration: exit $?"
	ctrace export --format=$format --min-duration 0.0004 -o z.$format t.ctrace 2>/dev/null && cmp x.$format z.$format || fail "$format: a wait of 0.5 ms is left out"
	[ "$(stat -c %s y.$format)" -lt "$(stat -c %s x.$format)" ] || fail "$format: a wait of 0.5 ms is not left out"
done
echo old >z.trace
ctrace export --format=go --json -o z.trace t.ctrace >sums 2>err || fail "--json"
[ ! -s err ] || fail "--json tells on standard error what is in it"
jq -e --argjson bytes "$(stat -c %s z.trace)" '.version == 1 and .bytes == $bytes and .threads == 2 and .generations == 1 and .processors == 2' \
	sums >/dev/null || fail "sums: $(cat sums)"
cmp x.trace z.trace || fail "the file that was there is not replaced"
ctrace export --format=go --thread 101 --json -o one.trace t.ctrace | jq -e '.threads == 1' >/dev/null || fail "--thread"
# cut in the middle of a thread's life
ctrace export --format=go --from 0.0015 --to 0.0018 --json -o part.trace t.ctrace | jq -e '.threads == 2' >/dev/null || fail "--from --to"
[ "$(find . -name '*.trace.*' | wc -l)" -eq 0 ] || fail "left behind: $(ls)"
[ $failures -eq 0 ]
