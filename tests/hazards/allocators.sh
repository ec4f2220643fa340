#!/bin/bash
# allocators.sh - forks from a threaded program under the allocators people preload, in front of us and behind.
#
# jemalloc replaces pthread_create and looks for the real one, tcmalloc locks in fork handlers, mimalloc starts before anybody; tracers
# have deadlocked with each of them.  See churn.c.  An allocator that is not installed is named and left out.
# timeout: 150
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
C=$BUILD/hazards/churn
tried=0
mkdir rings

looks() { # what command...
	local what=$1
	shift
	timeout 40 "$@" >out 2>err || { fail "$what: status $?: $(head -n 2 out err)"; return; }
	[ "$(cat out)" = '16 children good, 0 bad' ] && [ ! -s err ] || fail "$what: $(cat out err)"
}

for allocator in none libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2; do
	lib=
	if [ $allocator != none ]; then
		lib=$(ldconfig -p | sed -n "s,.*$allocator .*=> *,,p" | head -n 1)
		[ -n "$lib" ] || { echo "$allocator is not installed"; continue; }
	fi
	tried=$((tried + 1))
	looks "$allocator, bare" env LD_PRELOAD="$lib" "$C" 8
	for list in "$LIBCTRACE:$lib" "$lib:$LIBCTRACE"; do
		rm -f rings/*
		looks "preload ${list//*\//}" env LD_PRELOAD="$list" CTRACE_DIR="$PWD/rings" CTRACE_THRESHOLD=0 "$C" 8
		for trace in rings/*.ctrace; do good "$trace" "preload $list"; done
	done
	looks "$allocator under ctrace-run" env LD_PRELOAD="$lib" "$CTRACE_RUN" -q --threshold 0 -o t.ctrace -- "$C" 8
	good t.ctrace "$allocator under ctrace-run"
	[ "$("$CTRACE" info --json t.ctrace | jq '.processes | length')" -ge 17 ] || fail "$allocator: children are missing in the trace"
done
[ $tried -gt 1 ] || skip "none of jemalloc, tcmalloc and mimalloc is installed"
finish
