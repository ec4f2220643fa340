#!/bin/bash
# manuals.sh FILE... - mandoc's warnings about manual pages.
#
# Pages refer to each other before they are installed, so what mandoc finds missing in the system's
# folders is no finding; its exit status tells nothing then, its output does.

set -u
command -v mandoc >/dev/null || { echo "skip: mandoc is not installed"; exit 0; }
[ $# -gt 0 ] || exit 0
# the two streams one after the other: together, one breaks into the lines of the other
! { mandoc -Tlint -Wstyle "$@" 2>/dev/null; mandoc -Tlint -Wstyle "$@" 2>&1 >/dev/null; } | grep -vE 'referenced manual not found|outdated mandoc.db'
