#!/bin/bash
# go_trace.sh - exported Go traces in the real `go tool trace` of 1.22, the first that reads this format, and of the newest Go there is.
#
# The reader of Go refuses a file at its first illegal step, so one wrong event makes an export worthless; and its viewer has died of files that its
# reader took.  So each trace has to pass the reader (-d), all four -pprof, the validator that Go tests its own runtime with, and some of them
# every page of the server.
set -u
# shellcheck source=tests/interop/lib-interop.sh
. "$(dirname "$0")/lib-interop.sh"
# shellcheck source=tests/interop/lib-go.sh
. "$(dirname "$0")/lib-go.sh"
command -v curl >/dev/null || skip "curl is not installed"

parses() { # file
	if [ "${go_number#1.}" -ge 24 ]; then "$go_trace" -d=parsed "$1" >/dev/null; else "$go_trace" -d=1 "$1" >/dev/null; fi
}

# From 1.23 on -pprof tells nothing of a broken file by its status; that it parses was seen before.
profiles() { # file
	local kind
	for kind in net sync syscall sched; do
		"$go_trace" -pprof=$kind "$1" >"$dir/profile" 2>"$dir/err" || { cat "$dir/err" && return 1; }
		gzip -t "$dir/profile" || return 1
	done
}

pages=(/ '/trace?view=proc' '/trace?view=thread' '/jsontrace?view=proc' '/jsontrace?view=thread' '/jsontrace?goid=1' /goroutines /io /block
	/syscall /sched '/io?raw=1' '/block?raw=1' '/syscall?raw=1' '/sched?raw=1' /usertasks /userregions /mmu '/mmu?flags=' /static/trace_viewer_full.html)

links() { # url, page: the links in it to that page
	curl -s "$1" | grep -o "href=\"/\($2\)?[^\"]*\"" | sed 's/^href="//; s/"$//; s/&amp;/\&/g; s/&#43;/+/g; s/ /%20/g'
}

serves() { # file: every page answers 200, and nothing panicked
	local pid url='' page code bad=0 i name notes
	rm -f "$dir/server" # or the address of the one before is read from it
	touch "$dir/server"
	"$go_trace" -http=127.0.0.1:0 "$1" >>"$dir/server" 2>&1 &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		url=$(sed -n 's,.*\(http://127.0.0.1:[0-9]*\).*,\1,p' "$dir/server" | tail -n 1)
		[ -z "$url" ] || break
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	if [ -z "$url" ]; then
		cat "$dir/server"
		kill $pid 2>/dev/null
		return 1
	fi
	# one page for each kind of goroutine there is
	name=$(links "$url/goroutines" goroutine | head -n 3)
	# and what there is of tasks and regions, the kinds of each, and single ones
	notes=$(links "$url/usertasks" usertask | tail -n 5; links "$url/userregions" userregion | tail -n 10)
	for page in $notes; do notes+=" $(links "$url$page" 'trace\|jsontrace\|regionblock' | head -n 3)"; done
	for page in "${pages[@]}" $name $notes; do
		code=$(curl -s -o "$dir/page" -w '%{http_code}' "$url$page")
		# the graphs of the profiles need graphviz
		case $page in /io | /block | /syscall | /sched | /region*block?*[^1]) command -v dot >/dev/null || continue ;; esac
		[ "$code" = 200 ] || { echo "$page: $code: $(head -c 200 "$dir/page")" && bad=1; }
	done
	[ -n "$name" ] || { echo "no goroutine has a page" && bad=1; }
	case ${1##*/} in notes*) [ "$(wc -w <<<"$notes")" -ge 5 ] || { echo "tasks and regions have no pages: $notes" && bad=1; } ;; esac
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
	! grep -i panic "$dir/server" || bad=1
	return $bad
}

make_traces
exports() { # options...: exports all traces into a folder
	local to=$1 trace name status
	shift
	mkdir -p "$to"
	for trace in "$dir"/traces/*.ctrace; do
		name=${trace##*/} name=${name%.ctrace}
		status=0
		ctrace export --format=go "$@" -o "$to/$name.trace" "$trace" 2>"$to/$name.err" || status=$?
		[ $status -le 1 ] && [ -s "$to/$name.trace" ] || { echo "$name: exit $status: $(tail -n 1 "$to/$name.err")" && return 1; }
	done
}
check "ctrace export of $(find "$dir/traces" -type f | wc -l) traces" exports "$dir/22"
for version in 23 25 26; do
	check "--go-version=$version" exports "$dir/$version" --go-version=$version
done
cpu() {
	ctrace export --format=go --procs=cpu -o "$dir/cpu/convoy.trace" "$dir/traces/convoy.ctrace"
}
mkdir "$dir/cpu"
if ctrace info --json "$dir/traces/convoy.ctrace" | grep -q '"switches_source": "\(perf\|bpf\)"' || ctrace export --format=go --procs=cpu \
	-o "$dir/cpu/convoy.trace" "$dir/traces/convoy.ctrace" 2>/dev/null; then
	check "--procs=cpu" cpu
