#!/bin/bash
# reader-symbols.sh LIBCTRACE-READER.SO.1 LIBCTRACE-READER.SO LIBCTRACE-READER.A - prove what the public reader shows to programs.
#
#   exports   both libraries: exactly the functions that include/ctrace/reader.h declares, in the shared one all with a version; one more
#             would have to be kept for ever, one less does not link
#   needed    the libraries that the pkg-config file names, and libc
#   flags     a soname, now; no text relocation, no executable stack
#   header    is C99, C11 and C++11 by itself, without a warning

set -u
so=$1 archive=$3
NM=${NM:-nm}
CC=${CC:-gcc}
top=$(cd "$(dirname "$0")/../.." && pwd)
header=$top/include/ctrace/reader.h
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
bad=0

must_be_empty() { # heading, reads lines
	local lines
	lines=$(cat)
	[ -z "$lines" ] || { printf '%s:\n%s\n' "$1" "$lines" | sed '2,$s/^/    /' >&2; bad=1; }
}

must_be_same() { # heading wanted got
	diff "$2" "$3" | grep '^[<>]' | must_be_empty "$1 (<: only declared, >: only there)"
}

export LC_ALL=C
sed -n 's/^CTR_API .*[ *]\(ctr_[a-z_]*\)(.*/\1/p' "$header" | sort >"$tmp/declared"
[ -s "$tmp/declared" ] || { echo "$header declares nothing" >&2; exit 1; }
uniq -d "$tmp/declared" | must_be_empty 'declared twice'
sed 's/$/@@CTRACE_READER_1/' "$tmp/declared" >"$tmp/versioned"
"$NM" -D --defined-only "$so" | awk '$2 != "A" { print $3 }' | sort >"$tmp/exported"
must_be_same 'exports of the shared library' "$tmp/versioned" "$tmp/exported"
"$NM" -g --defined-only "$archive" | awk 'NF == 3 { print $3 }' | sort >"$tmp/global"
must_be_same 'global names of the static library' "$tmp/declared" "$tmp/global"

readelf -dW "$so" >"$tmp/dynamic"
grep -q 'SONAME.*\[libctrace-reader\.so\.1\]' "$tmp/dynamic" || echo libctrace-reader.so.1 | must_be_empty 'soname that is missing'
sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$tmp/dynamic" |
	grep -vxE 'lib(dw|elf)\.so\.1|liblzma\.so\.5|libzstd\.so\.1|libc\.so\.6|ld-linux.*|lib[a-z]*san\.so\..*|libm\.so\.6|libgcc_s\.so\.1' |
	must_be_empty 'needed libraries that the pkg-config file does not name'
grep FLAGS_1 "$tmp/dynamic" | grep -qw NOW || echo NOW | must_be_empty 'flags that are missing'
grep -w TEXTREL "$tmp/dynamic" | must_be_empty 'text relocations'
readelf -lW "$so" | grep GNU_STACK | grep -w RWE | must_be_empty 'executable stack'

for language in 'c -std=c99' 'c -std=c11' 'c++ -std=c++11'; do
	# shellcheck disable=SC2086
	$CC -x $language -Wall -Wextra -Wpedantic -Wconversion -Werror -fsyntax-only -I "$top/include" - <<-'END' 2>&1 |
		#include <ctrace/reader.h>
		int main(void) { struct ctr_options o = CTR_OPTIONS_INIT; return (int)o.flags; }
	END
		must_be_empty "the header as ${language#* -std=}"
done
exit $bad
