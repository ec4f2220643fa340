#!/bin/bash
# python_spawn_managers.sh - the rest of python's own tests of multiprocessing with processes that are spawned: the same tests pass as bare.
#
# Objects that live in a manager's process and are reached through its sockets, start methods, resource trackers and what must not be
# inherited.  What shares memory and semaphores is in python_spawn.sh, pools are in python_spawn_pools.sh.
# timeout: 600
# shellcheck source=tests/hosts/lib-python.sh
. "$(dirname "$0")/lib-python.sh"
extra=(-i 'test.test_multiprocessing_spawn.WithProcesses*' -i '*Pool*')
managed() { python_tests test_multiprocessing_spawn; }
both managed
processes 50
finish
