#!/bin/bash
# profile_check.sh - whom `ctrace profile lock` charges, against what examples/convoy did.
#
# In each round three writers queue for log_lock behind one log_flush, and each keeps it for 50 us.  So log_flush held up each wait until
# the first of the three was back, less the hand-off to it; what came after was one writer after the other, 50 us and little more
# each.  The rule of the unlock blames log_flush for the first of the three waits alone.
# serial: measures time
# timeout: 120
set -eu
# shellcheck source=tests/accuracy/lib-truth.sh
. "$(dirname "$0")/lib-truth.sh"
TAB=$(printf '\t')

"$CTRACE_RUN" -q --threshold 0 -o c.ctrace -- "$BUILD/examples/convoy" -o c.tsv
"$CTRACE" profile lock --lock log_lock --json c.ctrace >holder.json
"$CTRACE" profile lock --lock log_lock --blame unlock --json c.ctrace >unlock.json

# FLUSH LATER FIRST: from a wait's begin to the round's first return, from there to its own, and the first waits alone; ns
read -r flush later first rounds < <(grep -P '^wait\tlog_lock\t' c.tsv | sort -t "$TAB" -k 3,3n | awk -F"$TAB" '
	{ start[n % 3] = $3; end[n % 3] = $3 + $4; n++ }
	n % 3 == 0 { e = end[0] < end[1] ? end[0] : end[1]; if (end[2] < e) e = end[2]
		for (i = 0; i < 3; i++) { f += e - start[i]; l += end[i] - e; if (end[i] == e) a += e - start[i] } }
	END { printf "%.0f %.0f %.0f %d\n", f, l, a, n / 3 }')
read -r by_flush by_write handoff all < <(jq -r '.total_ns as $all |
	[("log_flush", "log_write", "[hand-off]") as $f | [.functions[] | select(.function == $f).flat_ns] | add // 0] + [$all] | @tsv' holder.json)
unlock=$(jq '[.functions[] | select(.function == "log_flush").flat_ns] | add' unlock.json)

[ "$rounds" -ge 100 ] || fail "the truth has $rounds rounds"
# each of the four is rounded to ns
rest=$((all - by_flush - by_write - handoff))
[ ${rest#-} -le 2 ] || fail "$by_flush + $by_write + $handoff are not all of $all"
{ [ "$by_flush" -le $((flush + flush / 1000)) ] && [ $((by_flush + handoff)) -ge $((flush - flush / 50)) ]; } ||
	fail "log_flush is charged $by_flush, and hand-offs $handoff; it held up waits for $flush, hand-offs included"
# two waits behind the first writer, one behind the second
{ [ "$by_write" -ge $((rounds * 3 * 50000)) ] && [ "$by_write" -le $((later + later / 1000)) ]; } ||
	fail "log_write is charged $by_write; it held up waits for $((rounds * 3 * 50000)) at least and $later at most"
off=$((unlock - first))
{ [ $off -le $((first / 50)) ] && [ $off -ge $((-first / 50)) ]; } || fail "by unlocks log_flush has $unlock, of waits of $first"
finish
