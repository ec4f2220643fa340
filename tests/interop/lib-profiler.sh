# shellcheck shell=bash
#
# lib-profiler.sh - Firefox Profiler's own code without a browser: npm's @firefox-devtools/profiler-cli.  Sourced by the parts.  It reads its own format, and
# Chrome's by its importer.

: "${here:?}" "${dir:?}" "${INTEROP_DIR:?}"
profiler_version=0.10.0
if profiler=$("$here/get-npm.sh" @firefox-devtools/profiler-cli $profiler_version "$INTEROP_DIR" 2>"$dir/npm"); then
	step "Firefox Profiler is profiler-cli $profiler_version on node $(node --version)"
	profiler=$profiler/dist/profiler-cli.js
else
	step "SKIP Firefox Profiler: $(cat "$dir/npm")"
	profiler=
fi
export PROFILER_CLI_SESSION_DIR=$dir/sessions
mkdir -p "$PROFILER_CLI_SESSION_DIR"

# What the viewer says of a profile: its threads, as JSON in $dir/threads.json.
profiler_opens() { # file
	local pid i status=1
	rm -rf "${PROFILER_CLI_SESSION_DIR:?}"/*
	HOME=$dir PROFILER_CLI_NO_SYMBOLICATE=1 node "$profiler" --daemon "$1" --session it >"$dir/daemon" 2>&1 &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		kill -0 $pid 2>/dev/null || break
		if [ -S "$PROFILER_CLI_SESSION_DIR/it.sock" ] &&
			HOME=$dir node "$profiler" thread list --limit 0 --json --session it >"$dir/threads.json" 2>"$dir/err"; then
			status=0
			break
		fi
		sleep 0.1
	done
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ $status -eq 0 ] || tail -n 3 "$dir/daemon" "$dir/err" "$PROFILER_CLI_SESSION_DIR/it.log"
	return $status
}

# It has found as many threads, and as many markers in them, as are there.
profiler_agrees() { # file threads markers
	profiler_opens "$1" || return 1
	python3 - "$dir/threads.json" "$2" "$3" <<-'END'
		import json, sys
		said = json.load(open(sys.argv[1]))
		threads, markers = said["totalThreadCount"], sum(t["markerCount"] for t in said["threads"])
		print("it has %d threads and %d markers; there are %s and %s" % (threads, markers, sys.argv[2], sys.argv[3]))
		sys.exit((threads, markers) != (int(sys.argv[2]), int(sys.argv[3])))
	END
}
