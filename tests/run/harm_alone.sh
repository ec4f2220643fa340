#!/bin/bash
# harm_alone.sh - without ctrace-run: a file in ring mode that is a trace at every moment, whatever becomes of the program or the disk.
#
# LD_PRELOAD=libctrace.so is what people have where nothing can be put in front of a program.  Its file must open while the program
# runs, after its end and after kill -9, hold the newest records, say exactly how many it no longer has, and where it cannot be
# made the program must not notice.
# timeout: 240
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
storm=$BUILD/fault/storm
alone() { LD_PRELOAD=$LIBCTRACE CTRACE_DIR=$dir CTRACE_THRESHOLD=0 "$@"; }
new_dir() { dir=$PWD/$1 && rm -rf "$dir" && mkdir "$dir"; }

page() { rm -f page && truncate -s 4096 page; }
# "WAITS" that storm has counted in its page: little-endian words 16 bytes into rows of 64.
counted() { od -An -v -t u8 -w8 page | awk 'NR >= 3 && (NR - 3) % 8 == 0 && NR <= 2 + 8 * 4 { n += $1 } END { print n + 0 }'; }

# --- the ring overruns: waits made are waits kept and waits overwritten
accounts() { # what trace made
	local kept lost
	good "$2" "$1"
	"$CTRACE" info --json "$2" >info
	[ "$(jq -c '.lost | del(.overwritten)' info)" = '{}' ] || fail "$1: lost: $(jq -c .lost info)"
	[ "$(jq '.lost.overwritten // 0' info)" -gt 10000 ] || fail "$1: the ring did not overrun: $(jq -c .lost info)"
	lost=$(jq '[.losses[].lost_waits] | add' info)
	"$CTRACE" raw "$2" >raw
	kept=$(grep -c '^ *wait .*op=\(mutex\|cond\) ' raw)
	echo "$1: $3 waits made, $kept kept, $lost overwritten"
	[ $((kept + lost)) -eq "$3" ] || fail "$1: $((${3} - kept - lost)) waits are neither kept nor said to be lost"
}
new_dir over
page
status=0
alone "$storm" page 480000 || status=$?
[ $status -eq 7 ] || fail "overrun: status $status"
accounts "alone" over/*.ctrace "$(counted)"
page
"$CTRACE_RUN" -q --ring 256K --threshold 0 -o ring.ctrace -- "$storm" page 50000
accounts "--ring 256K" ring.ctrace "$(counted)"

# --- at every moment: while it runs, and after a kill, when whatever was counted and is not overwritten must be there
new_dir live
for moment in 1 2 3; do
	page
	rm -f live/*
	(LD_PRELOAD=$LIBCTRACE CTRACE_DIR=$dir CTRACE_THRESHOLD=0 exec "$storm" page 2000000) &
	pid=$!
	until [ "$(counted)" -gt $((moment * 20000)) ]; do :; done
	"$CTRACE" info --json live/*.ctrace >info || fail "live: does not open"
	[ "$(jq .live info)" = true ] || fail "live: said to be over"
	"$CTRACE" report live/*.ctrace >out 2>err || fail "live: report: $(head -n 1 err)"
	kill -9 $pid
	wait $pid 2>/dev/null
	due=$(counted)
	good live/*.ctrace "killed"
	"$CTRACE" info --json live/*.ctrace >info
	"$CTRACE" raw live/*.ctrace >raw
	found=$(($(grep -c '^ *wait .*op=\(mutex\|cond\) ' raw) + $(jq '.lost.overwritten // 0' info)))
	[ $found -ge "$due" ] || fail "killed: $due waits were over, $found are there or overwritten"
	[ "$(jq .live info)" = false ] || fail "killed: said to be live"
done

# --- two at once, names with spaces, names of their own
new_dir "two words"
cp "$BUILD/run/harm_processes" "two words/a program"
for i in 1 2; do alone "two words/a program" chain >"chain.$i" & done
wait
made=(two\ words/ctrace.a\ program.[0-9]*.ctrace)
[ ${#made[@]} -eq 2 ] || fail "two at once: ${#made[@]} traces"
for trace in "two words"/*.ctrace; do
	good "$trace" "two at once"
	[ "$("$CTRACE" info --json "$trace" | jq '.processes | length')" -eq 7 ] || fail "two at once: processes in $trace"
done
# --- a threshold beyond any wait is none of a few seconds
new_dir long
LD_PRELOAD=$LIBCTRACE CTRACE_DIR=$dir CTRACE_THRESHOLD=1000000000 "$BUILD/run/harm_processes" chain >/dev/null
"$CTRACE" raw long/*.ctrace >raw
ticks() { sed -n "s/^header .* $1=\([0-9]*\) .*/\1/p" raw; }
[ "$(ticks wait_threshold_ticks)" -eq $(($(ticks ticks_per_second) * 1000)) ] ||
	fail "a threshold of 1000 s: $(ticks wait_threshold_ticks) ticks of $(ticks ticks_per_second) a second"

# by default where it runs
mkdir here
(cd here && LD_PRELOAD=$LIBCTRACE "$BUILD/run/harm_processes" chain >/dev/null)
good here/ctrace.harm_processes.*.ctrace "default place"

# --- nowhere to write: the program does not notice
unnoticed() { # what command...
	local what=$1 status=0
	shift
	"$@" >out 2>err || status=$?
	[ $status -eq 0 ] && [ "$(cat out)" = 'chain: six generations' ] && [ ! -s err ] ||
		fail "$what: status $status: $(cat out err)"
}
dir=/proc
unnoticed "a folder where nothing can be made" alone "$BUILD/run/harm_processes" chain
dir=$PWD/none
unnoticed "no such folder" alone "$BUILD/run/harm_processes" chain
new_dir limited
unnoticed "file size limit" bash -c 'ulimit -f 1000; LD_PRELOAD=$0 CTRACE_DIR=limited exec "$@"' "$LIBCTRACE" "$BUILD/run/harm_processes" chain
# shellcheck disable=SC2016
if unshare -rm true 2>/dev/null; then
	unnoticed "full disk" unshare -rm bash -c 'mount -t tmpfs -o size=1m none limited && LD_PRELOAD=$0 CTRACE_DIR=limited "$@" && [ -z "$(ls limited)" ]' \
		"$LIBCTRACE" "$BUILD/run/harm_processes" chain
fi
finish
