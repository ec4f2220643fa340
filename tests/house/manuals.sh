#!/bin/bash
# Two texts tell the options of a command, --help and its manual page, and whoever adds an option thinks of one.  Every command
# must have a page, every page a command; the options of both texts are the same, and so are the members of the JSON.
set -u
tools=$TOP/tools
[ -x "$BUILD/ctrace" ] && [ -x "$BUILD/ctrace-run" ] || { echo "no tools in $BUILD" >&2 && exit 77; }
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# Options of a help text: words with dashes at the beginning of a line, values in capitals between them.
options_of_help() {
	awk '/^ +--?[a-z]/ {
		for (i = 1; i <= NF; i++) {
			if ($i ~ /^--?[a-z]/) { sub(/,$/, "", $i); print $i }
			else if ($i !~ /^[A-Z]+,?$/) break
		}
	}' | sort -u
}

# Options of a page: what a tag of its lists has after Fl.
options_of_page() { # page
	awk '$1 == ".It" { for (i = 2; i < NF; i++) if ($i == "Fl") print "-" $(i + 1) }' "$1" | sort -u
}

same_options() { # what page
	options_of_help <help >in-help
	options_of_page "$2" >in-page
	[ -s in-help ] || fail "$1: no options found in its help"
	diff in-help in-page >differ || fail "$1: options of --help (<) and $2 (>): $(grep '^[<>]' differ | tr '\n' ' ')"
}

commands=$(sed -n 's/^CT_COMMAND(\([a-z_]*\),.*/\1/p' "$tools/commands.def")
for c in $commands; do
	page=$tools/ctrace-$c.1
	[ -e "$page" ] || { fail "$c has no manual page" && continue; }
	"$BUILD/ctrace" "$c" --help >help || fail "$c --help: exit $?"
	same_options "$c" "$page"
	# the paragraph that begins with JSON: names with an underscore can be nothing but members
	sed -n '/^JSON:/,/^$/p' help | grep -oE '\b[a-z0-9]+(_[a-z0-9]+)+\b' | sort -u >members
	while read -r member; do
		grep -qw "$member" "$page" || fail "$c: the page does not tell the JSON's $member"
	done <members
	grep -q "^\.It Xr ctrace-$c 1" "$tools/ctrace.1" || fail "ctrace.1 does not list $c"
done
for page in "$tools"/ctrace-*.1; do
	c=${page##*/ctrace-}
	case " ${commands//$'\n'/ } run " in *" ${c%.1} "*) ;; *) fail "$page is the page of no command" ;; esac
done
"$BUILD/ctrace-run" --help >help || fail "ctrace-run --help: exit $?"
same_options ctrace-run "$tools/ctrace-run.1"
[ $failures -eq 0 ]
