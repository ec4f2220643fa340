#!/bin/bash
# symbols.sh LIBCTRACE.SO - prove what the preloaded object shows to and asks of its host.
#
#   exports   exactly the names of include/ctrace/hooks.def, with the versions of preload/libctrace.map: one more would take over
#             a function of the program, one less is a wrapper that silently does nothing
#   imports   only names of tests/lint/imports.txt: each is a function run inside someone's lock
#   versions  no symbol version above GLIBC_2.17, so that old systems can load the object
#   needed    libc and the dynamic linker, nothing else
#   flags     initfirst, nodelete, now; no text relocation, no executable stack, static TLS only

set -u
so=$1
NM=${NM:-nm}
CC=${CC:-gcc}
top=$(cd "$(dirname "$0")/../.." && pwd)
map=$top/preload/libctrace.map
allow=$top/tests/lint/imports.txt
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
bad=0

must_be_empty() { # heading, reads lines
	local lines
	lines=$(cat)
	[ -z "$lines" ] || { printf '%s:\n%s\n' "$1" "$lines" | sed '2,$s/^/    /' >&2; bad=1; }
}

export LC_ALL=C
if [ -e "$map" ]; then
	# Every name under "global:", as name or name@NODE; a trailing * matches any ending.
	sed 's,/\*[^*]*\*/,,g; s,#.*,,; s,//.*,,; s/[{};:]/ & /g' "$map" | tr -s ' \t' '\n\n' | awk '
		$0 == "{" { node = last; on = 1; next }
		$0 == "}" { on = 0 }
		$0 == ":" { on = (last == "global"); next }
		$0 == ";" { if (on && last != "") print last (node == "" ? "" : "@" node); last = ""; next }
		{ last = $0 }
		$0 == "}" { last = "" }' >"$tmp/versioned"
	$CC -E -P -x c -I "$top/include" - <<-'EOF' | sed -n 's/.*NAME "*\([A-Za-z0-9_]*\).*/\1/p' | sort -u >"$tmp/table"
		#define CT_HOOK(name, symbol, version, missing, event, op, tier, wakes, ret, params, args) NAME symbol
		#define CT_CALL_HOOK(symbol, missing, result, op, object, unless, tier, wakes, ret, params, args) NAME #symbol
		#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args) NAME #symbol
		#define CT_VIA_HOOK(symbol, via, op, tier, wakes, ret, params) NAME #symbol
		#define CT_NAME(alias, symbol) NAME #alias
		#define CT_CALL_NAME(alias, symbol) NAME #alias
		#include <ctrace/hooks.h>
	EOF
	# only x86-64 has two versions of a function
	readelf -h "$so" | grep -q 'Machine:.*X86-64' || sed -i 's/@.*//' "$tmp/versioned"
	sed 's/@.*//' "$tmp/versioned" | sort -u | comm -23 "$tmp/table" - | sort -u - "$tmp/versioned" >"$tmp/listed"
	"$NM" -D --defined-only "$so" | awk '$2 != "A" { print $3 }' | sed 's/@@/@/' | sort -u >"$tmp/exported"
	sed 's/\./\\./g; s/\*/.*/' "$tmp/listed" >"$tmp/patterns"
	grep -vxf "$tmp/patterns" "$tmp/exported" | must_be_empty 'exported but not in include/ctrace/hooks.def or preload/libctrace.map'
	grep -v '\*' "$tmp/listed" | comm -23 - "$tmp/exported" |
		must_be_empty 'listed in include/ctrace/hooks.def or preload/libctrace.map but not exported'
fi

"$NM" -D --undefined-only "$so" | awk '{print $NF}' | sed 's/@.*//' | sort -u >"$tmp/imported"
sed 's/[[:space:]]*#.*//; /^$/d' "$allow" | sort -u | comm -13 - "$tmp/imported" |
	must_be_empty 'imported but not in tests/lint/imports.txt'

readelf -VW "$so" | grep -o 'GLIBC_[0-9.]*' | sort -u | while read -r v; do
	[ "$(printf '%s\nGLIBC_2.17\n' "$v" | sort -V | tail -n 1)" = GLIBC_2.17 ] || echo "$v"
done >"$tmp/new"
# The versions of our own exports may be as new as glibc makes them; only needs count.
readelf -VW "$so" | sed -n '/\.gnu\.version_r/,$p' | grep -o 'GLIBC_[0-9.]*' | sort -u >"$tmp/needs"
comm -12 "$tmp/new" "$tmp/needs" | must_be_empty 'needs a symbol version above GLIBC_2.17'

readelf -dW "$so" >"$tmp/dynamic"
sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$tmp/dynamic" | grep -vxE 'libc\.so\.6|ld-linux.*' |
	must_be_empty 'DT_NEEDED beyond libc'
for flag in NOW NODELETE INITFIRST; do
	grep 'FLAGS_1' "$tmp/dynamic" | grep -qw $flag || echo $flag
done | must_be_empty 'flags that are missing'
grep -w TEXTREL "$tmp/dynamic" | must_be_empty 'text relocations'
readelf -lW "$so" >"$tmp/segments"
grep GNU_STACK "$tmp/segments" | grep -w RWE | must_be_empty 'executable stack'
# linkers do not set STATIC_TLS everywhere; what would make it dynamic is a relocation
readelf -rW "$so" | grep -E 'DTPMOD|DTPREL|DTPOFF|TLSDESC' | must_be_empty 'thread-local storage that is not static'
exit $bad
