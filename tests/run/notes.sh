#!/bin/bash
# notes.sh - what a program says of itself is in its trace, however the program was built and whatever it is written in; and without ctrace the same
# program runs, links nothing and says nothing.  Executables that are not position independent once never found the recorder: their linker answers
# weak references itself.
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

record() { # name program... -> name.json, its records
	local name=$1
	shift
	[ "$("$@")" = "not recorded" ] || fail "$name: says something without ctrace"
	[ "$(ctrace-run -q -o "$name.ctrace" -- "$@")" = recorded ] || fail "$name: not recorded"
	ctrace validate "$name.ctrace" >valid || fail "$name: $(cat valid)"
	ctrace raw --json --records "$name.ctrace" >"$name.json"
}

count() { # name event -> how many
	jq -s "[.[] | select(.event == \"$2\")] | length" "$1.json"
}

for name in notes notes_fixed; do
	record $name "$BUILD/run/$name"
	[ "$(count $name task_begin) $(count $name task_end)" = "5 5" ] || fail "$name: tasks"
	[ "$(count $name region_begin) $(count $name region_end)" = "16 15" ] || fail "$name: regions"
	[ "$(jq -r 'select(.event == "log") | .fields.text' $name.json | sort | tail -n 1)" = "trace_id=0004" ] || fail "$name: logs"
	[ "$(count $name label)" = 5 ] || fail "$name: labels"
done
readelf -hW "$BUILD/run/notes_fixed" | grep -q 'EXEC' || fail "notes_fixed is position independent: it tests nothing"
! readelf -dW "$BUILD/run/notes" | grep -q 'NEEDED.*ctrace' || fail "a program needs libctrace.so"

# what comes of it: the regions' sleep, whichever way the program was built, and the window of one request
for name in notes notes_fixed; do
	ctrace regions --each --json $name.ctrace >regions.json
	jq -e '[.regions[] | select(.name == "sleep")] | length == 5 and all(.in == "handle" and .task != null and .split.blocked_ns.sleep > 19000000 and
		.split.unknown_ns < 1000)' regions.json >/dev/null || fail "$name: regions: $(jq -c '.regions[] | select(.name == "sleep")' regions.json)"
	jq -e '[.regions[] | select(.name == "finish")] | length == 5 and all(.split.blocked_ns.mutex > 10000000)' regions.json >/dev/null ||
		fail "$name: finish: $(jq -c '.regions[] | select(.name == "finish")' regions.json)"
	jq -e '.regions[] | select(.name == "never ends") | .ended == false' regions.json >/dev/null || fail "$name: an end that never was"
	ctrace tasks --log trace_id=0003 --json $name.ctrace >task.json
	jq -e '.messages_matched == 1 and (.tasks | length) == 1 and .tasks[0].threads == 2 and .tasks[0].ended and
		.tasks[0].tid != .tasks[0].end_tid' task.json >/dev/null || fail "$name: task: $(cat task.json)"
	# shellcheck disable=SC2046  # two options with their values
	ctrace waits --json $(ctrace tasks --log trace_id=0003 $name.ctrace | grep -oE -- '--from [0-9.]+ --to [0-9.]+') $name.ctrace |
		jq -e '[.waits[] | select(.operation == "mutex")] | length == 1' >/dev/null || fail "$name: the waits of one request"
done

record notes_cxx "$BUILD/run/notes_cxx"
[ "$(count notes_cxx region_begin) $(count notes_cxx region_end)" = "9 9" ] || fail "notes_cxx: regions"
[ "$(count notes_cxx task_begin) $(count notes_cxx task_end)" = "3 3" ] || fail "notes_cxx: tasks"
[ "$(count notes_cxx label)" = 6 ] || fail "notes_cxx: labels"

record notes_dlsym "$BUILD/run/notes_dlsym"
[ "$(count notes_dlsym region_end)" = 1 ] || fail "notes_dlsym: regions"

# alone: an arena that is the trace
(mkdir alone && cd alone && LD_PRELOAD=$BUILD/libctrace.so "$BUILD/run/notes" >out && mv ./*.ctrace ../alone.ctrace)
ctrace raw --json --records alone.ctrace >alone.json
[ "$(count alone region_end)" = 15 ] || fail "alone: regions"

# a ring that has lost the beginning of a long region still knows its name, its length and its task, and those of the task
(mkdir ring && cd ring && LD_PRELOAD=$BUILD/libctrace.so "$BUILD/run/notes" 1500000 && mv ./*.ctrace ../ring.ctrace)
ctrace validate ring.ctrace >valid || fail "ring: $(cat valid)"
ctrace regions --each --top 1 --json ring.ctrace | jq -e '.lost.overwritten > 0 and (.regions[0] |
	.name == "long" and .begun == false and .ended and .task != null and .duration_ns > 10000000)' >long || fail "ring: $(cat long)"
ctrace tasks --json ring.ctrace | jq -e '.names[0] | .name == "long task" and .count == 1 and .unbegun == 1 and .max_ns > 10000000' >task || fail "ring: task: $(cat task)"

if command -v python3 >/dev/null; then
	cat >say.py <<-'PY'
		import ctypes
		self = ctypes.CDLL(None)
		try:
		    begin, end = self.ctrace_region_begin, self.ctrace_region_end
		    begin.restype, begin.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_uint64]
		    end.restype, end.argtypes = None, [ctypes.c_uint64]
		    end(begin(b"python", 0))
		    print("recorded")
		except AttributeError:
		    print("not recorded")
	PY
	record python python3 say.py
	[ "$(count python region_end)" = 1 ] || fail "python: regions"
fi
exit $failures
