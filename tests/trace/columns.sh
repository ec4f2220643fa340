#!/bin/bash
# A block of some size is written in columns (FORMAT.md, "Columns"), and what is read back is what was written: events that nobody
# knows, records of handlers and a torn end too.
set -eu
text=$TOP/tests/golden/v1/columns.ctt
ctrace raw --encode "$text" -o columns.ctrace
flags=$(od -An -tu4 -j $((4096 + 12)) -N 4 columns.ctrace | tr -d ' ')
[ "$flags" = 3 ] || { echo "the block of chunks has flags $flags, not zstd and columns" >&2; exit 1; }
ctrace raw columns.ctrace | diff -u "$text" -
ctrace validate columns.ctrace
rows=$(od -An -tu8 -j $((4096 + 32)) -N 8 columns.ctrace | tr -d ' ')
stored=$(od -An -tu8 -j $((4096 + 24)) -N 8 columns.ctrace | tr -d ' ')
[ "$stored" -lt $((rows * 3 / 4)) ] || { echo "$rows bytes of rows take $stored" >&2; exit 1; }
