#!/bin/bash
# regions.sh - the example says what it does, and the answers know it: every fiftieth request sleeps 20 ms with the store locked, which its own region
# and the trace id of its task must lead to, though it began in another thread.
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

ctrace-run -q -o r.ctrace -- "$BUILD/examples/regions" 120
ctrace validate r.ctrace >valid || fail "$(cat valid)"
ctrace regions --json r.ctrace | jq -e '.names | length == 3 and all(.count == 120 and .unended == 0 and .unbegun == 0) and
	(.[] | select(.name == "query") | .p50_ns < .p99_ns and .max_ns > 20000000)' >regions || fail "regions: $(cat regions)"
ctrace regions --each --top 1000 --json r.ctrace | jq -e '[.regions[] | select(.name == "query" and .split.blocked_ns.sleep > 19000000)] |
	length == 2 and all(.in == "handle" and (.labels.worker | test("^[0-2]$")))' >slow || fail "slow queries: $(cat slow)"
for id in 0049 0099; do
	ctrace tasks --log "trace_id=$id" --json r.ctrace | jq -e '.messages_matched == 1 and .tasks[0].ended and .tasks[0].regions == 3 and
		.tasks[0].split.blocked_ns.sleep > 19000000 and .tasks[0].in_regions_ns <= .tasks[0].duration_ns' >task || fail "request $id: $(cat task)"
done
ctrace regions --label worker=1 --json r.ctrace | jq -e '.regions_in_all > 0 and .regions_in_all < 360' >label || fail "one worker: $(cat label)"
exit $failures
