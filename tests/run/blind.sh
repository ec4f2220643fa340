#!/bin/bash
# blind.sh - a trace that cannot show a wait says where that may be, and a program that hides nothing is accused of nothing.
#
# What cannot be seen from inside looks like time the thread ran; a user would look for the cause where it is not.
set -eu
P=$BUILD/run/blind
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}
: "${CC:=gcc}"
command -v "$CC" >/dev/null || { echo "no $CC to make libraries with" && exit 77; }
case $(uname -m) in
x86_64) insn='mov $202, %eax\nsyscall\nret' plain='mov $186, %eax\nsyscall\nret' const='mov $0x050f, %eax\nret' ;;
aarch64) insn='mov w8, #98\nsvc #0\nret' plain='mov w8, #178\nsvc #0\nret' const='mov w0, #1\nret' ;;
*) echo "not written for this machine" && exit 77 ;;
esac
library() { # name assembly
	printf '.section .note.GNU-stack,"",%%%%progbits\n.text\n.globl f\n.type f,%%%%function\nf:\n.cfi_startproc\n%b\n.cfi_endproc\n.size f,.-f\n' "$2" |
		sed 's/%%/%/' >"$1.s"
	"$CC" -shared -o "lib$1.so" "$1.s"
}
library futex "$insn"     # waits
library gettid "$plain"   # enters the kernel and does not wait
library constant "$const" # has the bytes of a system call in a number

# runs the program until ctrace-run has seen what it has mapped; blind spots go to `got`
spots() { # what lib
	rm -f t.ctrace
	[ -p go ] || mkfifo go
	ctrace-run -q -o t.ctrace -- "$P" "$@" <go &
	exec 7>go
	# in the middle of its read it has everything loaded; a look that begins after that sees it
	until [ "$(blocked)0" -gt 0 ]; do kill -0 $!; done
	before=$(looks)
	until [ "$(looks)" -gt $((before + 1)) ]; do kill -0 $!; done
	exec 7>&-
	wait $! || fail "$*: exit $?"
	ctrace validate t.ctrace >out || fail "$*: $(cat out)"
	ctrace info --json t.ctrace | jq -r '.blind[] | "\(.kind) \(.path // "" | sub(".*/"; "")) \(.detail // "")" | sub(" *$"; "")' | sort >got
}
# nothing at all where there is no trace yet
blocked() { ctrace waits --blocked --json t.ctrace 2>/dev/null | jq '.waits | length'; }
looks() { ctrace ps --json t.ctrace | jq '.processes[0].looks'; }

due() { # what lines...
	local what=$1
	shift
	printf '%s\n' "$@" | sed '/^$/d' >due
	diff due got >differences || { fail "$what: blind spots due (<) and found (>):" && cat differences; }
}

spots none
due none ''
spots plain "$PWD/libfutex.so"
due 'a library that waits' 'calls libfutex.so futex'
ctrace report t.ctrace | grep -q '^blind: system calls of their own in libfutex.so: waits there are not recorded' || fail "report does not say so"
ctrace info --blind t.ctrace >out
grep -q 'libfutex.so$' out && grep -q 'makes system calls itself (futex)' out || fail "info --blind: $(cat out)"
spots plain "$PWD/libgettid.so"
due 'a library that does not wait' ''
spots plain "$PWD/libconstant.so"
due 'a number that looks like it' ''
spots deepbind "$PWD/libconstant.so"
due deepbind 'deepbind libconstant.so'
spots namespace "$PWD/libconstant.so"
due namespace 'namespace libconstant.so'
spots made
due made 'made'

# dlopen's search goes by who calls it
mkdir there
"$CC" -shared -o there/libhere.so constant.s
"$CC" -o caller -x c - -ldl -Wl,--enable-new-dtags,-rpath,"\$ORIGIN/there" <<'END'
#include <dlfcn.h>
int main(void) { return dlopen("libhere.so", RTLD_NOW) ? 0 : 1; }
END
./caller && ctrace-run -q -o c.ctrace -- ./caller || fail "dlopen no longer finds what is in the caller's RUNPATH"

# a program with a thread library of its own
"$CC" -O1 -o own -x c - <<'END'
#include <unistd.h>
int sem_wait(void *s) { return s == 0; }
int main(void) { char c; return read(0, &c, 1) < 0 || sem_wait((void *)1); }
END
ctrace-run -q -o o.ctrace -- ./own </dev/null
ctrace info --json o.ctrace | jq -r '.blind[] | select(.kind == "own") | "\(.path | sub(".*/"; "")) \(.detail)"' >got
due 'functions of its own' 'own sem_wait'
exit $((failures > 0))
