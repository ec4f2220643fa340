#!/bin/bash
# python_spawn.sh - python's own tests of multiprocessing with processes that are spawned: the same tests pass as bare.
#
# Every one of some hundred processes is a new interpreter that gets its pipes, semaphores and shared memory by number or name, and a resource tracker that
# outlives its parent. Pools and what runs under managers have scripts of their own.
# timeout: 600
# shellcheck source=tests/hosts/lib-python.sh
. "$(dirname "$0")/lib-python.sh"
extra=(-m 'test.test_multiprocessing_spawn.WithProcesses*' -i '*Pool*')
spawned() { python_tests test_multiprocessing_spawn; }
both spawned
processes 50
names 'sem' 'multiprocessing|SemLock|_multiprocessing'
finish
