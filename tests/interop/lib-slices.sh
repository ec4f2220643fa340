# shellcheck shell=bash
#
# lib-slices.sh - what the formats with slices (perfetto, chrome, firefox) are tried with beside the traces of lib-interop.sh: names that break writers, and many
# threads.  Sourced by the parts.

# shellcheck source=tests/interop/lib-interop.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-interop.sh"
# shellcheck disable=SC2034  # for the parts
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v python3 >/dev/null || skip "python3 is not installed"

# Control characters, bytes that are no UTF-8, quotes, and a C++ symbol of 10,000 characters.
hostile() {
	local long
	long=$(head -c 10000 /dev/zero | tr '\0' 'x')
	printf '%s\n' 'ctrace 1' 'header start_mono_ns=1000000 end_mono_ns=9000000' \
		'process 0 pid=100 exe="/bin/a\"b\x01\xff\\c" cmdline="\xc3\x28 \x1b[31m" begin=1000000 end=9000000 flags=7 state=3' \
		'module 1 path="/bin/a\"b\x01\xff" build_id=00a1b200 lo=0x1000 hi=0x9000' \
		"symbol 1:0x1100 function=\"ns::f<$long>(char const*)\" file=\"\\xe2\\x28\\xa1.cc\" line=7" \
		'symbol 1:0x1200 function="in\x09ner\x0a\x7f" file="a.c" line=1 flags=1' 'symbol 1:0x1200 function="outer\"\\" file="a.c" line=2' \
		'data 1:0x4000 name="lock\xf0\x9f" file="a\x08.c" line=3' 'stack s 1:0x1200 1:0x1100 stop:2' \
		'chunk slot=0 thread=1 tid=100 base=1000000' 'thread_begin @1000000 thread=1 tid=100 routine=1:0x1100' \
		'thread_name @1000001 thread=1 name="\x80\xff\x01\"\\ \x1b"' 'wake @2500000 op=mutex object=m stack=s' 'thread_end @8000000' \
		'chunk slot=1 thread=2 tid=101 base=1500000' 'thread_begin @1500000 thread=2 tid=101 parent=1' \
		'object @3000000 op=mutex object=m data=1:0x4000' \
		'wait @3000000 op=mutex dur=1500000 wake_ago=500000 object=m stack=s owner=100 waker=1 waker_stack=s' \
		'wait @4000000 op=cond dur=500000 object=c stack=s result=110' 'wait @5000000 op=read dur=500000 object=8 stack=s result=-104' \
		'lost @6000000 reason=0 count=3 span=100000 thread=2' 'thread_end @7000000'
}

threads() { # n: as many, each with a wait that the one before ends
	awk -v n="$1" 'BEGIN {
		print "ctrace 1\nheader start_mono_ns=1000000 end_mono_ns=99000000"
		print "process 0 pid=100 exe=\"/bin/many\" begin=1000000 end=99000000 flags=7 state=3"
		for (i = 1; i <= n; i++) {
			printf "chunk slot=%d thread=%d tid=%d base=1000000\n", i % 4096, i, 99 + i
			printf "thread_begin @1000000 thread=%d tid=%d parent=%d\n", i, 99 + i, (i > 1)
			if (i > 1)
				printf "wait @%d op=sem dur=%d wake_ago=400 object=s%d waker=%d\n", 3000000 + i * 5000, 1000000 + i, i % 99, i - 1
			printf "thread_end @98000000\n"
		}
	}'
}

make_more_traces() {
	hostile >"$dir/text" && ctrace raw --encode "$dir/text" -o "$dir/traces/hostile.ctrace" || return 1
	threads 10000 >"$dir/text" && ctrace raw --encode "$dir/text" -o "$dir/traces/threads.ctrace"
}

exports() { # format: all traces into a folder
	local trace name status
	mkdir -p "$dir/$1"
	for trace in "$dir"/traces/*.ctrace; do
		name=${trace##*/} name=${name%.ctrace}
		status=0
		ctrace export --format="$1" -o "$dir/$1/$name" "$trace" 2>"$dir/err" || status=$?
		[ $status -le 1 ] && [ -s "$dir/$1/$name" ] || { echo "$name: exit $status: $(tail -n 1 "$dir/err")" && return 1; }
	done
}

each() { # format command...: the command on each export; says which it refuses
	local file bad=0 format=$1
	shift
	for file in "$dir/$format"/*; do
		"$@" "$file" >"$dir/each" 2>&1 || { echo "${file##*/}: $(tail -n 1 "$dir/each")" && bad=1; }
	done
	return $bad
}
