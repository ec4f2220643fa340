#!/bin/bash
# sides.sh - what redis and mariadb waited for, as three tools say it: the first five functions of `ctrace profile sync`, of go tool pprof on our pprof
# output, and of go tool trace -pprof=sync on our Go export, side by side.
#
# Programs that nobody wrote for this: if the three say the same of a database under load, a figure taken from one can be looked up in another.
set -u
# shellcheck source=tests/interop/lib-interop.sh
. "$(dirname "$0")/lib-interop.sh"
# shellcheck source=tests/interop/lib-go.sh
. "$(dirname "$0")/lib-go.sh"
# shellcheck source=tests/interop/lib-profiles.sh
. "$(dirname "$0")/lib-profiles.sh"
go tool -n pprof >/dev/null 2>&1 || skip "no go with pprof is installed"
command -v jq >/dev/null || skip "jq is not installed"
go_tools newest || skip "no release of Go could be had"

record() { # host function: as make check-hosts runs it; what is too short for a record of its own is in no Go trace
	mkdir "$dir/$1" "$dir/$1.home" && cd "$dir/$1" || return 1
	TOP=$top TMPDIR=$PWD HOME=$dir/$1.home HOST_KEEP=$dir HOST_ONLY=$2 bash "$top/tests/hosts/$1.sh" >"$dir/$1.log" 2>&1
	local status=$?
	cd "$dir" || return 1
	[ $status -ne 77 ] || { step "SKIP $1: $(tail -n 1 "$dir/$1.log")" && return 77; }
	[ -s "$dir/$1.ctrace" ] || { tail -n 5 "$dir/$1.log" && return 1; }
}

say() { # host
	local trace=$dir/$1.ctrace
	ctrace export --format=go -o "$dir/$1.trace" "$trace" 2>/dev/null
	ctrace profile sync --min-duration 1ns -o "$dir/$1.pb.gz" "$trace"
	ours_says ctrace sync "$trace" --min-duration 1ns
	pb_says pprof "$dir/$1.pb.gz" && go_says go sync "$dir/$1.trace"
}

table() { # host
	printf '%s: sync, %.3f s by ctrace profile, %.3f s by go tool pprof, %.3f s by go tool trace (%s)\n' "$1" \
		"$(cat "$dir/ctrace.total")e-9" "$(cat "$dir/pprof.total")e-9" "$(cat "$dir/go.total")e-9" "go $go_number"
	printf '%14s %14s %14s  %s\n' 'ctrace' 'go tool pprof' 'go tool trace' 'function, and what it called'
	awk -v dir="$dir/" '
		function take(file, to, line, ns) {
			while ((getline line <file) > 0) {
				ns = line + 0
				sub(/^[^ ]+ /, "", line)
				to[line] += ns
			}
		}
		BEGIN {
			take(dir "pprof.top", pprof)
			take(dir "go.top", go)
			while (n++ < 5 && (getline line <(dir "ctrace.top")) > 0) {
				ns = line + 0
				sub(/^[^ ]+ /, "", line)
				printf "%12.3f s %12.3f s %12.3f s  %.90s\n", ns / 1e9, pprof[line] / 1e9, go[line] / 1e9, line
			}
		}'
}

had=0
for what in 'redis io_threads' 'mariadb threads'; do
	read -r host function <<<"$what"
	record "$host" "$function"
	status=$?
	[ $status -ne 77 ] || continue
	had=$((had + 1))
	check "$host is recorded" [ $status -eq 0 ]
	check "three tools tell of $host" say "$host"
	table "$host"
	check "$host: go tool pprof agrees with ctrace profile sync" alike ctrace pprof
	check "$host: go tool trace agrees with it, too" alike ctrace go
done
[ $had -gt 0 ] || skip "neither redis nor mariadb can be had"
finish
