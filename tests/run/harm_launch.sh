#!/bin/bash
# harm_launch.sh - ctrace-run between a program and who started it is not there.
#
# People put ctrace-run into unit files and scripts, where exit statuses, signals, descriptors and end of file mean something.
# Everything is done bare and under ctrace-run, and must come out the same; and where the program cannot be recorded as asked, it
# runs on and that is said.
# timeout: 240
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
L=$subjects/harm_launch
T=("$CTRACE_RUN" -q -o t.ctrace --)

same() { # what bare-file traced-file
	diff "$2" "$3" >differences || { fail "$1: bare (<) and traced (>):"; head -n 10 differences; }
}

# --- how it ends
for n in 0 1 2 63 64 100 125 126 127 128 129 200 254 255; do
	status=0
	"${T[@]}" sh -c "exit $n" || status=$?
	[ $status -eq $n ] || fail "exit $n came out as $status"
done
for sig in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 24 25 26 27 29 31 40 64; do
	"$L" how "$L" die $sig >bare 2>&1
	"$L" how "${T[@]}" "$L" die $sig >traced 2>&1
	same "death by signal $sig" bare traced
	good t.ctrace "death by signal $sig"
done
[ "$("$L" how ignore-chld "${T[@]}" sh -c 'exit 9')" = 'exit 9' ] || fail "SIGCHLD ignored: the status is lost"
good t.ctrace "SIGCHLD ignored"

# --- what it is given
# shellcheck disable=SC2034  # PRE is used by what is evaluated
show() { # name outer-command...: the shell words are run with PRE set to nothing or to ctrace-run
	local name=$1
	shift
	PRE=() && rm -f show.bare && eval "$*" || fail "$name: bare: status $?"
	mv show.out show.bare
	rm -f t.ctrace
	# shellcheck disable=SC2034  # the commands given use it
	PRE=("${T[@]}") && eval "$*" || fail "$name: traced: status $?"
	same "$name" show.bare show.out
	good t.ctrace "$name"
}
# shellcheck disable=SC2016
{
	show plain '"${PRE[@]}" "$L" show show.out'
	show blocked '"$L" blocked "${PRE[@]}" "$L" show show.out'
	show "stdin closed" '"${PRE[@]}" "$L" show show.out <&-'
	show "stdout closed" '"${PRE[@]}" "$L" show show.out >&-'
	show "stderr closed" '"${PRE[@]}" "$L" show show.out 2>&-'
	show "all closed" '"${PRE[@]}" "$L" show show.out <&- >&- 2>&-'
	show "others open" '"${PRE[@]}" "$L" show show.out 5</dev/null 17>x 3<&0'
	show "to /dev/null" '"${PRE[@]}" "$L" show show.out </dev/null >/dev/null 2>&1'
	show "few descriptors" '(ulimit -n 10; "${PRE[@]}" "$L" show show.out)'
	show "small stack" '(ulimit -s 256; "${PRE[@]}" "$L" show show.out)'
	show "no core" '(ulimit -c 0; "${PRE[@]}" "$L" show show.out)'
	show nice 'nice -n 3 "${PRE[@]}" "$L" show show.out'
	show "own session" 'setsid -w "${PRE[@]}" sh -c "\"\$0\" show show.out" "$L"'
}
# limits under which there may be no room to record: the program's output counts
for limit in '-v 300000' '-v 100000' '-f 100' '-f 1' '-n 7' '-n 5' '-l 0' '-u 4000'; do
	rm -f t.ctrace
	# shellcheck disable=SC2086
	(ulimit $limit; "$CTRACE_RUN" -q -o t.ctrace -- "$subjects/harm_cancel" 20) >out 2>err || fail "ulimit $limit: status $?: $(head -n 1 err)"
	[ "$(cat out)" = '20 threads' ] || fail "ulimit $limit: output: $(head -n 2 out)"
	if [ -s t.ctrace ] && [ ! -s err ]; then good t.ctrace "ulimit $limit"; else
		[ "$(wc -l <err)" -eq 1 ] || fail "ulimit $limit: no trace, and says: $(cat err)"
		echo "ulimit $limit: $(cat err)"
	fi
