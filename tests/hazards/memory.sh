#!/bin/bash
# memory.sh - no /dev/shm, a full one, one of 64 MB as containers have it, one that is read-only.
#
# The recorder's memory lies there.  Where it cannot, another place is taken or the program runs unrecorded; a page that is not there must
# never be touched, for that is SIGBUS.
# timeout: 120
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/../fault/lib-fault.sh"
own_mounts "$@"
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
unset OWN_MOUNTS
P=$BUILD/run/harm_processes
mount -t tmpfs -o size=1m tmpfs /dev/shm 2>/dev/null || skip "tmpfs cannot be mounted"
umount /dev/shm

recorded() { # what expected-output arguments...: the program's output is right, at most one line is said, and a trace without one
	local what=$1 want=$2 status=0
	shift 2
	rm -f t.ctrace
	timeout 60 "$CTRACE_RUN" -q -o t.ctrace "$@" >out 2>err || status=$?
	[ $status -eq 0 ] && [ "$(cat out)" = "$want" ] || fail "$what: status $status: $(head -n 2 out err)"
	[ "$(wc -l <err)" -le 1 ] || fail "$what: says $(head -n 3 err)"
	if [ -s err ]; then echo "$what: $(cat err)"; else good t.ctrace "$what"; fi
	[ ! -e t.ctrace ] || opens t.ctrace "$what"
}
chain='chain: six generations'
many='2000 threads one after another, 500 at once'
run_all() { # what
	recorded "$1" "$chain" -- "$P" chain
	recorded "$1, 500 threads" "$many" -- "$P" many
	recorded "$1, every wait" "$chain" --threshold 0 -- "$P" chain
	recorded "$1, a ring" "$chain" --ring 64M -- "$P" chain
}

with() { # what mount-options
	mount -t tmpfs -o "$2" tmpfs /dev/shm || skip "tmpfs cannot be mounted"
	run_all "$1"
	case $1 in
	*empty*) [ -z "$(ls /dev/shm)" ] || fail "$1: left in /dev/shm: $(ls -R /dev/shm | head -n 3)" ;;
	esac
	umount /dev/shm
}
with "64 MB, empty" size=64m
[ -s t.ctrace ] || fail "64 MB: no trace"
with "1 MB, empty" size=1m
with "64 KB, empty" size=64k
with "read-only" size=64m,ro
with "few inodes" size=64m,nr_inodes=2
# full but for some pages: the memory that is there first is, what comes later is not
for room in 0 100 1000 3000 6000; do
	mount -t tmpfs -o size=32m tmpfs /dev/shm
	head -c $((32 * 1024 * 1024 - room * 1024)) /dev/zero >/dev/shm/filler
	run_all "$room KB free"
	umount /dev/shm
done
# none at all: a folder nobody may write to, or no such folder
mount -t tmpfs -o mode=0,size=64k,nr_inodes=1 tmpfs /dev/shm
run_all "nothing can be made"
umount /dev/shm
mkdir dev
if mount -t tmpfs tmpfs dev && cp -a /dev/null /dev/zero /dev/urandom /dev/tty dev 2>/dev/null && mount --move dev /dev 2>/dev/null; then
	run_all "no /dev/shm"
else
	echo "no /dev/shm: not tried, a /dev of our own is not allowed here"
fi
finish
