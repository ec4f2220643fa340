# shellcheck shell=bash disable=SC2034  # sourced, not run; what it sets is for others
#
# lib-hosts.sh - runs a program of the distribution bare and traced, and holds the two against each other.
#
# A host script defines functions that run the program with "${T[@]}" before it (nothing, or ctrace-run) and print what must not
# depend on being traced, and calls `both` on them.  Everything happens in a scratch folder, with a /dev/shm of its own where that
# is allowed.  The trace's figures are left in $BUILD/hosts/NAME.txt.
#
# With HOST_KEEP=FOLDER, for who wants a trace of the host and no more, one function, HOST_ONLY or the first, is run traced, its trace is put there as
# NAME.ctrace, and that is all.

PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/../fault/lib-fault.sh"

# In a process and mount namespace of its own a host can leave nothing behind, and what it tries to leave is seen.
if [ -z "${HOST_OWN:-}" ]; then
	export HOST_OWN=no
	own=(unshare --mount --pid --fork --kill-child --mount-proc)
	if [ "$(id -u)" -eq 0 ] && "${own[@]}" mount -t tmpfs none /dev/shm 2>/dev/null; then
		export HOST_OWN=yes
		# shellcheck disable=SC2016
		exec "${own[@]}" bash -c 'mount -t tmpfs -o mode=1777 none /dev/shm && exec bash "$0"' "$0"
	fi
fi

need jq
need_parts run tools preload
scratch
host=$(basename "$0" .sh)
work=$PWD
trace=$work/t.ctrace
export HOME=$work TZ=UTC LC_ALL=C.UTF-8
unset CTRACE_ARENA CTRACE_DIR CTRACE_THRESHOLD LD_PRELOAD MAKEFLAGS
server=

# For programs that refuse to be root: the scratch folder and the build under /mnt of this namespace, where everybody may pass. And for
# those that put sockets into folders of folders: the name of one may have 107 letters.
in_the_open() {
	[ "$HOST_OWN" = yes ] || return 0
	mount -t tmpfs -o mode=755 none /mnt && mkdir /mnt/run /mnt/build && mount --bind "$work" /mnt/run && mount --bind "$BUILD" /mnt/build || return
	work=/mnt/run HOME=/mnt/run TMPDIR=/mnt/run trace=/mnt/run/t.ctrace
	CTRACE_RUN=/mnt/build/ctrace-run CTRACE=/mnt/build/ctrace LIBCTRACE=/mnt/build/libctrace.so
	chmod 755 $work && cd $work || exit 1
}

# "PID COMMAND" of each process that this test has not ended: all but its own shells in its namespace, else what stands in its folder.
strays() {
	local dir pid command
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		case $HOST_OWN-$pid-$(readlink "$dir/cwd") in yes-1-* | *-$$-* | *-$BASHPID-*) continue ;; yes-*) ;; no-*-"$work"/run*) ;; *) continue ;; esac
		command=$(tr '\0' ' ' 2>/dev/null <"$dir/cmdline") && [ -n "$command" ] || continue
		case $command in "bash $0 "*) ;; *) echo "$pid $command" ;; esac
	done
}
clean_up() {
	local found
	found=$(strays)
	cut -d ' ' -f 1 <<<"$found" | xargs -r kill -KILL 2>/dev/null
	[ "$work" = "${TMPDIR:-}" ] || [ "$work" = /mnt/run ] || { cd / && rm -rf "$work"; }
}
trap clean_up EXIT

# Waits until a command succeeds, 30 seconds at most, or the server is gone.
await() { # command...
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		[ -z "$server" ] || kill -0 "$server" 2>/dev/null || break
		read -r -t 0.05 <> <(:)
	done
	fail "$how: no answer to: $*"
	tail -n 5 log 2>/dev/null
	return 1
}

serve() { # command...: in the background; sets server, and server_pid, the process of the program itself
	"${T[@]}" "$@" >log 2>&1 &
	server=$!
	server_pid=$server
	await find_server
}
find_server() {
	local pid
	[[ " ${T[*]} " == *" $CTRACE_RUN "* ]] || return 0
	for pid in $(cat "/proc/$server/task/"*/children 2>/dev/null); do
		case $(readlink "/proc/$pid/exe") in "$CTRACE_RUN" | '') ;; *) server_pid=$pid && return 0 ;; esac
	done
	return 1
}

