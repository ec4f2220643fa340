#!/bin/bash
# lint.sh MAKE - run every check that needs no execution of the program; say what failed.
#
# Each check is a make target of its own (check-format, check-tidy ...), so a developer can run
# the one that complains.  A check that cannot run here prints "skip: why".

set -u
make=${1:-make}
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT

for check in format layers shell manuals symbols reader-symbols cppcheck tidy; do
	t0=$SECONDS
	$make --no-print-directory -s "check-$check" >"$log" 2>&1
	rc=$?
	took="$((SECONDS - t0)) s"
	reason=$(sed -n 's/^skip: //p' "$log" | head -n 1)
	if [ $rc -ne 0 ]; then
		echo "FAIL lint/$check $took"
		grep -vE '^[0-9]+ warnings? (generated|treated)|^make(\[[0-9]+\])?: ' "$log" | head -n 200 | sed 's/^/     | /'
		failed=$((failed + 1))
	elif [ -n "$reason" ]; then
		echo "SKIP lint/$check: $reason"
		skipped=$((skipped + 1))
	else
		echo "PASS lint/$check $took"
		passed=$((passed + 1))
	fi
done
if [ -n "${TOTALS:-}" ]; then
	echo "$passed $failed $skipped" >>"$TOTALS"
else
	printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
fi
[ $failed -eq 0 ]
