#!/bin/bash
# go_profiles.sh - the four profiles that go tool trace makes of our Go export are those of `ctrace profile`: totals and the first functions, to 1 %.
#
# Two tools that tell other figures of one trace are worse than one: nobody knows which to believe.  They did: time from a release to when the thread
# ran was in two of ours, sched_yield in one of theirs, and what had not ended at the end of the trace in none of theirs.
#
# What cannot agree, for what Go's code does: in releases before 1.26 a syscall, or time ready, goes on to the next event that has a stack
# (golang.org/issue/74850), which their ends cannot have: those two are not compared there.  And a goroutine's time before it ran first is in none.
set -u
# shellcheck source=tests/interop/lib-interop.sh
. "$(dirname "$0")/lib-interop.sh"
# shellcheck source=tests/interop/lib-go.sh
. "$(dirname "$0")/lib-go.sh"
# shellcheck source=tests/interop/lib-profiles.sh
. "$(dirname "$0")/lib-profiles.sh"
go tool -n pprof >/dev/null 2>&1 || skip "no go with pprof is installed"
command -v jq >/dev/null || skip "jq is not installed"
export HOME=$dir PPROF_TMPDIR=$dir

record() { # name options... -- command: with a record for each wait
	local name=$1
	shift
	ctrace-run -q --threshold 0 -o "$dir/$name.ctrace" "$@" >"$dir/out" 2>&1
	[ -s "$dir/$name.ctrace" ] || { echo "cannot record $name:" && cat "$dir/out"; }
	ctrace export --format=go -o "$dir/$name.trace" "$dir/$name.ctrace" 2>/dev/null
}

talk() { # threads that answer each other over sockets
	python3 - <<-'END'
		import socket, threading, time
		def echo(s):
		    while True:
		        m = s.recv(100)
		        if not m:
		            return
		        time.sleep(0.0005)
		        s.sendall(m)
		def ask(s, n):
		    for i in range(n):
		        s.sendall(b"x" * 50)
		        s.recv(100)
		    s.close()
		threads = []
		for i in range(4):
		    a, b = socket.socketpair()
		    threads += [threading.Thread(target=echo, args=(a,)), threading.Thread(target=ask, args=(b, 100 * (i + 1)))]
		for t in threads: t.start()
		for t in threads: t.join()
	END
}
export -f talk

record convoy --sched=off -- "$BUILD/examples/convoy"
record switches --sched=exact -- "$BUILD/examples/convoy" -r 60
record pipeline -- "$BUILD/examples/pipeline"
record calls --sched=exact -- bash -c 'for i in 1 2 3; do xz -T2 -c /bin/bash | wc -c; sleep 0.01; done'
! command -v python3 >/dev/null || record talk -- bash -c talk
record stuck -- timeout 1 "$BUILD/examples/deadlock"
# as it is by default: what is too short for a record of its own is in no Go trace
ctrace-run -q -o "$dir/usual.ctrace" -- "$BUILD/examples/convoy" >/dev/null 2>&1
ctrace export --format=go -o "$dir/usual.trace" "$dir/usual.ctrace" 2>/dev/null
check "one of them has switch records" ctrace export --format=go --procs=cpu -o "$dir/cpu.trace" "$dir/switches.ctrace"

agrees() { # kind name
	local kind=$1 name=$2 options=() new
	[ "$kind" != sched ] || options+=(--blame waker)
	[ "$name" != usual ] || options+=(--min-duration 1ns)
	ours_says ctrace "$kind" "$dir/$name.ctrace" "${options[@]}"
	go_says go "$kind" "$dir/$name.trace" || { cat "$dir/go.err" && return 1; }
	new=$(jq '[.functions[]? | select(.function == "[new, never had a CPU]").flat_ns] | add // 0' "$dir/ctrace.json")
	alike ctrace go "$new"
}

had=0
for release in 1.22 newest; do
	go_tools $release || continue
	had=$((had + 1))
	for trace in "$dir"/*.ctrace; do
		name=${trace##*/} name=${name%.ctrace}
		kinds=(net sync)
		[ "${go_number#1.}" -lt 26 ] || kinds+=(syscall sched)
		for kind in "${kinds[@]}"; do
			check "go $go_number: $kind of $name" agrees "$kind" "$name"
		done
	done
done
[ $had -gt 0 ] || skip "no release of Go could be had"
# not four times nothing
for kind in net sync syscall sched; do
	any() { for trace in "$dir"/*.ctrace; do ctrace profile "$kind" "$trace" >/dev/null 2>&1 && return; done; return 1; }
	check "there was something of $kind" any
done
finish
