#!/bin/bash
# A hung program is asked who waits for whom.  The circle of a real deadlock must be named, with its locks and places, from what was left
# when it was killed.
set -eu
fail() { echo "FAIL: $*" && exit 1; }

rc=0
ctrace-run -q -o d.ctrace -- "$BUILD/examples/deadlock" -k 2 >out 2>&1 || rc=$?
[ $rc -eq 137 ] || fail "exit $rc: $(cat out)"
COLUMNS=200 ctrace waits --blocked d.ctrace >waits
grep -qE '^deadlock: transfer_out \([0-9]+\) -> transfer_in \([0-9]+\) -> transfer_out \([0-9]+\)$' waits ||
	grep -qE '^deadlock: transfer_in \([0-9]+\) -> transfer_out \([0-9]+\) -> transfer_in \([0-9]+\)$' waits ||
	fail "no circle in: $(cat waits)"
grep -qE 'transfer_out \([0-9]+\) waits for mutex account_b in deadlock.c:[0-9]+, in transfer_out \(deadlock.c:[0-9]+\)' waits ||
	fail "transfer_out does not wait for account_b: $(cat waits)"
for c in report "waits --blocked" waits; do
	# shellcheck disable=SC2086  # words
	ctrace $c --json d.ctrace | jq -e '.deadlocks | length == 1 and (.[0] | map(.thread) | sort == ["transfer_in", "transfer_out"])' \
		>/dev/null || fail "$c --json does not tell"
done
ctrace locks d.ctrace | grep -q 'held by .* thread transfer_' || fail "locks does not say who holds"
