#!/bin/bash
# python_threads.sh - python's own tests of threads, queues and signals: the same tests pass as bare.
#
# The interpreter lock is a condition variable with a 5 ms time limit; locks are semaphores; the tests fork with threads running, die by signals and
# count their threads.
# timeout: 240
# shellcheck source=tests/hosts/lib-python.sh
. "$(dirname "$0")/lib-python.sh"
threads() { python_tests test_threading test_queue test_thread test_threadsignals test_threading_local test_thread_local_bytecode; }
both threads
processes 20
names 'cond' 'python|take_gil|Py'
names 'sem' 'python|PyThread|lock'
finish
