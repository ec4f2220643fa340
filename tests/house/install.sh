#!/bin/bash
# An installed ctrace-run has to find libctrace.so from where it stands, not from where it was
# built; DESTDIR is only where a packager collects the files; uninstall leaves no file behind.
set -eu
[ -e "$BUILD/ctrace-run" ] && [ -e "$BUILD/libctrace.so" ] || { echo "nothing to install yet"; exit 77; }
mk() { # what the tests were built with is installed, not built again under them
	make -C "$TOP" --no-print-directory -s -o "$BUILD/ctrace" -o "$BUILD/ctrace-run" -o "$BUILD/libctrace.so" \
		-o "$BUILD/libctrace-reader.so.1" -o "$BUILD/libctrace-reader.so" -o "$BUILD/libctrace-reader.a" \
		B="$BUILD" DESTDIR="$PWD/stage" PREFIX=/opt/x "$@"
}
mk install
find stage -type f | sort
[ -x stage/opt/x/bin/ctrace ]
[ -x stage/opt/x/bin/ctrace-run ]
[ -e stage/opt/x/lib/ctrace/libctrace.so ]
[ -e stage/opt/x/include/ctrace/reader.h ]
[ -e stage/opt/x/lib/pkgconfig/ctrace-reader.pc ]
[ -e stage/opt/x/lib/libctrace-reader.a ]
[ "$(readlink stage/opt/x/lib/libctrace-reader.so)" = libctrace-reader.so.1 ]
[ -e stage/opt/x/lib/libctrace-reader.so.1 ]
printf '#include <ctrace/ctrace.h>\nint main(void) { return ctrace_enabled(); }\n' >user.c
cc -Wall -Werror -I stage/opt/x/include -o user user.c && ./user
[ -e stage/opt/x/include/ctrace/ctrace.hpp ]
for page in "$TOP"/tools/*.1; do
	cmp "$page" "stage/opt/x/share/man/man1/${page##*/}"
done
[ -e stage/opt/x/share/man/man1/ctrace-run.1 ]
for name in ctrace ctrace-run; do # bash looks for a file of the command's name
	[ -e stage/opt/x/share/bash-completion/completions/$name ]
done

mv stage elsewhere
PATH=/usr/bin:/bin elsewhere/opt/x/bin/ctrace-run -q -o t.ctrace -- true
elsewhere/opt/x/bin/ctrace validate t.ctrace

mv elsewhere stage
mk uninstall
[ -z "$(find stage ! -type d)" ]
[ ! -e stage/opt/x/include/ctrace ]
