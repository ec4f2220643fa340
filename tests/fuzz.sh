#!/bin/bash
# fuzz.sh NAME... - run each libFuzzer target of tests/fuzz for FUZZ_SECONDS.
#
# The committed corpus tests/fuzz/corpus/<name without fuzz_>/ is the start; new inputs go to a
# folder in the build and are not committed by themselves.  A crash leaves its input beside
# them and the path is printed: copy it into the corpus under a name that says what it broke.

set -u
: "${BUILD:?the build folder}"
top=$(cd "$(dirname "$0")/.." && pwd)
seconds=${FUZZ_SECONDS:-20}
passed=0 failed=0

for name; do
	found=$BUILD/fuzz/found/$name
	log=$BUILD/fuzz/$name.log
	mkdir -p "$found"
	seeds=$top/tests/fuzz/corpus/${name#fuzz_}
	dirs=("$found")
	[ ! -d "$seeds" ] || dirs+=("$seeds")
	if "$BUILD/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-verbosity=1 -artifact_prefix="$BUILD/fuzz/$name-" "${dirs[@]}" </dev/null >"$log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "PASS fuzz/$name ($runs inputs in $seconds s)"
		passed=$((passed + 1))
	else
		echo "FAIL fuzz/$name"
		grep -vE '^#[0-9]+[[:space:]]+(NEW|REDUCE|pulse|RELOAD)' "$log" | tail -n 40 | sed 's/^/     | /'
		failed=$((failed + 1))
	fi
done
if [ -n "${TOTALS:-}" ]; then
	echo "$passed $failed 0" >>"$TOTALS"
else
	printf '%d passed, %d failed, 0 skipped\n' $passed $failed
fi
[ $failed -eq 0 ]
