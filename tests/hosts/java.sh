#!/bin/bash
# java.sh - openjdk: threads, monitors, java.util.concurrent, processes and sockets; the same output and statuses as bare.
#
# The virtual machine has mutexes, condition variables and semaphores of its own kind, stops threads at safepoints by signals, catches
# faults to make exceptions of them, and starts processes through a helper. Its stacks are mostly compiled at run time.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need java javac
unset JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS
javac -d classes "$(dirname "$0")"/*.java || skip "this javac does not know the program"

run() { # java options...
	local status=0
	"${T[@]}" java "$@" -cp ../classes Host || status=$?
	echo "java $status"
	ls
}
usual() { run; }
interpreted() { run -Xint -XX:+UseSerialGC; }
small() { run -Xss256k -Xmx64m -XX:+UseParallelGC; }
dumped() { # a thread dump on SIGQUIT goes to standard output, and SIGTERM runs the hooks
	serve java -cp ../classes Waits
	await grep -q ready log || return
	kill -QUIT "$server_pid"
	await grep -q 'JNI global refs' log
	stop TERM
	grep -cE '^"(waiting-[0-9]|main|Reference Handler)' log
	grep -x hook log
}
both usual
processes 20
names 'cond|mutex' 'libjvm|Monitor|Park|pthread'
says 'libjvm|java'
both interpreted
both small
both dumped
finish
