#!/bin/bash
# cancel_points.sh - every wrapped function is a cancellation point exactly when libc's is, and C and C++ cleanup runs either way.
#
# See cancel_points.cc.  The exports of libctrace.so are held against its table: a new wrapper must have a row there, so that "every
# wrapped cancellation point" stays true.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
need nm
subjects=$BUILD/hazards
C=$subjects/cancel_points

"$C" names | sort -u >tried
# of libraries that this program does not have: there is nothing to compare with; and those that are in none but ours, which never wait
not_here='^(_*io_uring_|io_(submit|getevents|pgetevents)$|ctrace_)'
# names at one address are one function; __res_query and its kin are old binaries' names, which no new one can be linked with
nm -D --defined-only "$LIBCTRACE" | awk '$2 ~ /[TtWi]/ { sub(/@.*/, "", $3); print $1, $3 }' | awk -v not_here="$not_here" '$2 !~ not_here' | sort -u >exports
awk 'NR == FNR { tried[$1] = 1; next } { plain = $2; sub(/^__res_/, "res_", plain); if ($2 in tried || plain in tried) done[$1] = 1; names[$1] = names[$1] " " $2 }
	END { for (a in names) if (!(a in done)) print names[a] }' tried exports >untried
[ -s exports ] || fail "no exports found"
[ ! -s untried ] || fail "wrapped, and without a row in cancel_points.cc:$(tr '\n' ' ' <untried)"
echo "$(wc -l <exports) exports, $(wc -l <tried) functions tried"

compare "$C" pending
[ "$(grep -c 'cancelled$' bare.out)" -gt 100 ] && [ "$(grep -c 'ended$' bare.out)" -gt 70 ] || fail "pending: the program did not get far: $(tail -n 1 bare.out)"
compare "$C" blocked
[ "$(grep -c ': inner cleanup outer cancelled$' bare.out)" -gt 70 ] || fail "blocked: the program did not get far: $(tail -n 1 bare.out)"
finish
