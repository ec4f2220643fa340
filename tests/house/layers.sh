#!/bin/bash
# A check that cannot fail is worth nothing: break each rule of src/layers.txt once in a copy and
# see it named.
set -eu
mkdir -p t/tests/lint t/src/{sys,capture,views/analyze,file} t/include/ctrace
cp "$TOP/tests/lint/layers.sh" t/tests/lint/
cp "$TOP/src/layers.txt" t/src/
touch t/src/sys/clock.h t/src/file/{encode,decode}.h t/src/views/views.h t/src/views/analyze/rank_int.h t/include/ctrace/format.h

printf '#include <ctrace/format.h>\n#include "sys/clock.h"\n#include "file/encode.h"\n' >t/src/capture/good.c
printf '#include "analyze/../views.h"\n#include "views/views.h"\n' >t/src/views/good.c
printf '#include "rank_int.h"\n' >t/src/views/analyze/good.c
t/tests/lint/layers.sh

expect() { # file, include line, words of the complaint
	printf '%s\n' "$2" >"t/src/$1"
	if t/tests/lint/layers.sh 2>err; then
		echo "not noticed: $2 in $1"
		exit 1
	fi
	grep -q "$3" err || { cat err; exit 1; }
	rm "t/src/$1"
}
expect sys/a.c '#include "capture/good.c"' 'sys may not include capture'
expect capture/a.c '#  include "../views/views.h"' 'capture may not include views'
expect capture/a.c '#include "file/decode.h"' 'encode.h and namespace.h only'
expect views/a.c '#include "analyze/rank_int.h"' 'is private to src/views/analyze'
expect views/a.c '#include "sys/clock.h"' 'views may not include sys'
expect sys/a.c '#include "gone.h"' 'is not a file'
expect sys/a.c '#include <ctrace/gone.h>' 'does not exist'
t/tests/lint/layers.sh

# Once there is a poison.h, code for the traced process may not do without.
touch t/src/sys/poison.h
printf '#include "sys/poison.h"\n' >>t/src/capture/good.c
expect sys/a.c '#include "clock.h"' 'sys/a.c: the last include must be'
t/tests/lint/layers.sh
