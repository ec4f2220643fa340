#!/bin/bash
# unreached_go.sh - a real Go program: its runtime makes threads whenever it likes, and each has the time on a CPU that the kernel counted for it.
#
# serial: it measures time
set -eu
# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/../fault/lib-fault.sh"
# shellcheck source=tests/run/lib-ran.sh
. "$(dirname "$0")/lib-ran.sh"
need jq go
need_parts run tools
scratch
cat >main.go <<'END'
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// each in a thread of its own: its tid, and what the kernel counted for that
func work(d time.Duration, wg *sync.WaitGroup) {
	defer wg.Done()
	runtime.LockOSThread()
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
	time.Sleep(time.Millisecond)
	text, err := os.ReadFile("/proc/thread-self/schedstat")
	if err != nil {
		os.Exit(4)
	}
	fmt.Println(syscall.Gettid(), strings.Fields(string(text))[0])
}

func main() {
	var wg sync.WaitGroup
	for i := 1; i <= 4; i++ {
		wg.Add(1)
		go work(time.Duration(i)*20*time.Millisecond, &wg)
	}
	wg.Wait()
}
END
CGO_ENABLED=0 GOCACHE=$PWD/cache GOFLAGS=-mod=mod go build -o server main.go
for source in bpf perf; do
	before=$(stolen_ns)
	"$CTRACE_RUN" -q --sched=exact --sched-source=$source -o t.ctrace -- ./server >out 2>err || {
		grep -q 'statically linked' err || fail "$source: $(cat err)"
		echo "not tried: $source is not to be had"
		continue
	}
	"$CTRACE" validate t.ctrace >valid || fail "$source: $(cat valid)"
	"$CTRACE" threads --json t.ctrace >threads.json
	while read -r tid run; do
		ran_as_said $source "$tid" "$run" "$before" "$(jq --argjson tid "$tid" '.threads[] | select(.tid == $tid)' threads.json)"
	done <out
	[ "$(wc -l <out)" -eq 4 ] || fail "$source: the program said $(cat out)"
	"$CTRACE" report t.ctrace | grep -q '^server (pid [0-9]*) is a static program: what its threads waited for is not recorded' || fail "$source: report does not say so"
done
finish
