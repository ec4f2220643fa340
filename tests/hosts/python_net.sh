#!/bin/bash
# python_net.sh - python's own tests of sockets and asyncio: the same tests pass as bare.
#
# Every socket call with every odd argument, timeouts and interruptions by signals among them, and event loops with processes and threads.
# timeout: 240
# shellcheck source=tests/hosts/lib-python.sh
. "$(dirname "$0")/lib-python.sh"
extra=(-i '*ssl*' -i '*SSL*' -i '*sendfile*' -i '*huge*' -i '*sock_client_fail*' -i '*SurrogateescapeBind*' -m 'test.test_s*' -m 'test.test_[!a]*')
for part in streams unix_events locks queues server sock_lowlevel subprocess threads runners; do extra+=(-m "test.test_asyncio.test_$part.*"); done
net() { python_tests test_socket test_socketserver test_select test_selectors test_poll test_epoll test_asyncio; }
both net
processes 5
says 'accept|epoll_wait|poll'
finish
