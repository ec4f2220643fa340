#!/bin/sh
# libs.sh FOLDER [COUNT] - make a program, FOLDER/many, with COUNT (300) small shared libraries of its own.
#
# Start-up looks at every object that a program has: for the functions behind the wrappers, and for its unwind tables.
set -eu
mkdir -p "$1"
cd "$1"
count=${2:-300}
cc=${CC:-cc}
[ "$(cat made 2>/dev/null)" != "$count" ] || exit 0
i=1
names=
while [ "$i" -le "$count" ]; do
	cat >part.c <<-EOF
		#include <stdio.h>
		static int v[64] = {$i};
		int first_$i(int x) { return x > 1000 ? printf("%d", v[x & 63]) : v[x & 63] + x; }
		int second_$i(int x) { return first_$i(x) * 3; }
	EOF
	"$cc" -O1 -shared -fPIC -o "libmany$i.so" part.c
	names="$names -lmany$i"
	i=$((i + 1))
done
echo 'int main(void) { return 0; }' >many.c
# shellcheck disable=SC2086
"$cc" -o many many.c -Wl,--no-as-needed -L. -Wl,-rpath,"$PWD" $names
echo "$count" >made
