#!/bin/bash
# timeout: 120
# A profile is worth what the real `go tool pprof` makes of it: a wrong wire type or an index that is off by one is skipped by our
# own eyes and refused, or worse not refused, by its.
#
# In a folder of its own by runner.sh, or as a part of a tier that says INTEROP_DIR and counts in TOTALS.
set -eu
count() { [ -z "${INTEROP_DIR:-}" ] || [ -z "${TOTALS:-}" ] || echo "$*" >>"$TOTALS"; }
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
PATH=$BUILD:$PATH
if [ -n "${INTEROP_DIR:-}" ]; then
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	cd "$dir"
fi
command -v go >/dev/null || { count 0 0 1 && echo 'go is not installed' && exit 77; }
go tool -n pprof >/dev/null 2>&1 || { count 0 0 1 && echo 'this go has no pprof' && exit 77; }
export HOME=$PWD PPROF_TMPDIR=$PWD
go version
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

pprof() { # options... file: what it prints, blanks made one
	go tool pprof "$@" 2>pprof.err | tr -s ' ' | sed 's/^ //; s/ $//' || fail "pprof $*: $(cat pprof.err)"
}

has() { # what line...: lines that the file `out` must have
	local what=$1 line
	shift
	for line; do
		grep -qxF -- "$line" out || { fail "$what: no line '$line' in:" && cat out; }
	done
}

# --- one that was worked out by hand

awk '/^-- trace --$/ { on = 1; next } /^-- / { on = 0 } on' "$TOP/tests/trace/profile-holders.ctt" >holders.txt
ctrace raw --encode holders.txt -o holders.ctrace
ctrace profile lock -o lock.pb.gz holders.ctrace
[ "$(stat -c %a lock.pb.gz)" = 600 ] || fail "mode of a profile: $(stat -c %a lock.pb.gz)"
ctrace profile lock --format pprof holders.ctrace | cmp - lock.pb.gz || fail 'the same profile twice is not the same file'

pprof -top -unit=us -nodefraction=0 lock.pb.gz >out
has top '11000us 38.43% 38.43% 11000us 38.43% rebuild' '5000us 17.47% 76.87% 5000us 17.47% [changed hands unseen]' \
	'3800us 13.28% 90.15% 3800us 13.28% [hand-off]' '1800us 6.29% 96.44% 1800us 6.29% put' '0 0% 100% 12800us 44.72% worker'
pprof -top -nodefraction=0 -contentions lock.pb.gz >out
has contentions '50 72.46% 72.46% 50 72.46% [holder of short waits not recorded]' '0 0% 100% 6 8.70% worker'
pprof -top -unit=us -nodefraction=0 -mean_delay lock.pb.gz >out
grep -q '^2200us .* rebuild$' out || fail "mean_delay: $(cat out)"
pprof -top -cum -unit=us -nodefraction=0 -tagroot=lock lock.pb.gz >out
grep -q '^0 .* 8120us 28.37% mutex cache in cache.c:1$' out || fail "tagroot: $(cat out)"
grep -q '^0 .* 3000us 10.48% rwlock table in cache.c:6$' out || fail "tagroot: $(cat out)"
pprof -top -unit=us -nodefraction=0 -tagfocus=lock=log lock.pb.gz >out
grep -q '^3000us .* \[changed hands unseen\]$' out && ! grep -q rebuild out || fail "tagfocus: $(cat out)"
pprof -tags lock.pb.gz >out
has tags 'holder: Total 18.8ms' '13.0ms (69.15%): a' 'kind: Total 28.6ms' '25.6ms (89.52%): mutex' '8.1ms (28.37%): mutex cache in cache.c:1' \
	'reason: Total 28.6ms' 'thread: Total 18.8ms'
pprof -comments lock.pb.gz >out
grep -q '^rule: each holder is charged ' out || fail "comments: $(cat out)"
grep -q '^unknown wakers: of 1 of 8 recorded waits' out || fail "comments: $(cat out)"
pprof -raw lock.pb.gz >out
has raw 'contentions/count delay/nanoseconds[dflt]' 'PeriodType: contentions count' 'Period: 1' '2 6000000: 1 2' \
	'1: 0x10000000110 M=1 rebuild /src/cache.c:90 s=0' '1: 0x10000000000/0x10000001000/0x0 /usr/bin/server [FN][FL][LN][IN]'

ctrace profile lock --blame unlock -o unlock.pb.gz holders.ctrace
pprof -top -unit=us -nodefraction=0 unlock.pb.gz >out
grep -q '^9000us .* put$' out && grep -q '^12600us .* rebuild$' out && grep -q '\[gave up\]$' out || fail "unlock: $(cat out)"
pprof -comments unlock.pb.gz >out
grep -q -- '--blame=unlock' out || fail "comments: $(cat out)"

