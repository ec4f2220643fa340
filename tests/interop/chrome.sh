#!/bin/bash
# chrome.sh - exported trace events: valid JSON whatever the names are, slices that nest, arrows with two ends; opened by Firefox Profiler's importer.
#
# Viewers of this format leave out what they do not understand and say nothing.
set -u
# shellcheck source=tests/interop/lib-slices.sh
. "$(dirname "$0")/lib-slices.sh"
# shellcheck source=tests/interop/lib-profiler.sh
. "$here/lib-profiler.sh"

make_traces
make_more_traces || exit 1
check "ctrace export of $(find "$dir/traces" -type f | wc -l) traces" exports chrome
check "events are whole, slices nest, arrows have two ends" each chrome python3 "$here/chrome_check.py"
check "jq reads the names that break writers" jq -e '[.traceEvents[].name] | any(startswith("Lock contention"))' "$dir/chrome/hostile"

# As many threads, and as many slices, notes and spans, as there are.
agrees() { # name
	local threads slices
	threads=$(jq '[.traceEvents[] | select(.ph == "M" and .name == "thread_name")] | length' "$dir/chrome/$1")
	slices=$(jq '[.traceEvents[] | select(.ph == "X" or .ph == "B" or .ph == "i" or .ph == "b")] | length' "$dir/chrome/$1")
	profiler_agrees "$dir/chrome/$1" "$threads" "$slices"
}
for name in convoy pipeline calls notes hostile; do
	[ -z "$profiler" ] || check "Firefox Profiler opens $name" agrees $name
done

# What the program itself has counted.
said_all() {
	python3 "$here/chrome_check.py" "$dir/chrome/notes" >"$dir/counts"
	cat "$dir/counts" "$dir/notes.said"
	grep -q " messages=$(said logs) regions=$(said regions) tasks=$(said tasks)\$" "$dir/counts"
}
check "every task, region and message" said_all

# Both writers say the same: each slice of the one is in the other.
same() { # name
	ctrace export --format=perfetto -o "$dir/pf" "$dir/traces/$1.ctrace" 2>/dev/null
	protoc --proto_path="$here" --decode=Trace perfetto.proto <"$dir/pf" | python3 "$here/perfetto_check.py" "$dir/slices.tsv" >/dev/null || return 1
	python3 - "$dir/chrome/$1" "$dir/slices.tsv" <<-'END'
		import json, sys
		trace = json.load(open(sys.argv[1]))
		start = int(trace["otherData"]["start_mono_ns"])
		ours = sorted((e["tid"], e["name"], round(e["ts"] * 1000) + start, round(e["dur"] * 1000))
		    for e in trace["traceEvents"] if e["ph"] == "X" and e["cat"] not in ("wake", "region"))
		theirs = []
		for line in open(sys.argv[2]):
		    tid, name, begin, duration = line.rstrip("\n").split("\t")
		    theirs.append((int(tid), name, int(begin), int(duration)))
		opened = sum(e["ph"] == "B" for e in trace["traceEvents"])
		print(len(ours), len(theirs), opened)
		sys.exit(len(ours) + opened != len(theirs) or not set(ours) <= set(theirs) or not ours)
	END
}
if command -v protoc >/dev/null; then
	for name in convoy pipeline; do check "the slices of $name are those of the Perfetto export" same $name; done
else
	step "SKIP the Perfetto export beside it: protoc is not installed"
fi
finish
