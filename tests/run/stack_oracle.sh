#!/bin/bash
# stack_oracle.sh - our stacks against libunwind's, on C and C++ built in every usual way.
# timeout: 240
#
# The tracer's stacks come from an unwinder of its own, because none that exists may be loaded
# into other people's processes.  It is believed only while it agrees with one that exists: at
# least 99.9 % of the stacks must be equal, and each of the others must have a reason.

set -u
[ "$(uname -m)" = x86_64 ] || { echo "the oracle is built for x86-64" >&2; exit 77; }
bin=$BUILD/run
cc=${CC:-cc}
fail=0

# Two libraries of the same size and with code at the same places, but different frames.
for v in a b; do
	room=$([ $v = a ] && echo 16 || echo 112)
	cat >"$v.c" <<-END
		static volatile int sink;
		__attribute__((noinline)) static void inner(void (*f)(void), int n)
		{
			volatile char room[$room];
			room[n] = 1;
			n ? inner(f, n - 1) : f();
			sink += room[n];
		}
		void through(void (*f)(void), int n)
		{
			inner(f, n);
			sink++;
		}
	END
	if "$cc" -O2 -shared -fPIC -o "lib$v.so" "$v.c"; then
		if [ $v = a ]; then 
			export ORACLE_LIB_A=$PWD/liba.so
		else
			export ORACLE_LIB_B=$PWD/libb.so
		fi
	fi
done

try() { # title, environment and command
	echo "$1"
	shift
	env "$@"
	local rc=$?
	[ $rc = 77 ] && exit 77
	[ $rc = 0 ] || { echo "  exit status $rc" && fail=1; }
}

oracle=LD_PRELOAD=$bin/stack_oracle
for p in stack_work stack_work_O0 stack_work_O3 stack_work_fp stack_work_cxx; do
	try "$p" "$oracle" "$bin/$p"
done
try "stack_work, with the frames of the unwinder itself" ORACLE_KEEP_OWN=1 "$oracle" "$bin/stack_work"
try "stack_work_fp, on a coroutine's stack" ORACLE_FOREIGN=1 "$oracle" "$bin/stack_work_fp" foreign
exit $fail
