#!/bin/bash
# redis.sh - redis, with and without I/O threads: the same data, answers and descriptors as bare, and nothing left of it.
#
# A server that forks to save, frees in background threads and hands clients to I/O threads under locks.  If a wrapper changed one
# answer, a byte of the data would differ.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need redis-server redis-cli redis-benchmark

cli() { redis-cli -s s "$@"; }
value() { cli info "$1" | tr -d '\r' | sed -n "s/^$2:/$2 /p"; }
saved() { cli info persistence | tr -d '\r' | grep -qx 'rdb_bgsave_in_progress:0'; }
freed() { cli info memory | tr -d '\r' | grep -qx 'lazyfree_pending_objects:0'; }

plain_log() { sed -E 's/^[0-9]+:[A-Z] [^*#]*[*#] //; s/pid=?[ ]?[0-9]+/pid/g; s/[0-9.]+ (Mb|MB|seconds)/N/g; s/(aof-bg-|\()[0-9]+/\1N/g; s/^[0-9]+://' log | sort; }

redis() { # operations more options...
	local n=$1
	shift
	serve redis-server --port 0 --unixsocket "$PWD/s" --dir "$PWD" --save '' --enable-debug-command yes "$@"
	await cli ping || return
	echo "benchmark:"
	redis-benchmark -s s -n $n -c 20 -P 4 -t set,get,incr,lpush,lpop,sadd,hset,spop --csv | cut -d , -f 1
	redis-benchmark -s s -n $n -c 20 -t set,get --csv | cut -d , -f 1
	cli flushall async >/dev/null
	await freed
	seq 1 30000 | awk '{ print "SET k" $1, $1 * $1; print "RPUSH list", $1; print "ZADD zset", $1 % 100, "m" $1; print "HSET hash f" $1, $1 }' |
		cli --pipe | grep errors
	cli debug digest
	cli bgsave >/dev/null
	await saved
	value persistence rdb_last_bgsave_status
	cli bgrewriteaof >/dev/null
	await bash -c "redis-cli -s s info persistence | tr -d '\r' | grep -qx aof_rewrite_in_progress:0"
	value persistence aof_last_bgrewrite_status
	for i in 1 2 3; do cli unlink list zset hash >/dev/null; cli eval 'return redis.sha1hex(ARGV[1])' 0 $i; done
	await freed
	cli -n 0 dbsize
	value clients connected_clients
	value stats total_commands_processed | awk '{ print $1, ($2 > 120000) }'
	looks "$server_pid"
	stop TERM
	plain_log
	# read back what was saved, by another server that is never traced
	T=()
	serve redis-server --port 0 --unixsocket "$PWD/s" --dir "$PWD" --save '' --enable-debug-command yes "$@"
	await cli ping || return
	await cli dbsize
	cli debug digest
	cli shutdown nosave
	stop
	ls
}
plain() { redis 10000; }
io_threads() { redis 1000 --io-threads 2 --io-threads-do-reads yes; }

both plain
processes 1
says 'epoll_wait .*eventpoll'
names cond 'redis-(check-rdb|server)|bioProcess'
both io_threads
names mutex 'io_threads_mutex'
names mutex 'IOThreadMain'
says 'held by (handleClientsWithPending|main|thread main)'
finish
