#!/bin/bash
# The line about blind spots names each module once, of however many processes: it looked at all before each, and 400,000 of them took minutes.
set -eu
{
	echo 'ctrace 1'
	echo 'process 0 pid=100 exe="/bin/app" begin=1000 end=900000 exit=0 flags=7 state=3'
	seq 0 199999 | sed 's,.*,blind & process=0 kind=2 path="/lib/a.so" count=1,'
	seq 200000 399999 | sed 's,.*,blind & process=0 kind=1 path="/lib/b.so" count=1,'
} >t.txt
ctrace raw --encode t.txt -o t.ctrace
ctrace report t.ctrace | grep -F 'system calls of their own in b.so; a Go runtime in a.so'
