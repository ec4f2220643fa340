#!/bin/bash
# The example of an analyser of one's own is what people begin with: its figures must be those of `ctrace threads` and `ctrace locks`.
set -eu
block_time=$BUILD/examples/block_time
[ "$(wc -l <"$TOP/examples/block_time/block_time.c")" -lt 80 ]

# by hand: of worker's waits of 200 us, 8 us were after the release; 20 us were short
sed -n '/^-- trace --/,/^-- report/p' "$TOP/tests/trace/views-convoy.ctt" | sed '1d;$d' >hand.txt
ctrace raw --encode hand.txt -o hand.ctrace
"$block_time" hand.ctrace >hand.out
diff hand.out - <<'END'
     1050000 ns  main, 1 threads: others 20000 io 25000 calls 5000 sleep 1000000
      212000 ns  worker, 2 threads: contention 212000
END

# recorded: what began in each function, and blocked time is waiting time without what came after the release
ctrace-run -q --sched=off -o p.ctrace -- "$BUILD/examples/pipeline" 2000 >program.out
"$block_time" p.ctrace >p.out 2>p.err
for start in main parse transform store; do
	grep -q " ns  $start, 1 threads:" p.out
done
waited=$(ctrace threads --json p.ctrace | jq '[.threads[].by_reason[].total_ns] | add')
blocked=$(awk '{ s += $1 } END { printf "%d", s }' p.out)
echo "blocked $blocked of waited $waited"
[ "$blocked" -gt 0 ]
[ "$blocked" -le "$waited" ]

# what is wrong with a file is one line, and exit status 2
for file in /etc/passwd missing; do
	status=0
	"$block_time" $file >bad.out 2>bad.err || status=$?
	[ $status -eq 2 ]
	[ "$(wc -l <bad.err)" -eq 1 ]
	[ ! -s bad.out ]
done
