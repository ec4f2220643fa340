#!/bin/bash
# interop.sh [PART...] - what we export, opened by the programs it is for.
#
# A part is a script in this folder, other than this one, lib-*.sh and get-*.sh; it prints a line "PASS what" or "FAIL what" for each
# check, and appends "passed failed skipped" to the file $TOTALS.  Consumers are fetched into INTEROP_DIR and stay there; a part whose consumer
# cannot be had is skipped by name, with the reason.
#
# Reads: BUILD, INTEROP_DIR, JOBS, PARTS.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib-parts.sh
. "$here/../lib-parts.sh"
: "${BUILD:?the build folder}"
export BUILD INTEROP_DIR=${INTEROP_DIR:-${BUILD%/*}/interop} JOBS=${JOBS:-$(nproc)}
parts=("$@")
[ $# -gt 0 ] || read -ra parts <<<"${PARTS:-}"
if [ ${#parts[@]} -eq 0 ]; then
	for script in "$here"/*.sh; do
		name=${script##*/}
		case $name in interop.sh | lib-*.sh | get-*.sh) ;; *) parts+=("${name%.sh}") ;; esac
	done
fi
part() { echo "$here/$1.sh"; }
run_parts "${parts[@]}"