ctrace profile sync -o sync.pb.gz holders.ctrace
pprof -tags sync.pb.gz >out
grep -q '%): c$' out || fail "sync: who ended the waits is no label: $(cat out)"
ctrace profile sync --no-labels -o bare.pb.gz holders.ctrace
pprof -raw bare.pb.gz >out
[ "$(grep -c '^[0-9]* [0-9]*: ' out)" = 1 ] && ! grep -q 'lock:\[' out || fail "--no-labels: $(cat out)"

# --- names that nobody would give

long=$(printf 'outer<%.0s' $(seq 1500) && printf 'int' && printf '>%.0s' $(seq 1500))
cat >odd.txt <<END
ctrace 1
process 0 pid=100 exe="/bin/a\\x01b\\xff" state=3
module 1 path="/bin/a\\x01b\\xff" build_id=00ff10 build_id_len=3 lo=0x400000 hi=0x401000
module 2 path="[vdso]"
symbol 1:0x400100 function="semi;colon <b>&\\"'\\x1b[31m\\xc3("
symbol 1:0x400200 function="$long" file="/\\xfe.cc" line=7
symbol 1:0x400200 function="outer_of_inlined" line=9
symbol 1:0x400300 function="()"
stack odd 1:0x400100 1:0x400200 1:0x400300 2:0x10 0x1234 stop:1
stack raw 0x99
END
for n in $(seq 300); do
	cat >>odd.txt <<-END
		chunk slot=$n thread=$n tid=$((100 + n)) base=1000
		thread_begin @1000 thread=$n tid=$((100 + n))
		thread_name @1000 thread=$n name="\\x07\\xe2\\x28$n"
		wait @$((n * 1000 + 900000)) op=mutex dur=800000 object=m stack=odd waker=$((n - 1)) wake_ago=10 waker_stack=raw
	END
done
ctrace raw --encode odd.txt -o odd.ctrace
for kind in sync lock; do
	ctrace profile $kind -o odd.pb.gz odd.ctrace
	pprof -raw odd.pb.gz >out
	[ "$(grep -c 'thread:\[' out)" -ge 299 ] || fail "odd names, $kind: $(head -c 2000 out)"
	# 300 waits of 800 us; all but the first, of which nobody tells, are ready for their last 10 ns
	want=240000000
	[ $kind = lock ] || want=239997010
	[ "$(awk '$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+:$/ { sum += $2 } END { print sum }' out)" = $want ] ||
		fail "odd names, $kind: the waits are not there"
	! grep -q "$(printf '\033')" out || fail "odd names, $kind: an escape came through"
done
! command -v protoc >/dev/null || gzip -dc odd.pb.gz | protoc --decode_raw >/dev/null || fail 'protoc cannot decode it'
ctrace profile sync -o odd.pb.gz odd.ctrace
pprof -raw odd.pb.gz >out
grep -q '^1: 0x400000/0x401000/0x0 .* 00ff10 ' out || fail "a program at its own address: $(grep 0x40 out)"
grep -q '0x400200 M=1 outer /?.cc:7 s=0' out && grep -q '^outer_of_inlined :9 s=0$' out || fail 'an inlined function is not there'

# --- one that was recorded: the same figures as ctrace's own table, for every kind

ctrace-run -q --sched=exact -o convoy.ctrace -- "$BUILD/examples/convoy" -r 40 >/dev/null
for kind in sync lock sched offcpu; do
	ctrace profile $kind --json --top 100000 convoy.ctrace >table.json
	ctrace profile $kind -o $kind.pb.gz convoy.ctrace
	go tool pprof -raw $kind.pb.gz >out
	sum=$(awk '$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+:$/ { count += $1; sum += $2 } END { printf "%d %d", count, sum }' out)
	# each sample is rounded to ns
	jq -e --arg sum "$sum" '($sum | split(" ") | map(tonumber)) as [$count, $ns] |
		.count == $count and (.total_ns - $ns | fabs) < 2000 and .count > 100' table.json >/dev/null ||
		fail "$kind: pprof has $sum, the table $(jq -c '[.count, .total_ns]' table.json)"
	go tool pprof -top -unit=ns -nodefraction=0 $kind.pb.gz 2>/dev/null | sed 's/ (inline)$//' |
		awk '/flat%/ { on = 1; next } on { print $NF, $1 + 0 }' |
		sort >pprof.top
	jq -r '.functions[] | select(.flat_ns > 5000) | "\(.function | split(" ") | last) \(.flat_ns)"' table.json | sort >ctrace.top
	awk 'NR == FNR { ns[$1] += $2; next } { d = ns[$1] - $2; if (d < 0) d = -d; if (d > 2000) { print; bad = 1 } } END { exit bad }' \
		pprof.top ctrace.top || fail "$kind: other figures than in pprof's table"
done
count $((failures == 0)) $failures 0
[ $failures -eq 0 ]
