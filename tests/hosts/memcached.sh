#!/bin/bash
# memcached.sh - memcached with four worker threads: the same answers, counters and descriptors as bare.
#
# Its workers share a hash table and LRU lists under many small mutexes, mostly free: where a wrapper that is wrong about a lock
# that was almost taken shows first, as a lost update of a counter.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need memcached
[ -x "$BUILD/bench/mcload" ] || skip "no load generator: make subjects"

# Sends commands on a connection of its own and prints the answers, until the server closes it.
ask() {
	exec 5<>"/dev/tcp/127.0.0.1/$port" || return
	{ cat && printf 'quit\r\n'; } >&5 &
	tr -d '\r' <&5
	wait $!
	exec 5>&-
}

counter() { # each adds one 2000 times to the same number
	seq 2000 | sed 's/.*/incr n 1 noreply\r/' | ask
}

cache() {
	local user=() pids=() i port
	port=$(free_port)
	[ "$(id -u)" -ne 0 ] || user=(-u root)
	serve memcached "${user[@]}" -t 4 -U 0 -m 64 -l 127.0.0.1 -p "$port"
	await "$BUILD/bench/mcload" -p "$port" -c 1 -n 1 -k 1 || return
	"$BUILD/bench/mcload" -p "$port" -c 8 -d 1 -n 80000 | awk '{ print "load:", $1, $2 }'
	printf 'set n 0 0 1\r\n0\r\n' | ask
	for i in 1 2 3 4; do counter & pids+=($!); done
	wait "${pids[@]}"
	printf 'get n\r\n' | ask
	seq 5000 | awk '{ printf "set key%d 7 0 %d\r\nvalue%d\r\n", $1, 5 + length($1), $1 }' | ask | sort | uniq -c
	seq 5000 | awk '{ printf "get key%d\r\n", $1 }' | ask | sha256sum
	printf 'stats\r\n' | ask | grep -E 'STAT (threads|cmd_flush|incr_hits|incr_misses|bytes_reserved|curr_connections|rejected_conn|listen_disabled|evictions|hash_power)'
	looks "$server_pid"
	stop TERM
	cat log
	ls
}
both cache
processes 1
names mutex 'memcached'
says 'epoll_wait'
finish
