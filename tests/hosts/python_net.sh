#!/bin/bash
# python_net.sh - python's own tests of sockets: the same tests pass as bare.
#
# Every socket call with every odd argument, timeouts and interruptions by signals among them.
# timeout: 600
# shellcheck source=tests/hosts/lib-python.sh
. "$(dirname "$0")/lib-python.sh"
without_vsock
net() { python_tests test_socket test_socketserver test_select test_selectors test_poll test_epoll; }
both net
says 'accept|epoll_wait|poll'
finish
