# shellcheck shell=bash
#
# lib-hostile.sh - traces that exports must get right in spite of themselves.  Sourced by parts, after lib-interop.sh.
: "${dir:?a scratch folder}"

# Ten thousand threads, that each wait once; names with control characters, quotes, commas, what is no UTF-8, and of ten thousand bytes.
make_hostile() { # file
	{
		cat <<-'END'
			ctrace 1
			header start_mono_ns=1000000 end_mono_ns=900000000
			lost 0 count=5
			process 0 pid=100 exe="/bin/a\x0ab,\"c\"" cmdline="a\x01\xff\xc0\x80 \"q\", 'x' \xed\xa0\x80 \xe2\x82\xac =1+1" begin=1000000 end=900000000 flags=7 state=3
			module 1 path="/lib/\xf5\x80,\x7f.so"
		END
		printf 'symbol 1:0x100 function="%s<\\x0a\\xfe\\",>" file="/src/%s.cc" line=7\n' \
			"$(printf 'n%.0s' $(seq 10000))" "$(printf 'f%.0s' $(seq 1000))"
		cat <<-'END'
			symbol 1:0x200 function="" file="" line=0
			data 1:0x9000 name="lock\x0d\x0a,\"\xff" file="/src/x.c" line=1
			stack deep 1:0x100 1:0x200 1:0x100 stop:1
			chunk slot=0 thread=1 tid=100 base=1000000
			thread_begin @1000000 thread=1 tid=100
			object +10 op=mutex object=lock data=1:0x9000
			lost +10 reason=0 count=5 span=1000 thread=1
			thread_end @800000000
		END
		seq 1 9999 | awk '{
			print "chunk slot=" $1 " thread=" $1 + 1 " tid=" $1 + 100 " base=2000000"
			print "thread_begin @2000000 thread=" $1 + 1 " tid=" $1 + 100 " parent=1"
			print "thread_name +0 thread=" $1 + 1 " name_lo=0xff0a2c2241 name_hi=0"
			print "wait @" 3000000 + $1 * 1000 " op=mutex dur=" 1000 + $1 " object=lock stack=deep owner=100"
			print "thread_end @700000000"
		}'
	} >"$dir/hostile.txt"
	ctrace raw --encode "$dir/hostile.txt" -o "$1"
}