stop() { # [signal]: to ctrace-run if there is one, which passes it on; no signal: it ends by itself
	local status=0
	[ $# -eq 0 ] || kill -s "$1" "$server"
	wait "$server" || status=$?
	server=
	echo "server: status $status"
}

# What a process looks like from outside: descriptors, signals, threads.
looks() { # pid
	local fd
	for fd in "/proc/$1/fd/"*; do echo "fd ${fd##*/} $(readlink "$fd" | sed 's/:\[.*//')"; done | sort -k 2n
	grep -E '^(Sig(Blk|Ign|Cgt)|Threads|Seccomp|NoNewPrivs|Groups|Uid|Gid)' "/proc/$1/status"
	cat "/proc/$1/task/"*/comm | sort | uniq -c
}

# One that nobody listens on, and that no outgoing connection is given: those have theirs from that range on.
free_port() {
	local first port
	read -r first _ </proc/sys/net/ipv4/ip_local_port_range
	[ "$first" -gt 1024 ] || first=32768
	while port=$((1024 + RANDOM % (first - 1024))) && grep -qsiE ":$(printf %04X "$port") 0+:0000 0A" /proc/net/tcp /proc/net/tcp6; do :; done
	echo "$port"
}

left() { # after the run how: nothing of it may be there
	local i found=x
	for ((i = 0; i < 200; i++)); do
		found=$(strays)
		[ -n "$found" ] || break
		read -r -t 0.05 <> <(:)
	done
	[ -z "$found" ] || { fail "$how: left running: $found" && cut -d ' ' -f 1 <<<"$found" | xargs kill -KILL; }
	[ "$HOST_OWN" = no ] || found=$(ls -A /dev/shm)
	[ "$HOST_OWN" = no ] || [ -z "$found" ] || { fail "$how: left in /dev/shm: $found" && rm -rf /dev/shm/*; }
}

# Runs a function bare and traced, in a folder of the same name, and compares what it prints, what it says on standard error
# and its status.
both() { # function
	if [ -n "${HOST_KEEP:-}" ]; then
		[ "${HOST_ONLY:-$1}" != "$1" ] || keep "$1"
		return
	fi
	for how in bare traced; do
		T=()
		[ $how = bare ] || T=("$CTRACE_RUN" -q -o "$trace" --)
		rm -rf "$trace" run
		mkdir run
		cd run || exit 1
		local status=0 t0=$EPOCHREALTIME
		"$1" >../$how.out 2>../$how.err || status=$?
		cd "$work" || exit 1
		echo "status $status" >>$how.out
		echo "$1 $how: $(((${EPOCHREALTIME/./} - ${t0/./}) / 1000)) ms"
		left
	done
	cat bare.err
	[ -s bare.out ] || fail "$1: bare: printed nothing"
	grep -qx 'status 0' bare.out || fail "$1: bare: $(tail -n 1 bare.out)"
	diff bare.out traced.out >differences || { fail "$1: other results, bare (<) and traced (>)" && head -n 40 differences; }
	diff bare.err traced.err >differences || { fail "$1: other errors, bare (<) and traced (>)" && head -n 40 differences; }
	check_trace "$1"
}

keep() { # function
	T=("$CTRACE_RUN" -q -o "$trace" --) how=traced
	mkdir run && cd run && "$1" >../traced.out 2>../traced.err || { cat ../traced.err && exit 1; }
	cp "$trace" "$HOST_KEEP/$host.ctrace"
	exit
}

# The trace of a host is valid, opens in every view without a complaint, and hides no loss.
check_trace() { # what
	local view
	[ -s "$trace" ] || { fail "$1: no trace" && return; }
	opens "$trace" "$1"
	for view in report locks threads waits; do
		"$CTRACE" $view "$trace" >$view.txt 2>view.err || fail "$1: $view: status $?"
		[ -s $view.txt ] && [ ! -s view.err ] || fail "$1: $view says: $(head -n 1 view.err)"
	done
	"$CTRACE" info --json "$trace" >info.json || fail "$1: info"
	"$CTRACE" locks --json --idle --top 100000 "$trace" >locks.json || fail "$1: locks --json"
	[ "$(jq .finished info.json)" = true ] || fail "$1: the trace is not finished"
	[ "$(jq .lost info.json)" = '{}' ] || grep -qi lost report.txt || fail "$1: the report does not tell of lost records"
	[ "$(jq '[.blind[] | select(.kind == "image")] | length' info.json)" = 0 ] || fail "$1: out of reach: $(jq -c .blind info.json)"
	figures "$1"
}

figures() { # what
	mkdir -p "$BUILD/hosts"
	{
		jq -r --arg w "$host $1" '"\($w): \(.records) records, \(.waits) waits, \(.short_waits) short, \(.processes | length) processes, " +
			"\(.file_bytes) bytes, \(.bytes_per_record) a wait or wake, lost \(.lost)"' info.json
		"$CTRACE" locks --top 3 --stacks 1 "$trace"
	} >"$BUILD/hosts/$host-$1.txt"
	head -n 1 "$BUILD/hosts/$host-$1.txt"
}

# Somebody waited on an object of that kind, and one like it is named: by a variable or a place in the code, not by an address alone.
names() { # kind-pattern [name-pattern [least-waits]]
	local found
	found=$(jq -r --arg k "$1" --arg n "${2:-.}" --argjson least "${3:-1}" '[.objects[] | select((.kind | test($k)) and .waits >= $least) |
		select([.name, .variable, .file, (.created, .first_waited | tostring), ((.waiter_stacks, .holder_stacks)[]?.stack[]?.function)] |
			map(select(. != null)) | join("\n") | test($n))] | length' locks.json) || fail "locks --json: what is this?"
	[ "${found:-0}" -gt 0 ] || fail "nobody waited on a $1 that is named like $2"
}

says() { # pattern: the report does
	tr -s ' \n' ' ' <report.txt | grep -qE "$1" || fail "the report says nothing like: $1"
}

# Every process of the trace has ended, and there are at least so many.
processes() { # least
	local n
	n=$(jq '.processes | length' info.json)
	[ "$n" -ge "$1" ] || fail "$n processes in the trace instead of $1 or more"
	[ "$(jq '[.processes[] | select(.ended | not)] | length' info.json)" -eq 0 ] || fail "processes that never ended: $(jq -c '[.processes[] | select(.ended | not)]' info.json)"
}
