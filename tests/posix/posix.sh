#!/bin/bash
# posix.sh [PART...] - conformance suites bare and traced: what a program finds must not depend on being traced.
#
#   open_posix   the Open POSIX Test Suite: 1,700 small programs for each sentence of the standard about threads, semaphores, signals,
#                message queues, timers, asynchronous I/O and memory
#   glibc        glibc's own tests of pthreads: cancellation, robust mutexes, stacks, forks
#
# Reads: BUILD, POSIX_DIR (where sources and programs go and stay), JOBS, ONLY (a glob of programs), PARTS.  Takes root.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib-parts.sh
. "$here/../lib-parts.sh"
: "${BUILD:?the build folder}"
export BUILD POSIX_DIR=${POSIX_DIR:-${BUILD%/*}/posix} JOBS=${JOBS:-$(nproc)}
[ $# -gt 0 ] || read -ra parts <<<"${PARTS:-open_posix glibc}"
[ $# -eq 0 ] || parts=("$@")
part() { echo "$here/$1.sh"; }
run_parts "${parts[@]}"
