#!/bin/bash
# shell.sh - shellcheck over every script of the repository.

set -u
command -v shellcheck >/dev/null || { echo "skip: shellcheck is not installed"; exit 0; }
# .ctt files are no shell; lib*.sh are sourced and checked with what sources them as well.
mapfile -t scripts < <(find .ci tests examples tools -name '*.sh' -o -name '*.bash' -o -path .ci/run 2>/dev/null | sort)
[ ${#scripts[@]} -gt 0 ] || exit 0
printf '%s\n' "${scripts[@]}" | xargs -P "${JOBS:-2}" -n 8 shellcheck --severity=warning --external-sources
