#!/bin/bash
# limits.sh - every resource limit there is, lowered while the program runs and before it starts.
#
# See limits.c for the first.  Before the start the shell lowers them one by one: where there is no room to record, the program runs on
# unrecorded, ctrace-run says so in one line, and the preload alone says nothing.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
L=$BUILD/hazards/limits
compare "$L"
[ "$(wc -l <bare.out)" -eq 19 ] || fail "the program did not get far: $(tail -n 1 bare.out)"
sed 's/^/lowered: /' bare.out
grep 'rounds 100$' bare.out && fail "a limit was not lowered"

mkdir rings
limited() { # what command...: in a shell where the limit holds
	local what=$1 status=0
	shift
	"$@" >out 2>err || status=$?
	[ $status -eq 0 ] && [ "$(cat out)" = 'rounds 60' ] || fail "$what: status $status: $(head -n 2 out err)"
}
for limit in '-c 0' '-d 0' '-d 4000' '-e 0' '-f 0' '-f 1' '-f 20000' '-i 0' '-l 0' '-m 0' '-n 4' '-n 5' '-n 8' '-q 0' '-r 0' '-s 64' '-s 1000' '-u 1' '-v 50000' \
	'-v 200000' '-x 0' '-t 5'; do
	# shellcheck disable=SC2086
	(
		ulimit $limit 2>/dev/null || exit 9
		exec "$L" work
	) >out 2>err || { echo "ulimit $limit: cannot run bare: $(tail -n 1 err)"; continue; }
	# shellcheck disable=SC2086
	limited "alone, ulimit $limit" bash -c "ulimit $limit; LD_PRELOAD=\$0 CTRACE_DIR=$PWD/rings exec \"\$@\"" "$LIBCTRACE" "$L" work
	[ ! -s err ] || fail "alone, ulimit $limit: says: $(head -n 1 err)"
	rm -f t.ctrace
	limited "ulimit $limit" bash -c "ulimit $limit; exec \"\$@\"" - "$CTRACE_RUN" -q -o t.ctrace -- "$L" work
	[ "$(wc -l <err)" -le 1 ] || fail "ulimit $limit: says: $(head -n 3 err)"
	if [ ! -s err ]; then good t.ctrace "ulimit $limit"; else echo "ulimit $limit: $(cat err)"; fi
done
finish
