#!/bin/bash
# run-ctt.sh FILE.ctt - run one text trace.
#
# A test is prose (why it exists), then sections that begin with a line `-- name --`:
#
#   -- expect --      OK, or FAILURE and an extended regular expression on the same line.  OK: the trace opens and
#                     `ctrace validate` finds nothing.  FAILURE: validate prints a line, on standard output or error, that
#                     matches, and exits 1 or 2.
#   -- trace --       the trace (src/file/text.h says how it is written)
#   -- NAME ARGS --   any number of them: what `ctrace NAME ARGS FILE` prints.  Blanks at the ends of lines and empty lines at
#                     the end do not count.  Lines that begin with `~ ` are extended regular expressions for a whole line,
#                     and a line `...` stands for any number of lines.
#
# `BLESS=1 tests/trace/run-ctt.sh FILE` prints the test with what the commands print now in place of such sections.
# Exit status: 0 pass, 1 fail, 2 the test itself is wrong.

set -u
test=${1:?FILE.ctt}
case $test in /*) ;; *) test=$PWD/$test ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/ctt.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
: "${BUILD:=$(cd "$(dirname "$0")/../.." && pwd)/build/release}"
PATH=$BUILD:$PATH
failed=0

awk -v dir="$dir" '
	BEGIN { out = dir "/0.story" }
	/^-- .* --$/ {
		n++
		name = $0
		sub(/^-- /, "", name)
		sub(/ --$/, "", name)
		out = dir "/" n ".body"
		print name > (dir "/" n ".name")
		printf "" > out
		next
	}
	{ print > out }
' "$test"

section() { # name -> number of the section
	grep -lx -- "$1" "$dir"/*.name 2>/dev/null | head -n 1 | sed 's,.*/\([0-9]*\)\.name,\1,'
}

fail() {
	echo "FAIL: $*"
	failed=1
}

# Does what was printed match the section?  awk instead of diff because of ~ and ...
matches() { # expected printed
	awk '
		function clean(s) { sub(/[ \t]+$/, "", s); return s }
		FILENAME == ARGV[1] { want[++w] = clean($0); next }
		{ got[++g] = clean($0) }
		function ok(i, j,    k) {
			while (i <= w) {
				if (want[i] == "...") {
					for (k = j; k <= g + 1; k++)
						if (ok(i + 1, k))
							return 1
					return 0
				}
				if (j > g)
					return 0
				if (want[i] ~ /^~ /) {
					if (got[j] !~ "^(" substr(want[i], 3) ")$")
						return 0
				} else if (want[i] != got[j])
					return 0
				i++
				j++
			}
			return j > g
		}
		END {
			while (w && want[w] == "") w--
			while (g && got[g] == "") g--
			exit !ok(1, 1)
		}
	' "$1" "$2"
}

trace=$(section trace)
expect=$(section expect)
if [ -z "$trace" ] || [ -z "$expect" ]; then
	echo "$test: needs an -- expect -- and a -- trace -- section"
	exit 2
fi

cd "$dir" || exit 2
if ! ctrace raw --encode "$trace.body" -o test.ctrace >encode.out 2>&1; then
	sed "s,^,$(basename "$test"): ," encode.out
	exit 2
fi
ctrace validate test.ctrace >validate.out 2>&1
status=$?
read -r verdict pattern <"$expect.body"
case $verdict in
OK)
	[ $status -eq 0 ] || { fail "expected a right trace, validate says:" && cat validate.out; }
	# what is right is the same after a round trip through text
	ctrace raw test.ctrace >once.txt && ctrace raw --encode once.txt -o again.ctrace && ctrace raw again.ctrace >twice.txt
	cmp -s once.txt twice.txt || { fail "text, trace, text is not the same:" && diff once.txt twice.txt; }
	;;
FAILURE)
	if [ $status -ne 1 ] && [ $status -ne 2 ]; then
		fail "validate exits $status, expected 1 or 2"
	elif ! grep -qE -- "$pattern" validate.out; then
		fail "no line matches: $pattern" && cat validate.out
	fi
	;;
*) echo "$test: expected OK or FAILURE" && exit 2 ;;
esac

[ "${BLESS:-}" != 1 ] || cat 0.story 2>/dev/null
n=0
while n=$((n + 1)) && [ -e $n.name ]; do
	read -r command <$n.name
	case $command in
	expect | trace)
		[ "${BLESS:-}" != 1 ] || { echo "-- $command --" && cat "$n.body"; }
		continue
		;;
	esac
	# shellcheck disable=SC2086  # a section's name is a command and its arguments
	ctrace $command test.ctrace >"$n.out" 2>"$n.err"
	if [ "${BLESS:-}" = 1 ]; then
		echo "-- $command --" && cat "$n.out"
	elif ! matches "$n.body" "$n.out"; then
		fail "ctrace $command prints something else:"
		diff -u --label expected --label printed "$n.body" "$n.out"
		cat "$n.err"
	fi
done
exit $failed
