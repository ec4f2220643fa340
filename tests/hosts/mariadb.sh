#!/bin/bash
# mariadb.sh - mariadb under sysbench: the same rows, sums, statuses and log as bare.
#
# A thread for each connection, InnoDB's own mutexes and read-write locks on futexes and condition variables, a pool that waits in io_getevents or
# io_uring: of all hosts the one with the most kinds of locks.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need mariadbd mariadb-install-db mariadb mariadb-admin sysbench
me=$(id -un)
mariadb-install-db --no-defaults --datadir="$work/made" --user="$me" --skip-test-db --auth-root-authentication-method=normal >install.log 2>&1 ||
	{ cat install.log && skip "mariadb-install-db does not work here"; }

q() { mariadb --no-defaults -S "$work/s" -u root -N -e "$1" sbtest; }
bench() { # options...
	sysbench oltp_read_write --mysql-socket="$work/s" --mysql-user=root --mysql-db=sbtest --db-driver=mysql --tables=2 --table-size=2000 --rand-seed=1 "$@"
}
add() {
	local i
	for ((i = 0; i < 200; i++)); do echo 'update one set n = n + 1;'; done | mariadb --no-defaults -S "$work/s" -u root sbtest
}

database() {
	local i pids=()
	cp -r "$work/made" data
	serve mariadbd --no-defaults --datadir="$PWD/data" --socket="$work/s" --skip-networking --user="$me" --pid-file="$PWD/pid" --tmpdir="$PWD" \
		--innodb-buffer-pool-size=32M --innodb-log-file-size=16M --thread-handling="$1" --innodb-print-all-deadlocks=0
	await mariadb-admin --no-defaults -S "$work/s" -u root ping || return
	mariadb-admin --no-defaults -S "$work/s" -u root create sbtest
	bench prepare | grep -c Creating
	bench --threads=8 --events=800 --time=0 --mysql-ignore-errors=1213,1020,1205 run | awk '/transactions:/ { print $1, $2 } /total number of events:/'
	q 'set global innodb_max_purge_lag_wait = 0' # else the check may meet rows that are just being purged
	for i in 1 2; do q "select count(*), sum(id) from sbtest$i; check table sbtest$i extended"; done
	q 'create table one (n int) engine=innodb; insert into one values (0)'
	for i in 1 2 3 4; do add & pids+=($!); done
	wait "${pids[@]}"
	q 'select n from one'
	q 'select sleep(0.05), get_lock("l", 1), release_lock("l"), benchmark(10000, sha1(1)) = 0'
	q 'set statement max_statement_time = 0.05 for select sleep(10)' 2>&1
	q 'kill connection_id()' 2>&1 | tail -n 1
	q 'alter table sbtest1 add column x int default 7, force; select sum(x), count(*) from sbtest1'
	q 'select (select sum(id * k) from sbtest1) > 0, (select count(*) from information_schema.processlist) > 0'
	q "show global status where variable_name in ('Aborted_connects', 'Threads_running', 'Com_commit', 'Max_used_connections')" | grep -v Max
	grep -E '^(Sig(Blk|Ign|Cgt)|Seccomp|NoNewPrivs|Uid)' "/proc/$server_pid/status"
	find "/proc/$server_pid/fd" -type l -printf '%l\n' | sed 's/:\[.*//; s/#[0-9]* /#N /' | grep -v 'sbtest\|socket' | sort | uniq -c
	stop TERM
	sed -E 's/^[0-9-]+ +[0-9:]+ [0-9]+ //; s/(process|sequence number|LSN|;|transaction id|connection) ?=? ?[0-9]+/\\1 N/g; s/ [0-9:]+$//' log |
		grep -E 'ERROR|Warning|ready for connections|Shutdown complete|signal|crash' | sed -E 's/[0-9]{4,}|thread [0-9]+|[0-9]{6} +[0-9:]+//g'
	find data -maxdepth 1 ! -name 'ib_buffer_pool*' | sort
}
threads() { database one-thread-per-connection; }
pool() { database pool-of-threads; }
both threads
processes 1
names 'mutex|rwlock|cond|futex' 'mariadbd|MYSQL|lock|LOCK|buf_|trx|log_'
both pool
finish