done

# --- what goes through it
head -c 3000000 /dev/urandom >big
"${T[@]}" cat <big | cmp - big || fail "stdin to stdout"
"${T[@]}" sh -c 'cat >&2' <big 2>&1 >/dev/null | cmp - big || fail "stdin to stderr"
echo 'echo a script; exit 3' >script
chmod +x script
[ "$("${T[@]}" ./script; echo $?)" = $'a script\n3' ] || fail "a script without #!"
# end of file: who closes its side is believed, even if it runs on
mkfifo gate
end_of_file() { # what command...
	local what=$1
	shift
	timeout 10 bash -c "$*" bash "${T[@]}" >out 2>&1 || fail "$what: still open in ctrace-run"
}
# shellcheck disable=SC2016
{
	end_of_file "closed stdout" '"$@" sh -c "exec >&-; read x <gate" | { cat; echo >gate; }'
	end_of_file "closed stdin" '{ yes 2>/dev/null; echo >gate; } | "$@" sh -c "exec <&-; read x <gate"'
	end_of_file "another descriptor" '"$@" sh -c "exec 5>&-; read x <gate" 5>&1 >/dev/null | { cat; echo >gate; }'
}

# --- signals
"$L" job "$L" child x >bare 2>&1
timeout 20 "$L" job "${T[@]}" "$L" child x >traced 2>&1 || { fail "a job: status $?"; cat traced; }
same "a job" bare traced
good t.ctrace "a job"

# --- a daemon: ctrace-run returns, and the trace is complete when the daemon ended
mkfifo daemon.gate
timeout 20 "$CTRACE_RUN" -q -o d.ctrace -- "$L" daemon daemon.gate | cat || fail "daemon: ctrace-run stayed"
finished() { [ "$("$CTRACE" info --json d.ctrace 2>/dev/null | jq .finished)" = true ]; }
finished && fail "daemon: the trace was complete before the daemon ended"
timeout 10 bash -c ': >daemon.gate' || fail "daemon: it is not there"
for ((i = 0; i < 1000; i++)); do finished && break; read -r -t 0.01 <> <(:); done
finished || fail "daemon: the trace is never completed"
good d.ctrace daemon
joins=$("$CTRACE" waits --json --idle d.ctrace | jq '[.waits[] | select(.operation == "join")] | length')
[ "$joins" -eq 1 ] || fail "daemon: its join was not recorded"

# --- options
quiet=$("$CTRACE_RUN" -q -o t.ctrace -- true 2>&1)
[ -z "$quiet" ] || fail "-q says: $quiet"
"$CTRACE_RUN" -o t.ctrace -- true 2>err >out
[ -s err ] && [ ! -s out ] || fail "the summary is on standard error"
for threshold in 0 5us 1ms 0.5 2s 100ns; do
	"$CTRACE_RUN" -q --threshold $threshold -o t.ctrace -- true || fail "--threshold $threshold"
	good t.ctrace "--threshold $threshold"
done
for bad in '--threshold x' '--threshold -1' '--threshold 5years' '--threshold' '--threshold nan' '--threshold inf' '--ring 1' '--ring 64Q' '--ring -5M' \
	'--ring' '--nothing' '-o' '--call-threshold 1h'; do
	status=0
	# shellcheck disable=SC2086
	"$CTRACE_RUN" $bad >out 2>err || status=$?
	[ $status -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && [ ! -s out ] || fail "$bad: status $status: $(cat err)"
done
"$CTRACE_RUN" -q --no-follow -o t.ctrace -- bash -c 'sleep 0.01; sleep 0.01; exit 5'
[ $? -eq 5 ] || fail "--no-follow: status"
[ "$("$CTRACE" info --json t.ctrace | jq '.processes | length')" -eq 1 ] || fail "--no-follow: followed"
good t.ctrace --no-follow
finish
