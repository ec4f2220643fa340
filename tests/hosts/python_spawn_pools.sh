#!/bin/bash
# python_spawn_pools.sh - python's own tests of pools with processes that are spawned: the same tests pass as bare.
#
# Workers that take jobs from a pipe behind a semaphore, are replaced when they die, and are ended by signals; three threads of the
# parent keep them going.
# timeout: 600
# shellcheck source=tests/hosts/lib-python.sh
. "$(dirname "$0")/lib-python.sh"
extra=(-m '*Pool*')
pools() { python_tests test_multiprocessing_spawn; }
both pools
processes 20
names 'sem' 'multiprocessing|SemLock|_multiprocessing'
finish
