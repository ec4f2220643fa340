#!/bin/bash
# What a stranger does with libctrace-reader: installs it somewhere, compiles against it with what pkg-config says, shared and static, in a folder
# that has never seen our sources.  The program adds up every state that is part of a wait, and all short waits; that is what
# `ctrace threads` says of the trace, but for rounding: sums are converted at the mean rate of the clock, which was seen to be off by 55 millionths.
# timeout: 120
set -eu
[ -e "$BUILD/libctrace-reader.so" ] && [ -e "$BUILD/libctrace.so" ] || { echo "nothing to install yet"; exit 77; }
[ -z "${SAN:-}" ] || { echo "a sanitized library cannot be linked by a program that is not"; exit 77; }
make -C "$TOP" --no-print-directory -s -o "$BUILD/ctrace" -o "$BUILD/ctrace-run" -o "$BUILD/libctrace.so" \
	-o "$BUILD/libctrace-reader.so.1" -o "$BUILD/libctrace-reader.so" -o "$BUILD/libctrace-reader.a" \
	B="$BUILD" PREFIX="$PWD/usr" install
export PKG_CONFIG_PATH=$PWD/usr/lib/pkgconfig
[ "$(pkg-config --modversion ctrace-reader)" = "$(ctrace --version | sed 's/^ctrace //')" ]

cat >waits.c <<'END'
#include <ctrace/reader.h>
#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	uint64_t ns = 0, states = 0;
	struct ctr_trace *t;
	struct ctr_walk *w;
	char why[256];

	if (argc != 2 || ctr_open(argv[1], NULL, &t, why, sizeof(why)) < 0 || ctr_walk_open(t, NULL, &w) < 0)
		return 2;
	while (ctr_walk_next(w) == 1) {
		if (!ctr_item_wait(w))
			continue;
		ns += ctr_item_end_ns(w) - ctr_item_ns(w);
		states++;
	}
	for (uint32_t i = 0; i < ctr_sums(t); i++)
		ns += ctr_sum_short_ns(t, i);
	ctr_walk_close(w);
	printf("%" PRIu64 " %" PRIu64 "\n", ns, states + ctr_sums(t));
	ctr_close(t);
	return 0;
}
END
cflags=$(pkg-config --cflags ctrace-reader)
# shellcheck disable=SC2086,SC2046
{
	cc -Wall -Werror $cflags -o shared waits.c $(pkg-config --libs ctrace-reader) -Wl,-rpath,"$PWD/usr/lib"
	cc -Wall -Werror $cflags -o static waits.c usr/lib/libctrace-reader.a \
		$(pkg-config --libs --static ctrace-reader | sed 's/-lctrace-reader//')
}
readelf -d shared | grep -q 'NEEDED.*libctrace-reader\.so\.1'
! readelf -d static | grep -q libctrace-reader

ctrace-run -q -o p.ctrace -- "$BUILD/examples/pipeline" 2000 >program.out
waited=$(ctrace threads --json p.ctrace | jq '[.threads[].by_reason[].total_ns] | add')
./shared p.ctrace >shared.out
./static p.ctrace >static.out
cmp shared.out static.out
read -r ns rounded <shared.out
echo "$ns ns in $rounded parts, ctrace threads: $waited ns"
[ "$rounded" -gt 1000 ]
[ $((ns > waited ? ns - waited : waited - ns)) -le $((rounded + waited / 5000)) ]
