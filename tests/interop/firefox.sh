#!/bin/bash
# firefox.sh - exported profiles held against what Firefox Profiler describes, and opened by its own code.
#
# The viewer says "error" and no more when a table has a row too few; and markers it has no schema for are not shown.
set -u
# shellcheck source=tests/interop/lib-slices.sh
. "$(dirname "$0")/lib-slices.sh"
# shellcheck source=tests/interop/lib-profiler.sh
. "$here/lib-profiler.sh"

make_traces
make_more_traces || exit 1
check "ctrace export of $(find "$dir/traces" -type f | wc -l) traces" exports firefox
check "tables are whole, and point where they may" each firefox python3 "$here/firefox_check.py"

agrees() { # name
	local counts threads markers
	counts=$(python3 "$here/firefox_check.py" "$dir/firefox/$1") || return 1
	threads=${counts#threads=} threads=${threads%% *}
	markers=${counts#*markers=} markers=${markers%% *}
	profiler_agrees "$dir/firefox/$1" "$threads" "$markers"
}
# What the program itself has counted.
said_all() {
	python3 "$here/firefox_check.py" "$dir/firefox/notes" >"$dir/counts"
	cat "$dir/counts" "$dir/notes.said"
	grep -q " regions=$(said regions) tasks=$(said tasks) messages=$(said logs)\$" "$dir/counts"
}
check "every task, region and message" said_all

for name in convoy pipeline calls notes notes-ring hostile threads hand-views-losses; do
	[ -z "$profiler" ] || check "Firefox Profiler opens $name" agrees $name
done
finish
