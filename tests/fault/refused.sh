#!/bin/bash
# refused.sh - programs that cannot be run, or not be traced: one line, and 127 or 126 like a shell.
#
# A setuid program would run untraced and leave an empty trace without a word, a 32-bit one would print
# the dynamic linker's complaint.  Both look like a broken tracer.  So would a static program where nobody
# tells of switches; where somebody does it is recorded (run/unreached.sh).  --best-effort runs what can
# run, untraced, and still says so.
set -eu
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/lib-fault.sh"
need_parts run
scratch
mkelf=$BUILD/fault/mkelf

sched=auto

# Runs a command under ctrace-run and checks status, the one line and that nothing was run.
refuse() { # what "statuses" command...
	local what=$1 want=$2 rc=0
	shift 2
	rm -f t.ctrace
	timeout 20 "$CTRACE_RUN" --sched=$sched -o t.ctrace -- "$@" >out 2>err </dev/null || rc=$?
	[[ " $want " = *" $rc "* ]] || fail "$what: status $rc, not $want"
	[ "$(wc -l <err)" -eq 1 ] || fail "$what: $(wc -l <err) lines instead of one: $(head -n 3 err)"
	grep -q '^ctrace-run: ' err || fail "$what: '$(head -n 1 err)' does not begin with ctrace-run:"
	[ ! -s out ] || fail "$what: it ran"
	[ ! -e t.ctrace ] || fail "$what: there is a trace"
}

refuse "no such program" 127 ./nothing-here
refuse "no such program in PATH" 127 nothing-here-at-all
printf '#!/bin/sh\necho ran\n' >script
refuse "not executable" 126 ./script
refuse "a folder" 126 "$PWD"
printf '#!/no/such/interpreter\n' >lost && chmod +x lost
refuse "a script without its interpreter" "126 127" ./lost
sched=off
for kind in 32bit musl aarch64; do
	"$mkelf" $kind ./$kind
	refuse "$kind" "126 127" ./$kind
done
sched=auto
refuse "aarch64, switches" "126 127" ./aarch64
sched=off

cat >static.c <<-EOF
	#include <stdio.h>
	int main(void) { puts("ran"); return 3; }
EOF
if ${CC:-cc} -static -o static static.c 2>/dev/null; then
	refuse "static" "126 127" ./static
	printf 'an older trace' >t.ctrace
	"$CTRACE_RUN" --sched-source=user -o t.ctrace -- ./static >out 2>err && fail "static, --sched-source=user: it ran"
	[ "$(cat t.ctrace)" = 'an older trace' ] || fail "static: it was refused, and the trace that was there is gone"
	rc=0
	"$CTRACE_RUN" --sched=off --best-effort -o t.ctrace -- ./static >out 2>err || rc=$?
	[ $rc -eq 3 ] || fail "static, --best-effort: status $rc, not the program's 3"
	[ "$(cat out)" = ran ] || fail "static, --best-effort: did not run"
	[ "$(wc -l <err)" -eq 1 ] || fail "static, --best-effort: $(wc -l <err) lines instead of one"
else
	echo "no static libc here: static not tried"
fi
${CC:-cc} -o plain static.c
sched=auto
if [ "$(id -u)" -eq 0 ] && cp plain setuid && chown nobody setuid && chmod 4755 setuid &&
	! findmnt -n -o OPTIONS -T . 2>/dev/null | grep -q nosuid; then
	refuse "setuid" "126 127" ./setuid
else
	echo "setuid not tried: it needs root and a file system that honours it"
fi
finish
