#!/bin/bash
# snapshot.sh - ctrace_snapshot() from inside: a whole trace of what was recorded by then, of a stream and of a ring, while the program goes on and
# notices nothing; whatever its threads are doing.  Nobody is told to have ended who has not, nothing is in it that came later, none overwrites
# another file, and what cannot be written is told and harms neither the recording nor the program.
# timeout: 300
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
P=$BUILD/run/snapshot

ok() { # file...
	local f
	for f in "$@"; do
		ctrace validate "$f" >valid 2>&1 || fail "$f: $(head -n 3 valid)"
	done
}

phases() { # file -> the logs in it
	ctrace raw --json --records "$1" | jq -r 'select(.event == "log") | .fields.text' | tr '\n' ' '
}

[ "$("$P" phases)" = "not recorded" ] || fail "bare: $("$P" phases)"
(mkdir alone && cd alone && LD_PRELOAD=$BUILD/libctrace.so "$P" alone >out || cat out) >alone.out
[ ! -s alone.out ] || fail "alone: $(cat alone.out)"

# in the middle of waits; one more while one is under way; a name that is there; one at the very end
for mode in "" "--ring 1M"; do
	rm -f p*.ctrace
	# shellcheck disable=SC2086  # an option and its value
	ctrace-run $mode -o p.ctrace -- "$P" phases >out 2>err || fail "phases $mode: $(cat out err)"
	ok p.ctrace p.first.ctrace p.second.ctrace p.first-2.ctrace p.at_the_end.ctrace
	[ ! -e p.meanwhile.ctrace ] || fail "$mode: one that was refused is there"
	[ -z "$(find . -name '*.ctrace.*')" ] || fail "$mode: left: $(find . -name '*.ctrace.*')"
	[ "$(stat -c %a p.first.ctrace)" = 600 ] || fail "$mode: others may read it"
	grep -q '4 snapshots, the first is p.first.ctrace' err || fail "$mode: not told: $(cat err)"
	[ "$(phases p.first.ctrace)" = "before " ] || fail "$mode: first has '$(phases p.first.ctrace)'"
	[ "$(phases p.second.ctrace)" = "before after " ] || fail "$mode: second has '$(phases p.second.ctrace)'"
	[ "$(phases p.ctrace)" = "before after last " ] || fail "$mode: in all '$(phases p.ctrace)'"
	[ "$(phases p.at_the_end.ctrace)" = "before after last " ] || fail "$mode: at the end '$(phases p.at_the_end.ctrace)'"
	# one waits for the lock, one sleeps, and neither they nor the process have ended
	ctrace threads --json p.first.ctrace >threads.json
	jq -e '(.threads | length) == 3 and all(.threads[]; .ended == false)' threads.json >/dev/null ||
		fail "$mode: threads: $(jq -c '.threads[]' threads.json)"
	ctrace waits --json p.first.ctrace >waits.json
	jq -e '[.waits[] | select(.unfinished and .duration_ns > 50000000) | .operation] | sort == ["mutex", "sleep"]' waits.json >/dev/null ||
		fail "$mode: waits: $(jq -c '.waits[]' waits.json)"
	ctrace threads --json p.second.ctrace | jq -e '[.threads[] | select(.ended)] | length == 2' >/dev/null || fail "$mode: who has ended"
done

lost() { # file -> records that found no free chunk, all others
	ctrace info --json "$1" | jq -r '"\(.lost.no_chunk // 0) \(.lost | del(.no_chunk) | add // 0)"'
}

asked() { # file -> "thread number": who said that this snapshot would be asked for
	ctrace raw --json --event log "$1" | grep -v 'some words' | jq -r '"\(.thread) \(.fields.text)"'
}

