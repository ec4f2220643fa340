#!/bin/bash
# schedstat.sh - pigz, redis and mariadb at work: how long each thread ran and was ready is what the kernel counted for it.
#
# States that are made from millions of switches can drift from the truth without ever looking wrong: here the kernel's own totals, in
# /proc/PID/task/TID/schedstat, stand beside them in one table, for each source of switches.  They are read when the program is idle, before its
# work and after it, and compared with what ctrace says of the time between: with the kernel's account as it is in the trace, and
# with the states, which are from switch to switch.
#
# Account.  Run time and delay of each thread that had 10 ms, and of all together, are what the kernel says, or at most 2 % off.  With bpf it was
# added up turn by turn, so a switch that is missing or is another thread's would show; where perf tells of switches it was read while the
# program ran.
#
# States.  Where they are off from the account it is for one of these reasons, so they are printed, and run time is judged for all threads together: at
# most 2 % and 6 us a turn.
# - A thread that takes the CPU from another by being woken has it in the account from its waking on, since the kernel does not read its clock again
#   (wakeup_preempt(): rq_clock_skip_update()); but the other one still runs until it comes to where it may be switched away from, 5 to 25 us.
#   Whoever has many short turns has more run time and less delay in the account than from switch to switch; those that wake it have less.
# - A thread that is woken is ready; in the account it is from when it is in a CPU's queue, and an idle CPU has to come awake to put it there.
# - perf writes what it tells before one thread goes and after the next has come: what that takes is run time in the account alone.  And it does
#   not tell when the kernel, a timer or somebody untraced woke a thread: that is blocked until it runs.
#
# What the hypervisor took from this machine, a virtual one, is in nobody's account.  Threads of less than 10 ms are taken together.
# timeout: 300
# table: each thread, by the kernel and by ctrace
# serial: it measures time
# BPF programs tell of pids in the first namespace only: no namespace of its own, then
export HOST_OWN=no
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
mkdir -p run && cd run || exit 1

# "TID RUN DELAY TURNS NAME" of all threads of the server.
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
# When nothing goes on any more: in the last quarter of a second they used less than a fiftieth of a CPU.  ctrace-run, which reads what the kernel
# counts where it does not come with the switches, has read all there is by then.
settled() {
	local up
	read -r up _ </proc/uptime
	[ $((${up/./} - ${at/./})) -ge 25 ] || return 1
	look
	awk -v wall="$(((${at/./} - ${last/./}) * 10000000))" 'NR == FNR { s -= $2; next } { s += $2 } END { exit s * 50 > wall }' before now
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
	# uptime comes in hundredths of a second; and what was told together with a turn of a moment before is left out with it
	read -ra window < <(awk -v from="$begin" -v to="$at" -v s="$start" 'BEGIN { printf "--from %.6f --to %.6f\n", from - s / 1e9 - 0.02, to - s / 1e9 + 0.02 }')
	"$CTRACE" threads --json --top 100000 --process "$server_pid" "${window[@]}" "$trace" |
		jq -r '.threads[] | "\(.tid) \(.states.running_ns + .states.system_call_ns) \(.states.woken_ns + .states.preempted_ns) \(.states.awake_ns) \(.schedstat.run_ns // 0) \(.schedstat.ready_ns // 0)"' >states
	awk -v name="$1 $2" -v judge="$2" -v taken="$taken" '
		function off(a, b) { return b ? sprintf("%+7.2f %%", (a - b) * 100 / b) : "        -" }
		function line(what, t, r, ar, gr, d, ad, gd, g) {
			printf "%-24s %8d %10.2f %10.2f %s %10.2f %s %10.2f %10.2f %s %10.2f %s %8.2f\n", what, t, r / 1e6, ar / 1e6, off(ar, r), gr / 1e6, off(gr, r),
				d / 1e6, ad / 1e6, off(ad, d), gd / 1e6, off(gd, d), g / 1e6
		}
		function far(what, a, b, least, more) {
			least = b * 0.02 > least ? b * 0.02 : least
			if (a >= b - least - more && a <= b + least + more) return 0
			print what " is off"
			return 1
		}
		FILENAME == "first" { run0[$1] = $2; delay0[$1] = $3; turns0[$1] = $4; next }
		FILENAME == "states" { run[$1] += $2; ready[$1] += $3; unseen[$1] += $4; counted[$1] += $5; waited[$1] += $6; next }
		FNR == 1 {
			printf "\n%-24s %8s %10s %10s %9s %10s %9s %10s %10s %9s %10s %9s %8s   (ms)\n", name, "turns", "run", "account", "", "states", "", "delay",
				"account", "", "states", "", "not seen"
		}
		{
			$2 -= run0[$1]; $3 -= delay0[$1]; $4 -= turns0[$1]; t += $4
			r += $2; d += $3; gr += run[$1]; gd += ready[$1]; g += unseen[$1]; ar += counted[$1]; ad += waited[$1]
			if (!($1 in run)) { unknown++; unknown_run += $2 }
			if ($2 < 1e7) {
				n++; ft += $4; fr += $2; fd += $3; fgr += run[$1]; fgd += ready[$1]; fg += unseen[$1]; far_ += counted[$1]; fad += waited[$1]
				next
			}
			line($5 " " $1, $4, $2, counted[$1], run[$1], $3, waited[$1], ready[$1], unseen[$1])
			if (!($1 in run)) next
			bad += far("the account of the run time of " $5 " " $1, counted[$1], $2, 0, 0)
			bad += far("the account of the delay of " $5 " " $1, waited[$1], $3, 1e5, 0)
		}
		END {
			if (n) line(n " of less than 10 ms", ft, fr, far_, fgr, fd, fad, fgd, fg)
			line("all", t, r, ar, gr, d, ad, gd, g)
			if (unknown) printf "%d threads are not in the trace, they ran %.2f ms\n", unknown, unknown_run / 1e6
			if (taken) printf "%.0f ms were taken from this machine\n", taken / 1e6
			bad += far("the account of all run time", ar, r, 0, 0)
			bad += far("the account of all delay", ad, d, 1e5, 0)
			bad += judge == "bpf" && far("all time on a CPU", gr, r, 5e6, taken + t * 6000)
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
