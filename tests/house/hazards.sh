#!/bin/bash
# A table of hazards that names a test which is gone, or forgets one that is there, proves nothing.
set -eu
check() { # table, folder with tests -> complaints
	local n name
	for n in $(seq 38); do
		grep -q "^| H$n | [^|]* | [^|]* | [^|]*|$" "$1" || echo "no row for H$n, or not four columns"
	done
	awk -F'|' '/^\| H[0-9]+ / && $5 ~ /^ *$/ && $4 !~ /[a-z].*[.;:,]/ { print "neither a test nor a reason:" $2 }' "$1"
	while read -r name; do
		[ -e "$2/$name.sh" ] || [ -e "$2/${name%/*}/test_${name##*/}.c" ] || echo "no such test: $name"
	done < <(grep -o '`\(unit\|run\|cli\|fault\|trace\|hazards\|house\)/[a-z0-9_]*`' "$1" | tr -d '`' | sort -u)
	for name in "$2"/hazards/*.sh; do
		name=${name##*/}
		[[ $name = lib* ]] || grep -q "\`hazards/${name%.sh}\`" "$1" || echo "not in the table: hazards/${name%.sh}"
	done
}
table=$TOP/preload/HAZARDS.md
out=$(check "$table" "$TOP/tests")
[ -z "$out" ] || { echo "$out"; exit 1; }

# and each of these complaints can be made
grep -v '^| H7 ' "$table" >t
check t "$TOP/tests" | grep -qx 'no row for H7, or not four columns'
sed 's,run/harm_longjmp,run/harm_none,' "$table" >t
check t "$TOP/tests" | grep -qx 'no such test: run/harm_none'
sed 's,hazards/vanish,x,' "$table" >t
check t "$TOP/tests" | grep -qx 'not in the table: hazards/vanish'
sed 's,^| H31 .*,| H31 | Helper threads | None | |,' "$table" >t
check t "$TOP/tests" | grep -q 'neither a test nor a reason: H31'
