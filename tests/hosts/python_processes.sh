#!/bin/bash
# python_processes.sh - python's own tests of subprocess and multiprocessing, forked: the same tests pass as bare.
#
# Pools, queues, locks and shared memory between processes: named semaphores, pipes, forks from threads, and hundreds of short processes.
# timeout: 240
# shellcheck source=tests/hosts/lib-python.sh
. "$(dirname "$0")/lib-python.sh"
for case in Lock Semaphore Condition Event Barrier Queue Connection Value Poll SharedMemory Heap; do
	extra+=(-m "test.test_multiprocessing_fork.WithProcesses*$case*")
done
extra+=(-m 'test.test_subprocess.*POSIX*' -m 'test.test_subprocess.ProcessTestCase.*' -m '*test_fork*' -m 'test.test_wait*' -i '*Pool*' -i '*many_processes*')
processes_() { python_tests test_subprocess test_fork1 test_wait3 test_wait4 test_multiprocessing_fork; }
both processes_
processes 100
names 'sem' 'multiprocessing|SemLock|_multiprocessing'
finish
