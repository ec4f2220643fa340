#!/bin/bash
# perfetto.sh - exported Perfetto traces, decoded by protoc with field numbers of our own, and held against what Perfetto expects of them.
#
# Its trace processor cannot be had from a package.  What it would leave out silently is looked for instead: fields nobody knows, numbers that were
# not told, slices that do not nest, arrows with one end; and that there is a slice for each wait that was recorded.
set -u
# shellcheck source=tests/interop/lib-slices.sh
. "$(dirname "$0")/lib-slices.sh"
command -v protoc >/dev/null || skip "protoc is not installed"
step "protoc is $(protoc --version)"

decode() { protoc --proto_path="$here" --decode=Trace perfetto.proto <"$1"; }
sound() { decode "$1" >"$dir/decoded" && python3 "$here/perfetto_check.py" "$dir/slices.tsv" <"$dir/decoded"; }
make_traces
make_more_traces || exit 1
check "ctrace export of $(find "$dir/traces" -type f | wc -l) traces" exports perfetto
check "every field is known, every number told, every slice ends" each perfetto sound

# As many slices as the trace has records of waits.
waits() { # name
	local recorded
	sound "$dir/perfetto/$1" >"$dir/counts" || return 1
	recorded=$(ctrace raw "$dir/traces/$1.ctrace" | grep -c '^wait ')
	cat "$dir/counts"
	[ "$recorded" -gt 0 ] && grep -q " waits=$recorded " "$dir/counts" || { echo "$recorded waits are recorded" && return 1; }
}
for name in pipeline long; do check "a slice for each wait of $name" waits $name; done

small() { # at most 20 bytes a packet
	local bytes packets
	bytes=$(stat -c %s "$dir/perfetto/long")
	packets=$(sound "$dir/perfetto/long" | sed -n 's/.*packets=//p')
	echo "$bytes bytes, $packets packets"
	[ "$bytes" -le $((20 * packets)) ]
}
# What the program itself has counted; and a part of a request is drawn below it.
said_all() {
	sound "$dir/perfetto/notes" >"$dir/counts" && cat "$dir/counts" "$dir/notes.said"
	grep -q "messages=$(said logs) .*regions=$(said regions) .*tasks=$(said tasks) " "$dir/counts" || return 1
	python3 - "$dir/decoded" <<-'END'
		import re, sys
		tracks = {}
		for m in re.finditer(r'track_descriptor \{\n +uuid: (\d+)\n +name: "(.*)"\n +parent_uuid: (\d+)', open(sys.argv[1]).read()):
		    tracks[m[1]] = (m[3], m[2])
		parts = [p for p in tracks.values() if p[1] == "part"]
		print(len(parts), "parts")
		sys.exit(not parts or any(tracks[p[0]][1] != "request" for p in parts))
	END
}
check "every task, region and message, and parts below their requests" said_all

check "no more than 20 bytes a packet" small

hostile_kept() { # a long symbol is whole, what is no UTF-8 was made so, what was lost is told
	decode "$dir/perfetto/hostile" >"$dir/decoded"
	iconv -f UTF-8 -t UTF-8 "$dir/decoded" >/dev/null && grep -q 'ns::f<x\{10000\}>' "$dir/decoded" && grep -q '3 records lost' "$dir/decoded" &&
		grep -q 'Lock contention on .* lock (owner tid: 100)' "$dir/decoded"
}
check "names that break writers" hostile_kept

# The file is as good when it is cut in the middle of the trace's time, and with one thread, and with long waits only.
part() { # options...: the slices are in slices.tsv
	ctrace export --format=perfetto "$@" -o "$dir/part" "$dir/traces/convoy.ctrace" 2>/dev/null && sound "$dir/part" && [ -s "$dir/slices.tsv" ]
}
filters() {
	part --from 0.01 --to 0.02 && part --thread main && part --lock mutex || return 1
	awk -F '\t' '!/Lock contention/ && !/woken|preempted|off the CPU/ { print; bad = 1 } END { exit bad }' "$dir/slices.tsv" || return 1
	part --min-duration 100us && awk -F '\t' '$4 < 100000 && !/woken|preempted|off the CPU/ { print; bad = 1 } END { exit bad }' "$dir/slices.tsv"
}
check "parts of a trace" filters
finish
