#!/bin/bash
# schedstat.sh - pigz, redis and mariadb at work: how long each thread ran and was ready is what the kernel counted for it.
#
# States that are made from millions of switches can drift from the truth without ever looking wrong: here the kernel's own totals, in
# /proc/PID/task/TID/schedstat, stand beside them in one table, for each source of switches.  They are read when the program is idle, before its
# work and after it, and compared with what ctrace says of the time between.
#
# Each thread that had 100 ms may be 2 % off, and so may the sums of a process, or 5 ms where there is so little; and besides
# - what each turn on a CPU is off by, which the table shows.  With bpf, run time is up to 0.7 us a turn more than the kernel's, whose account turns to
#   who comes a moment before the tracepoint; delay is up to 2 us more, because a waking is told before the thread is on a run queue, the longer before
#   when that is another CPU's.  perf writes what it tells before one goes and after one came: what that takes the kernel counts to the thread, 1.0 us a
#   turn for all of mariadb and redis, and up to 6 for a thread that comes to an idle CPU for 20 us each time.  Where somebody untraced had the CPU before,
#   nothing tells how long that was: it is not made good.  Where a server has next to nothing to do in a turn it is more than 2 %: so redis gets its
#   requests sixteen at a time.
# - what the kernel says that was taken from the CPUs of this machine, a virtual one, which is nobody's run time there.
# perf does not tell when the kernel, a timer or somebody untraced woke a thread: there that is blocked until it runs, and ready is printed and not
# judged.  Threads of less than 10 ms are taken together.
# timeout: 300
# serial: it measures time
# BPF programs tell of pids in the first namespace only: no namespace of its own, then
export HOST_OWN=no
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
mkdir -p run && cd run || exit 1

# "TID RUN DELAY TURNS NAME" of all threads of the server, when nothing goes on any more: since the look before they used less than a twentieth
# of a CPU.
look() {
	local dir run delay turns name
	mv now before
	last=$at
	read -r at _ </proc/uptime
	for dir in "/proc/$server_pid/task/"*; do
		read -r run delay turns <"$dir/schedstat" && read -r name <"$dir/comm"
		echo "${dir##*/} $run $delay $turns ${name// /_}"
	done >now
}
settled() {
	look
	awk -v wall="$(((${at/./} - ${last/./}) * 10000000))" 'NR == FNR { s -= $2; next } { s += $2 } END { exit s * 20 > wall }' before now
}
idle() {
	: >now
	at=0
	look
	await settled
}

stolen() { awk '$1 == "cpu" { print $9 * 10000000 }' /proc/stat; }

