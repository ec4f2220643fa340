#!/bin/bash
# format.sh JOBS FILE... - name the files that clang-format would change, one line each.

set -u
command -v clang-format >/dev/null || { echo "skip: clang-format is not installed"; exit 0; }
jobs=$1
shift
bad=$(printf '%s\n' "$@" | xargs -r -P "$jobs" -n 8 clang-format --dry-run -Werror --style=file 2>&1 |
	grep -E '^[^ ]+:[0-9]+:[0-9]+: error' | sort -t: -k1,1 -k2,2n | awk -F: '!seen[$1]++{print $1 ":" $2}')
[ -z "$bad" ] && exit 0
# shellcheck disable=SC2086  # one word a file
printf '%s: not as clang-format would have it (make format)\n' $bad
exit 1
