#!/bin/bash
# demo.sh - record a parallel compressor and print what its threads waited for.
#
# pigz -p 4 compresses about 60 MB of this machine's own files.  The trace stays in the build
# folder for the other commands to be tried on.

set -eu
: "${BUILD:?the build folder, for example build/release}"
for tool in ctrace ctrace-run libctrace.so; do
	[ -e "$BUILD/$tool" ] || { echo "demo: $BUILD/$tool was not built" >&2; exit 2; }
done
dir=$(mktemp -d "${TMPDIR:-/tmp}/ctrace-demo.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trace=$BUILD/demo.ctrace
rm -f "$trace"

run() {
	printf '\n$ %s\n' "$*" | sed "s,$BUILD/,,g; s,$dir/,,g"
	"$@"
}

# The far end of the pipe closes at 60 MB, which tar takes badly; that is meant.
tar -C /usr -cf - include lib share 2>/dev/null | head -c 60000000 >"$dir/big.tar" || true

printf '$ ctrace-run -o demo.ctrace -- pigz -p 4 -k -c big.tar >/dev/null\n'
"$BUILD/ctrace-run" -o "$trace" -- pigz -p 4 -k -c "$dir/big.tar" >/dev/null
run "$BUILD/ctrace" report "$trace"
run "$BUILD/ctrace" locks "$trace"

printf '\nThe trace is %s; try also: %s/ctrace threads %s\n' "$trace" "$BUILD" "$trace"
