#!/bin/bash
# musl.sh - a program of another C library: recorded by its switches or refused, in one line, and unharmed where it gets the object all the same.
#
# A shell that is traced hands LD_PRELOAD on to what it starts.  musl's loader ends a program when a library or a symbol is missing, so
# the object once killed every musl program below a traced one.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
command -v musl-gcc >/dev/null || { echo "SKIP: musl-gcc is not installed" && echo '0 0 1' >>"${TOTALS:-/dev/null}" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
passed=0 failed=0
check() { # what status: 0 is good
	if [ "$2" -eq 0 ]; then passed=$((passed + 1)) && echo "PASS musl: $1"; else failed=$((failed + 1)) && echo "FAIL musl: $1"; fi
}
musl-gcc -O2 -Wall -Wextra -o program "$top/tests/arch/musl.c" || exit 1

status=0
"$BUILD/ctrace-run" --sched=off -o t.ctrace -- ./program >out 2>err || status=$?
[ $status -eq 126 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'another libc' err
check "without switches ctrace-run refuses it: $(head -n 1 err)" $?
status=0
"$BUILD/ctrace-run" --sched=off --best-effort -q -o t.ctrace -- ./program >out 2>err || status=$?
[ $status -eq 5 ] && [ -s out ]
check "--best-effort runs it" $?

status=0
"$BUILD/ctrace-run" -q -o t.ctrace -- ./program >out 2>err || status=$?
if [ $status -ne 126 ]; then
	[ $status -eq 5 ] && [ -s out ] && [ "$(wc -l <err)" -eq 1 ] && "$BUILD/ctrace" validate t.ctrace >/dev/null
	check "with them it is run: $(head -n 1 err)" $?
fi

# threads print in any order
look() { # name command...
	local name=$1 status=0
	shift
	"$@" >"$name.out" 2>"$name.err" || status=$?
	sort -o "$name.out" "$name.out"
	echo "status $status" >>"$name.out"
}
look bare ./program
grep -qx 'status 5' bare.out
check "the program itself" $?
look preload env LD_PRELOAD="$BUILD/libctrace.so" ./program
diff bare.out preload.out && [ ! -s preload.err ]
check "with the object preloaded it does the same" $?
set -- ./ctrace.program.*.ctrace
[ ! -e "$1" ]
check "and leaves no trace" $?
look below "$BUILD/ctrace-run" -q -o t.ctrace -- sh -c './program; exit $?'
diff bare.out below.out && [ ! -s below.err ] && "$BUILD/ctrace" validate t.ctrace >/dev/null
check "below a traced shell as well" $?
echo "$passed $failed 0" >>"${TOTALS:-/dev/null}"
[ $failed -eq 0 ]
