#!/bin/bash
# streams.sh - nothing of a stream is touched after it was closed.
#
# The wrapper of fclose once asked for the descriptor of a stream that libc had just freed: see streams.c.
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
compare "$BUILD/hazards/streams" 100
grep -q '^200 closed, 5 ended$' bare.out || fail "the program did not get far: $(tail -n 1 bare.out)"
finish
