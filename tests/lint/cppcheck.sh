#!/bin/bash
# cppcheck.sh CACHE JOBS FLAG... FILE... - cppcheck over FILEs, remembering in CACHE what did not change.

set -u
command -v cppcheck >/dev/null || { echo "skip: cppcheck is not installed"; exit 0; }
cache=$1 jobs=$2
shift 2
mkdir -p "$cache"
# preprocessorErrorDirective: cppcheck also tries configurations nobody builds.
# shiftTooManyBitsSigned: >> of a negative number is arithmetic on every compiler we build with.
cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --library=posix \
	--enable=warning,performance,portability --suppress=missingIncludeSystem \
	--suppress=preprocessorErrorDirective --suppress=shiftTooManyBitsSigned \
	-D__x86_64__=1 -D__linux__=1 -D_GNU_SOURCE=1 -D__GNUC__=12 -D__BYTE_ORDER__=1234 \
	-D__ORDER_LITTLE_ENDIAN__=1234 --cppcheck-build-dir="$cache" -j "$jobs" "$@"
