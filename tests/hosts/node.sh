#!/bin/bash
# node.sh - node with worker threads, its thread pool and child processes: the same output and statuses as bare.
#
# libuv hands work to a pool under one mutex and a condition variable, V8 has helpers that wait on semaphores, workers are whole event loops in
# threads that may be terminated at any moment, and children are forked with descriptors passed on.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need node
script=$(cd "$(dirname "$0")" && pwd)/worker.js
unset NODE_OPTIONS NODE_PATH

workers() {
	local status=0
	"${T[@]}" node "$script" || status=$?
	echo "node $status"
}
dies() {
	local status=0
	{ "${T[@]}" node -e 'new (require("worker_threads").Worker)("for (;;);", { eval: true }); setTimeout(() => process.abort(), 50)'; } 2>/dev/null || status=$?
	echo "aborted $status"
	"${T[@]}" node -e 'throw new Error("uncaught")' 2>errors || status=$?
	grep Error: errors
	echo "uncaught $status"
}
both workers
processes 10
names 'cond|mutex|semaphore|futex' 'uv_|node|v8'
names 'cond' 'uv_cond|uv_|Worker|Atomics|node'
both dies
finish
