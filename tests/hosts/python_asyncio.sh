#!/bin/bash
# python_asyncio.sh - all of python's own tests of asyncio: the same tests pass as bare.
#
# 2,300 tests of event loops with sockets, pipes, TLS, sendfile, subprocesses, signals and threads. Each file of them is a module of its own, so that two
# run at once.
# timeout: 600
# shellcheck source=tests/hosts/lib-python.sh
. "$(dirname "$0")/lib-python.sh"
all=$($python -c 'import os, test.test_asyncio as t; print(*sorted("test_asyncio." + f[:-3] for f in os.listdir(t.__path__[0]) if f.startswith("test_")))')
# shellcheck disable=SC2086
asyncio() { python_tests $all; }
both asyncio
processes 5
names 'sem' 'PyThread|python'
finish
