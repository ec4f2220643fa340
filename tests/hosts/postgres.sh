#!/bin/bash
# postgres.sh - postgresql under pgbench: the same transactions, sums and log as bare, run by another user than root.
#
# One process for each connection, which meet in shared memory under semaphores and latches: a wait that is traced in one process is ended by
# another. It refuses to be root, so the server and its ctrace-run are started as somebody else.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need pgbench psql
for bin in /usr/lib/postgresql/*/bin; do [ ! -x "$bin/postgres" ] || pg=$bin; done
[ -n "${pg:-}" ] || skip "postgres is not installed"
user=$(id -un) as=()
if [ "$user" = root ]; then
	need setpriv
	user=nobody as=(setpriv --reuid=nobody --regid=nogroup --clear-groups --)
	in_the_open
	"${as[@]}" test -x "$CTRACE_RUN" && "${as[@]}" test -x "$work/.." || skip "user nobody cannot reach $CTRACE_RUN or $work"
fi
export PGHOST=$work PGUSER=me PGDATABASE=postgres

mkdir data
[ ${#as[@]} -eq 0 ] || chown nobody "$work" data
chmod 755 "$work"
"${as[@]}" "$pg/initdb" -D data -U me -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 || { cat initdb.log && skip "initdb does not work here"; }
cat >>data/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '$work'
fsync = on
commit_delay = 0
max_parallel_workers_per_gather = 2
min_parallel_table_scan_size = 0
parallel_setup_cost = 0
jit = off
log_lock_waits = on
deadlock_timeout = 50ms
checkpoint_timeout = 30s
log_line_prefix = '%m %b '
END
"${as[@]}" cp -r data data.made

q() { psql -qAtX -c "$1"; }
add() { # contended on one row, 100 times
	local i
	for ((i = 0; i < 100; i++)); do echo 'update one set n = n + 1;'; done | psql -qAtX
}
# Started as another user, the launcher in front of the server itself.
database() {
	T=("${as[@]}" "${T[@]}")
	rm -rf "$work/data"
	"${as[@]}" cp -r "$work/data.made" "$work/data"
	chmod 700 "$work/data"
	chown "$user" . 2>/dev/null
	serve "$pg/postgres" -D "$work/data"
	await psql -qAtX -c 'select 1' || return
	pgbench -q -i -s 2 2>/dev/null
	pgbench -n -c 8 -j 2 -t 150 2>&1 | grep -E 'actually processed|failed'
	q 'select count(*) from pgbench_history'
	q 'select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history), (select sum(bbalance) from pgbench_branches) = (select sum(tbalance) from pgbench_tellers)'
	pgbench -n -S -c 4 -j 2 -t 500 -M prepared 2>&1 | grep -E 'actually processed|failed'
	q 'create table one (n int); insert into one values (0)'
	local i pids=()
	for i in 1 2 3 4; do add & pids+=($!); done
	wait "${pids[@]}"
	q 'select n from one'
	q "set statement_timeout = 100; select pg_sleep(10)" 2>&1
	q 'select count(*), sum(aid), max(bid) from pgbench_accounts where aid % 3 = 1'
	q "explain (costs off) select count(*) from pgbench_accounts where aid % 3 = 1" | grep -c 'Workers Planned'
	(echo 'listen x;'; echo "notify x, 'said';"; echo 'select 1;') | psql -qAtX | sed 's/PID [0-9]*/PID/'
	q checkpoint
	q 'vacuum analyze'
	q "select pg_terminate_backend(pid) from pg_stat_activity where pid = pg_backend_pid()" 2>&1 | tail -n 1
	q 'select md5(string_agg(aid || bid::text, chr(44) order by aid)) from pgbench_accounts'
	looks "$server_pid"
	stop INT
	sed 's/^[-0-9]* [0-9:.]* UTC //; s/PID [0-9]*/PID N/' log |
		grep -vE ' (starting up$|checkpoint (starting|complete)|process [0-9]+) ?|^[a-z ]+ (STATEMENT|CONTEXT|DETAIL): |(still waiting|acquired) '
}
both database
processes 20
says 'epoll_wait|semaphore'
names 'sem' 'postgres|LWLock|PGSemaphore|Proc'
# the process that posted is known, but for posts to one that had not gone to sleep yet
jq -r '[.objects[] | select(.kind == "sem").wakers[] | {known: (.tid > 0), waits}] | group_by(.known) |
	map({(.[0].known | tostring): (map(.waits) | add)}) | add | "\(.true // 0) \(.false // 0)"' locks.json >wakers
read -r known unknown <wakers
echo "semaphores: $known waits of which the waker is known, $unknown of which not"
[ "$known" -gt $((unknown * 4)) ] || fail "of too many waits nobody knows who posted"
[ "$(jq '[.objects[] | select(.kind == "sem").shared_by] | max' locks.json)" -gt 4 ] || fail "the semaphores are not shared by the backends"
finish