# From the idle moment before the work to the one after it: what the program was before it was this program is in nobody's trace.
ready() {
	idle || return
	begin=$at
	stolen_before=$(stolen)
	mv now first
}
compare() { # name source signal
	local start window taken
	idle || return
	taken=$(($(stolen) - stolen_before))
	stop "$3" >/dev/null
	opens "$trace" "$1"
	"$CTRACE" info --json "$trace" >info.json
	[ "$(jq -r .switches.source info.json)" = "$2" ] || { echo "$1: no switches by $2: $(jq -r '.notes[] | select(startswith("when threads"))' info.json)" && return; }
	[ "$(jq .switches.missing info.json)" = 0 ] || fail "$1 $2: $(jq .switches.missing info.json) switches are missing"
	start=$("$CTRACE" raw "$trace" | sed -n '/^header/{ s/.*start_mono_ns=\([0-9]*\).*/\1/p; q }')
	read -ra window < <(awk -v from="$begin" -v to="$at" -v s="$start" 'BEGIN { printf "--from %.6f --to %.6f\n", from - s / 1e9, to - s / 1e9 }')
	"$CTRACE" threads --json --top 100000 --process "$server_pid" "${window[@]}" "$trace" |
		jq -r '.threads[] | "\(.tid) \(.states.running_ns + .states.system_call_ns) \(.states.woken_ns + .states.preempted_ns) \(.states.awake_ns)"' >states
	awk -v name="$1 $2" -v judge="$2" -v taken="$taken" '
		function off(a, b) { return b ? sprintf("%+7.2f %%", (a - b) * 100 / b) : "        -" }
		function line(what, t, r, gr, d, gd, g) {
			printf "%-24s %8d %10.2f %10.2f %s %8.2f %10.2f %10.2f %s %8.2f %8.2f\n", what, t, r / 1e6, gr / 1e6, off(gr, r), t ? (gr - r) / t / 1e3 : 0,
				d / 1e6, gd / 1e6, off(gd, d), t ? (gd - d) / t / 1e3 : 0, g / 1e6
		}
		function far(a, b, room) { return a < b - room || a > b + room + taken }
		function wrong(what, t, r, gr, d, gd, least) {
			if (far(gr, r, (r * 0.02 > least ? r * 0.02 : least) + t * (judge == "bpf" ? 700 : 6000))) { print "run time of " what " is off"; return 1 }
			if (judge == "bpf" && (least || d >= 1e8) && far(gd, d, (d * 0.02 > least ? d * 0.02 : least) + t * 2000)) { print "delay of " what " is off"; return 1 }
			return 0
		}
		FILENAME == "first" { run0[$1] = $2; delay0[$1] = $3; turns0[$1] = $4; next }
		FILENAME == "states" { run[$1] += $2; ready[$1] += $3; unseen[$1] += $4; next }
		FNR == 1 {
			printf "\n%-24s %8s %10s %10s %9s %8s %10s %10s %9s %8s %8s   (ms; us a turn)\n", name, "turns", "run", "ctrace", "", "a turn", "delay", "ctrace", "",
				"a turn", "not seen"
		}
		{
			$2 -= run0[$1]; $3 -= delay0[$1]; $4 -= turns0[$1]; t += $4
			r += $2; d += $3; gr += run[$1]; gd += ready[$1]; g += unseen[$1]
			if (!($1 in run)) { unknown++; unknown_run += $2 }
			if ($2 < 1e7) { n++; ft += $4; fr += $2; fd += $3; fgr += run[$1]; fgd += ready[$1]; fg += unseen[$1] }
			else line($5 " " $1, $4, $2, run[$1], $3, ready[$1], unseen[$1])
			if ($2 >= 1e8 && $1 in run) bad += wrong($5 " " $1, $4, $2, run[$1], $3, ready[$1], 0)
		}
		END {
			if (n) line(n " of less than 10 ms", ft, fr, fgr, fd, fgd, fg)
			line("all", t, r, gr, d, gd, g)
			if (unknown) printf "%d threads are not in the trace, they ran %.2f ms\n", unknown, unknown_run / 1e6
			if (taken) printf "%.0f ms were taken from this machine\n", taken / 1e6
			bad += wrong("all", t, r, gr, d, gd, 5e6)
			exit bad > 0
		}' first states now || fail "$1 by $2: more than 2 % off"
}

traced() { T=("$CTRACE_RUN" -q --sched=exact --sched-source="$1" -o "$trace" --) && rm -rf data s log "$trace"; }

with_pigz() { # it has read all, and its input stays open
	traced "$1"
	mkfifo -m 600 in
	exec 9<>in # both ends, or opening one would wait for the other
	serve sh -c 'exec pigz -p 4 -c <in >/dev/null'
	ready || return
	seq 1 9000000 >&9
	compare pigz "$1" TERM
	exec 9>&-
	rm in
}

with_redis() {
	traced "$1"
	serve redis-server --port 0 --unixsocket "$PWD/s" --dir "$PWD" --save ''
	await redis-cli -s s ping || return
	ready || return
	redis-benchmark -s s -n 300000 -c 20 -P 16 -t set,get,lpush -q >/dev/null
	compare redis "$1" TERM
}

with_mariadb() {
	local bench=(sysbench oltp_read_write --mysql-socket="$work/s" --mysql-user=root --mysql-db=sbtest --db-driver=mysql --tables=2 --table-size=2000 --rand-seed=1)
	traced "$1"
	cp -r ../made data
	serve mariadbd --no-defaults --datadir="$PWD/data" --socket="$work/s" --skip-networking --user="$me" --pid-file="$PWD/pid" --tmpdir="$PWD" \
		--innodb-buffer-pool-size=32M --innodb-log-file-size=16M
	await mariadb-admin --no-defaults -S "$work/s" -u root ping || return
	mariadb-admin --no-defaults -S "$work/s" -u root create sbtest
	"${bench[@]}" prepare >/dev/null
	ready || return
	"${bench[@]}" --threads=8 --events=1500 --time=0 --mysql-ignore-errors=1213,1020,1205 run >/dev/null
	compare mariadb "$1" TERM
}

me=$(id -un)
tried=
for program in ${PROGRAMS:-pigz redis-server mariadbd}; do
	command -v $program >/dev/null || { echo "$program is not installed: not tried" && continue; }
	case $program in
	redis-server) command -v redis-benchmark >/dev/null || continue ;;
	mariadbd)
		command -v sysbench >/dev/null || continue
		mariadb-install-db --no-defaults --datadir="$work/made" --user="$me" --skip-test-db --auth-root-authentication-method=normal >install.log 2>&1 || continue
		;;
	esac
	name=${program%%-*}
	for source in bpf perf; do with_"${name%d}" $source; done
	tried=1
done
[ -n "$tried" ] || skip "neither pigz, redis nor mariadb is installed"
finish
