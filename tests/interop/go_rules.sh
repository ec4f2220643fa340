#!/bin/bash
# go_rules.sh - the rules of Go's reader, broken one at a time: the real reader must refuse each such file, as our mirror of it does.
#
# The mirror keeps wrong events out of an export.  It is worth that only as long as it refuses what the reader refuses: the cases are those of
# tests/unit/test_go_rules.c, where the mirror is held against them.
set -u
# shellcheck source=tests/interop/lib-interop.sh
. "$(dirname "$0")/lib-interop.sh"
# shellcheck source=tests/interop/lib-go.sh
. "$(dirname "$0")/lib-go.sh"

mkdir "$dir/rules"
check "the mirror refuses each" env GO_RULES_DIR="$dir/rules" "$BUILD/unit/test_go_rules"

refused() { # file
	! "$go_strict" 22 "$1" >"$dir/verdict" 2>&1 || { cat "$dir/verdict" && return 1; }
	# by the reader, not by the validator behind it
	grep -qv 'is not valid' "$dir/verdict" || { cat "$dir/verdict" && return 1; }
}
mkdir "$dir/random"
check "the mirror takes random traces" env EXPORT_GO_DIR="$dir/random" "$BUILD/unit/test_export_go"
had=0
for release in 1.22 newest; do
	go_tools $release || continue
	had=1
	check "go $go_number takes what is right" "$go_strict" 22 "$dir/rules/right.trace"
	check "go $go_number takes $(find "$dir/random" -name '*.22.trace' | wc -l) random traces" "$go_strict" 22 "$dir"/random/*.22.trace
	[ "${go_number#1.}" -lt 26 ] ||
		check "and $(find "$dir/random" -name '*.26.trace' | wc -l) of go 1.26" "$go_strict" 26 "$dir"/random/*.26.trace
	for file in "$dir"/rules/*.trace; do
		name=${file##*/} name=${name%.trace}
		[ "$name" = right ] || check "go $go_number refuses $name" refused "$file"
	done
done
[ $had -gt 0 ] || skip "no release of Go could be had"
finish
