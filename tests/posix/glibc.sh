#!/bin/bash
# glibc.sh - glibc's own tests of pthreads, against the glibc that is installed.
#
# They are built outside of glibc's tree, with a header that stands in for it; those that want something of glibc's inside are left out,
# and so are static ones, which nothing can be preloaded into.
set -u
# shellcheck source=tests/posix/lib-posix.sh
. "$(dirname "$0")/lib-posix.sh"
source_of glibc || skip "there is no source package glibc"
cd "$POSIX_DIR/glibc" || exit 1

# What the tests include of glibc's tree, without its headers that have the names of the system's.
include=$POSIX_DIR/glibc.include support=$POSIX_DIR/glibc.support
rm -rf "$include"
mkdir -p "$include/elf" "$support"
for name in support malloc nptl posix sysdeps sysvipc test-skeleton.c include/{array_length,intprops,libc-diag,scratch_buffer,verify}.h; do
	ln -s "$PWD/$name" "$include/${name#include/}"
done
touch "$include/config.h" "$include/elf/dl-tunables.h"
echo '#define _STACK_GROWS_DOWN 1' >"$include/stackinfo.h"
flags="-w -O2 -g -std=gnu11 -D_GNU_SOURCE -I$include -I$include/support -include $top/tests/posix/glibc.h -idirafter nptl -idirafter sysdeps/pthread"
flags+=" -idirafter posix -idirafter sysdeps/unix/sysv/linux -idirafter sysdeps/x86_64"
export flags support

# glibc's support library, as much of it as can be had: what lacks is missed by the tests that use it.
for source in support/*.c; do
	case ${source##*/} in
	tst-* | *-time64.c | *container.c | links-dso-program-c.c | test-driver.c | test-run-command.c | README-testing.c | *_blob_main.c | *_string_main.c) ;;
	*) echo "$source" ;;
	esac
done >"$results/sources"
# shellcheck disable=SC2016
xargs -P "$JOBS" -I '{}' bash -c 'to=$support/$(basename "$1" .c).o; [ -e "$to" ] || gcc $flags -DIN_MODULE=nonlib -c "$1" -o "$to" 2>"${to%.o}.err"; exit 0' \
	- '{}' <"$results/sources"
rm -f "$support/libsupport.a"
ar rc "$support/libsupport.a" "$support"/*.o

# A test that is named with an x is one of the others with exceptions on.
compile() { # source program
	local more=
	case $1 in */tst-cancelx* | */tst-cleanupx* | */tst-oncex*) more=-fexceptions ;; esac
	# shellcheck disable=SC2086
	gcc $flags $more "$1" -o "$2" "$support/libsupport.a" -pthread -rdynamic -lrt -lm -ldl
}
for dir in nptl sysdeps/pthread; do ls $dir/tst-*.c; done | grep -v -e '-static\.c$' -e 'mod[0-9a-z]*\.c$' | sort >"$results/sources"

build "$POSIX_DIR/glibc" "$results/sources"

# What its Makefiles give a test as arguments, one a line.
for name in $(grep -E '/tst-(cancelx?7|exec4|umask1)$' "$results/list"); do
	case $name in
	*cancel*) printf '%s\n' --command "exec $programs/$name" ;;
	*exec4) echo "$programs/$name" ;;
	*umask1) echo /tmp/run/umask ;;
	esac >"$programs/$name.args"
done

# Objects that tests load while they run.
for source in nptl/tst-*mod*.c sysdeps/pthread/tst-*mod*.c; do
	to=$programs/lib/$(basename "$source" .c).so
	mkdir -p "$programs/lib"
	# shellcheck disable=SC2086
	[ -e "$to" ] || (cd "$POSIX_DIR/glibc" && gcc $flags -shared -fPIC "$source" -o "$to" 2>/dev/null)
done
export LD_LIBRARY_PATH=$programs/lib
compare
