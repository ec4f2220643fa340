#!/bin/bash
# arch.sh [PART...] - what runs elsewhere: musl, the oldest and the newest Debian the mirror has, aarch64 under qemu-user.
#
# Reads: BUILD (the build of this machine), ARCH_DIR (where root folders go and stay), JOBS, ONLY (a glob of tests), PARTS.  Takes root; the
# first run installs some hundred packages into folders.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib-parts.sh
. "$here/../lib-parts.sh"
: "${BUILD:?the build folder}"
export BUILD ARCH_DIR=${ARCH_DIR:-${BUILD%/*}/arch} JOBS=${JOBS:-$(nproc)}
[ $# -gt 0 ] || read -ra parts <<<"${PARTS:-musl oldest newest aarch64}"
[ $# -eq 0 ] || parts=("$@")
part() {
	case $1 in
	oldest | newest) echo "$here/debian.sh $1" ;;
	*) echo "$here/$1.sh" ;;
	esac
}
run_parts "${parts[@]}"