fi

# A part of each: a wait that is left out must not leave its goroutine where the reader has no way on.  Some have nothing that is as long.
parts() {
	local trace name status n=0
	mkdir "$dir/part"
	for trace in "$dir"/traces/*.ctrace; do
		name=${trace##*/} name=${name%.ctrace}
		status=0
		ctrace export --format=go --min-duration 100us -o "$dir/part/$name.trace" "$trace" 2>"$dir/part.err" || status=$?
		[ $status -le 1 ] || grep -q 'is as long as\|no thread was there' "$dir/part.err" || { echo "$name: exit $status: $(cat "$dir/part.err")" && return 1; }
		[ $status -gt 1 ] || n=$((n + 1))
	done
	rm -f "$dir/part/"*.err
	ctrace export --format=go --lock "$(ctrace locks --json "$dir/traces/convoy.ctrace" | jq -r '.objects[0].name')" -o "$dir/part/lock.trace" "$dir/traces/convoy.ctrace" ||
		return 1
	echo "$n of them"
	[ $n -gt 5 ]
}
check "parts of them" parts

all() { # command, files...: it succeeds for each
	local each=$1 file bad=0
	shift
	for file; do
		"$each" "$file" >"$dir/all.out" 2>&1 || { echo "${file##*/}: $(tail -n 3 "$dir/all.out")" && bad=1; }
	done
	return $bad
}

# A waker's arrow is lost when it has no P, or one whose number is 0.
arrows() { # file: as many arrows from unblocking to running as a convoy has wake-ups, about
	local pid url='' i n
	rm -f "$dir/server" # or the address of the one before is read from it
	touch "$dir/server"
	"$go_trace" -http=127.0.0.1:0 "$1" >>"$dir/server" 2>&1 &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		url=$(sed -n 's,.*\(http://127.0.0.1:[0-9]*\).*,\1,p' "$dir/server" | tail -n 1)
		[ -z "$url" ] || break
		sleep 0.1
	done
	curl -s "$url/jsontrace?view=proc" >"$dir/json"
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
	n=$(grep -o '"name":"unblock (sync[^"]*","ph":"s"' "$dir/json" | wc -l)
	echo "$n arrows"
	[ "$n" -gt 1000 ]
}

# What the program itself has counted.  Of a region that never ends the reader may be told when the one around it did; one that crosses is a message.
notes_counted() {
	local regions
	regions=$(($(said regions) - $(said crossing)))
	"$go_strict" 22 "$dir/22/notes.trace" >"$dir/counted"
	cat "$dir/counted" "$dir/notes.said"
	grep -q ", $(said tasks) TaskBegin, $(said tasks) TaskEnd, $regions RegionBegin, $((regions - 1)) RegionEnd\$" "$dir/counted" &&
		grep -q " $(($(said logs) + $(said crossing))) Log," "$dir/counted"
}

had=0
for release in 1.22 newest; do
	go_tools $release || continue
	had=$((had + 1))
	echo "go $go_number: $(cat "$go_root/VERSION" | head -n 1)"
	formats=(22)
	[ "${go_number#1.}" -lt 23 ] || formats+=(23)
	[ "${go_number#1.}" -lt 25 ] || formats+=(25)
	[ "${go_number#1.}" -lt 26 ] || formats+=(26)
	for version in "${formats[@]}"; do
		check "go $go_number reads every export as go 1.$version" all parses "$dir/$version"/*.trace
		check "go $go_number finds each valid" "$go_strict" "$version" "$dir/$version"/*.trace
	done
	check "go $go_number reads parts of them" all parses "$dir"/part/*.trace
	check "go $go_number finds parts valid" "$go_strict" 22 "$dir"/part/*.trace
	check "go $go_number makes its four profiles" all profiles "$dir/22"/*.trace
	check "go $go_number has every task, region and message" notes_counted
	for name in convoy pipeline calls ring cut notes notes-ring notes-cut hand-views-tasks hand-views-states hand-smallest; do
		[ ! -e "$dir/22/$name.trace" ] || check "go $go_number serves every page of $name" serves "$dir/22/$name.trace"
	done
	check "go $go_number draws arrows from wakers" arrows "$dir/22/convoy.trace"
	if [ -e "$dir/cpu/convoy.trace" ]; then
		check "go $go_number reads --procs=cpu" parses "$dir/cpu/convoy.trace"
		check "go $go_number finds it valid" "$go_strict" 22 "$dir/cpu/convoy.trace"
		check "go $go_number serves every page of it" serves "$dir/cpu/convoy.trace"
	fi
done
[ $had -gt 0 ] || skip "no release of Go could be had"
finish
