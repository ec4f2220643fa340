#!/bin/bash
# coroutines.sh - the example's requests change stacks and threads on their way: each is one task all the same, with a region for each of its two stretches,
# none of them torn by a switch; and a lock that is waited for on a coroutine's stack is waited for where the program does it.
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

ctrace-run -q --threshold 0 -o c.ctrace -- "$BUILD/examples/coroutines" 200
ctrace validate c.ctrace >valid || fail "$(cat valid)"
ctrace regions --json c.ctrace | jq -e '([.names[].name] | sort) == ["parse", "render"] and (.names | all(.count == 200 and .unended == 0 and .unbegun == 0))' >regions ||
	fail "regions: $(cat regions)"
ctrace tasks --each --top 1000 --json c.ctrace | jq -e '.tasks | length == 200 and
	all(.ended and .thread == "main" and .end_thread == "runner" and .regions == 2 and .in_regions_ns <= .duration_ns * 1.001)' >tasks || fail "tasks: $(cat tasks)"
ctrace tasks --log number=150 --json c.ctrace | jq -e '.messages_matched == 1 and .tasks[0].in_regions_ns > 1000000' >slow || fail "request 150: $(cat slow)"
ctrace locks --json c.ctrace | jq -e '[.objects[] | select(.name | contains("templates"))] | length <= 1 and
	all(.[].waiter_stacks[]; [.stack[].function] | contains(["render", "serve"]))' >locks || fail "locks: $(cat locks)"
exit $failures