# A ctrace-run that waits for a processor while threads write may not keep up, and the trace says so; but what the stream has of the time before a
# snapshot that has too, and it has no other losses.
not_less_than() { # stream, snapshots in turn
	local stream=$1 before=0 n=0 f no_chunk other
	asked "$stream" >in_stream
	[ "$(lost "$stream")" != "0 0" ] || [ "$(wc -l <in_stream)" = $((4 * ($# - 1))) ] || fail "busy $mode: lost: $(cat in_stream)"
	for f in "${@:2}" "$stream"; do
		read -r no_chunk other < <(lost "$f")
		[ "$no_chunk" -ge "$before" ] || fail "busy $mode: the one before $f has lost $before, not $no_chunk"
		[ "$other" = 0 ] || fail "busy $mode: $f: $(ctrace info "$f" | grep lost)"
		before=$no_chunk
	done
	# each thread has said what it has said in the stream, up to this number at least
	for f in "${@:2}"; do
		asked "$f" >in_snapshot
		awk -v number=$n 'FILENAME == ARGV[1] { has[$1] = has[$1] " " $2; last[$1] = $2; next }
			$2 <= number || $2 <= last[$1] { should[$1] = should[$1] " " $2 }
			END { for (t in should) if (has[t] != should[t]) print "thread " t " has" has[t] ", not" should[t]
			      for (t in has) if (!(t in should)) print "thread " t " has" has[t] }' in_snapshot in_stream >differ
		[ ! -s differ ] || fail "busy $mode: $f: $(cat differ)"
		n=$((n + 1))
	done
}

# threads write all the time, begin and end
for mode in "--ring 1M 0" "--ring 16M 0" "--threshold 5us 300" "--threshold 0 2000"; do
	read -r option value pause <<<"$mode"
	rm -f b*.ctrace
	ctrace-run -q "$option" "$value" -o b.ctrace -- "$P" busy 12 "$pause" >out 2>err || fail "busy $mode: $(cat out err)"
	[ ! -s err ] || fail "busy $mode: $(cat err)"
	[ "$(find . -name 'b.n*.ctrace' | wc -l)" = 12 ] || fail "busy $mode: $(find . -name 'b.n*.ctrace')"
	ok b.ctrace b.n*.ctrace
	[ "$option" != --threshold ] || not_less_than b.ctrace b.n{0..11}.ctrace
done

ctrace-run -q -o f.ctrace -- "$P" fork >out || fail "fork: $(cat out)"
ok f.ctrace f.child.ctrace
[ "$(phases f.child.ctrace)" = "child " ] || fail "fork: $(phases f.child.ctrace)"
ctrace threads --json f.child.ctrace | jq -e '(.threads | length) == 2' >/dev/null || fail "fork: threads"

ctrace-run -q -o n.ctrace -- "$P" names >out 2>err || fail "names: $(cat out)"
ok n.ctrace "n.$(printf 'x%.0s' {1..63}).ctrace" n.A-z_0.9.ctrace
[ "$(find . -name 'n*.ctrace' | wc -l)" = 3 ] || fail "names: $(ls)"

# a file that is there, or a link to one, stays as it is
echo mine >o.one.ctrace
ln -s elsewhere o.one-2.ctrace
ctrace-run -q -o o.ctrace -- "$P" one one >out || fail "there: $(cat out)"
ok o.ctrace o.one-3.ctrace
[ "$(cat o.one.ctrace)" = mine ] || fail "a file was overwritten"
[ ! -e elsewhere ] || fail "a link was followed"
rm o.one.ctrace o.one-2.ctrace # no traces, and looked at as such

# a folder that is not there any more, with the recording in it
mkdir gone
ctrace-run -q -o gone/g.ctrace -- bash -c "mv gone away; '$P' one one" >out 2>err || fail "gone: $(cat out err)"
[ "$(grep -c 'no snapshot one beside gone/g.ctrace: No such file' err)" = 1 ] || fail "gone: $(cat err)"
ok away/g.ctrace
[ "$(find away -type f | wc -l)" = 1 ] || fail "gone: $(ls away)"

# no file at all
ctrace-run -q -o /dev/null -- "$P" one one >out 2>err || fail "/dev/null: $(cat out err)"
grep -q 'no snapshot one beside /dev/null' err || fail "/dev/null: $(cat err)"

# a disk that is full while the program asks, and not any more when it ends
if unshare -rm true 2>/dev/null; then
	mkdir small
	# shellcheck disable=SC2016  # for the inner one
	unshare -rm bash -c 'mount -t tmpfs -o size=64k none small && cd small && head -c 57344 /dev/zero >filler &&
		ctrace-run -q --sched off -o s.ctrace -- bash -c "\"$0\" one one && sleep 0.3 && rm filler" >../out 2>../err && ctrace validate s.ctrace &&
		[ "$(ls)" = s.ctrace ]' "$P" >full 2>&1 || fail "full disk: $(cat full out err)"
	[ "$(cat err)" = "ctrace-run: no snapshot one beside s.ctrace: No space left on device" ] || fail "full disk: $(cat err)"
fi

[ $failures -eq 0 ]
