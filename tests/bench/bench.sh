#!/bin/sh
# bench.sh - every benchmark: small loops first, then whole services.  Options go to both.
#
#	bench.sh [--quick] [--check] [--via run|preload|control]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rc=0
"$here/run.sh" "$@" || rc=$?
[ "$rc" -le 1 ] || exit "$rc"
"$here/apps.sh" "$@" || rc=$?
exit "$rc"
