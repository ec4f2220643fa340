#!/bin/bash
# open_posix.sh - the Open POSIX Test Suite 1.5.2, as Debian has it.
#
# Its stress programs run until somebody stops them and check nothing, so they are left out.
set -u
# shellcheck source=tests/posix/lib-posix.sh
. "$(dirname "$0")/lib-posix.sh"
source_of posixtestsuite || skip "there is no source package posixtestsuite"

# Some sources rely on headers that others do not include any more.
compile() { # source program
	local flags=(-w -O2 -g -std=gnu99 -Iinclude -Ifunctional/threads/include)
	gcc "${flags[@]}" -D_POSIX_C_SOURCE=200112L -D_XOPEN_SOURCE=600 "$1" -o "$2" -pthread -lrt -lm 2>/dev/null ||
		gcc "${flags[@]}" -D_GNU_SOURCE -include fcntl.h -include signal.h "$1" -o "$2" -pthread -lrt -lm
}
cd "$POSIX_DIR/posixtestsuite" || exit 1
# a file without main is a part of others or was made to be compiled only
find conformance/interfaces functional -name '*.c' ! -name '*-buildonly.c' -exec grep -lE '\bmain *\(' {} + | sort >"$results/sources"
build "$POSIX_DIR/posixtestsuite" "$results/sources"
compare
