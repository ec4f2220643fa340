# shellcheck shell=bash
#
# lib-interop.sh - traces to export, and counting.  Sourced by the parts.

# shellcheck source=tests/lib-parts.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib-parts.sh"
: "${BUILD:?the build folder}" "${INTEROP_DIR:?where consumers go}"
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PATH=$BUILD:$PATH
passed=0 failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

check() { # what command...: it must succeed; what it prints is shown when it does not
	local what=$1
	shift
	if "$@" >"$dir/check.out" 2>&1; then
		passed=$((passed + 1)) && echo "PASS $what"
	else
		failed=$((failed + 1)) && echo "FAIL $what" && tail -n 12 "$dir/check.out" | sed 's/^/     | /'
	fi
}

finish() { # the end of a part
	[ -z "${TOTALS:-}" ] || echo "$passed $failed 0" >>"$TOTALS"
	exit $((failed > 0))
}

# said WHAT: how many tasks, regions, unended, crossing or logs tests/run/notes_tree.c counted in the trace `notes`.
said() { sed -n "s/.*\\<$1=\([0-9]*\).*/\1/p" "$dir/notes.said"; }

# Traces of every kind there is, in $dir: recorded ones, cut off and lossy ones, and all that are written by hand and can be opened.
make_traces() {
	local file name size
	mkdir -p "$dir/traces"
	ctrace-run -q -o "$dir/traces/convoy.ctrace" -- "$BUILD/examples/convoy" >/dev/null 2>&1
	ctrace-run -q --sched=off -o "$dir/traces/pipeline.ctrace" -- "$BUILD/examples/pipeline" >/dev/null 2>&1
	ctrace-run -q -o "$dir/traces/calls.ctrace" -- bash -c 'for i in 1 2 3; do xz -T2 -c /bin/bash | wc -c; sleep 0.01; done' >/dev/null 2>&1
	# more than one generation
	ctrace-run -q --threshold 0 --sched=off -o "$dir/traces/long.ctrace" -- "$BUILD/bench/gen6m" -n 200000 >/dev/null 2>&1
	# lossy: a ring that is far too small; cut: what a killed ctrace-run leaves, more or less
	ctrace-run -q --threshold 0 --ring 1M -o "$dir/traces/ring.ctrace" -- "$BUILD/bench/gen6m" -n 200000 >/dev/null 2>&1
	size=$(stat -c %s "$dir/traces/long.ctrace")
	head -c $((size * 2 / 3)) "$dir/traces/long.ctrace" >"$dir/traces/cut.ctrace"
	# tasks, regions and messages: as they are, with the most part overwritten, and cut off
	ctrace-run -q -o "$dir/traces/notes.ctrace" -- "$BUILD/run/notes_tree" >"$dir/notes.said" 2>/dev/null
	ctrace-run -q --ring 1M -o "$dir/traces/notes-ring.ctrace" -- "$BUILD/run/notes_tree" 10000 >/dev/null 2>&1
	ctrace-run -q -o "$dir/long.ctrace" -- "$BUILD/run/notes_tree" 6000 >/dev/null 2>&1
	size=$(stat -c %s "$dir/long.ctrace")
	head -c $((size * 2 / 3)) "$dir/long.ctrace" >"$dir/traces/notes-cut.ctrace"
	for file in "$top"/tests/trace/*.ctt; do
		name=${file##*/} name=${name%.ctt}
		awk '/^-- trace --$/ { on = 1; next } /^-- .* --$/ { on = 0 } on' "$file" >"$dir/text"
		ctrace raw --encode "$dir/text" -o "$dir/traces/hand-$name.ctrace" 2>/dev/null &&
			ctrace info "$dir/traces/hand-$name.ctrace" >/dev/null 2>&1
		[ $? -le 1 ] || rm -f "$dir/traces/hand-$name.ctrace"
	done
}
