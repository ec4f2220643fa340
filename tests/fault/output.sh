#!/bin/bash
# output.sh - an output folder that is read-only or full, from the start or half way.
#
# A tracer that fails its program because of a full disk costs more than it brings.  The program must
# run as if nothing were wrong, with its own output and status; ctrace-run must say what is
# missing; what did fit must open.
# timeout: 120
set -eu
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/lib-fault.sh"
need unshare mount
need_parts run tools
own_mounts "$@"
scratch

# Records into DIR, a program that makes many records; checks all that must hold anywhere.
record() { # what dir
	local rc=0 elsewhere
	timeout 60 "$CTRACE_RUN" --threshold 0 -o "$2/t.ctrace" -- \
		sh -c "'$BUILD/bench/gen6m' -n 2000000 -w 200 && exit 9" >out 2>err || rc=$?
	[ $rc -eq 9 ] || fail "$1: status $rc instead of the program's 9"
	[ "$(cat out)" = "gen6m 1980000 20000" ] || fail "$1: the program's output is '$(head -c 200 out)'"
	[ -s err ] || fail "$1: not a word about it"
	elsewhere=$(sed -n 's/.*the trace is in \(.*\)$/\1/p' err | head -n 1)
	if [ -n "$elsewhere" ]; then
		opens "$elsewhere" "$1: $elsewhere"
		case $elsewhere in /dev/shm/ctrace-*/trace.ctrace) rm -r "${elsewhere%/*}" ;; esac
	fi
	! grep -qi 'assert\|segmentation\|core dumped' err || fail "$1: $(head -n 1 err)"
}

# a trace that cannot go where it should goes there, and with these mounts
mount -t tmpfs tmpfs /dev/shm || skip "tmpfs cannot be mounted"

mkdir ro full small
mount -t tmpfs -o size=64k,ro tmpfs ro || skip "tmpfs cannot be mounted"
record "read-only" ro
[ ! -e ro/t.ctrace ] || fail "read-only: wrote a file"

mount -t tmpfs -o size=64k tmpfs full
head -c 65536 /dev/zero >full/filler
record "full from the start" full
grep -qi 'no space\|full\|lost' err || fail "full from the start: '$(head -n 1 err)' does not say why"

mount -t tmpfs -o size=1m tmpfs small
record "full half way" small
grep -qi 'no space\|full\|lost' err || fail "full half way: the summary does not say what was lost"
[ -s small/t.ctrace ] && opens small/t.ctrace "full half way"

umount ro full small
finish
