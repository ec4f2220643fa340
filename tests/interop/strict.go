// strict.go - reads Go traces with Go's own reader and holds every event against the validator of Go's own tests.
//
// It is built inside a private copy of a release of Go, because both are internal there: see lib-go.sh, which also puts the import path
// of that release in place of TRACE.
package main

import (
	"TRACE"
	"TRACE/testtrace"
	//1.25 "TRACE/version"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// One line about a file: what is in it, or what is wrong with it.
// minor: of the format it is in, 22 for "go 1.22 trace".
func check(path string, minor int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := trace.NewReader(bufio.NewReader(f))
	if err != nil {
		return err
	}
	v := testtrace.NewValidator()
	//1.25 v.GoVersion = version.Version(minor)
	kinds := map[trace.EventKind]int{}
	n := 0
	for {
		ev, err := r.ReadEvent()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("after %d events: %w", n, err)
		}
		if err := v.Event(ev); err != nil {
			return fmt.Errorf("event %d is not valid: %w", n, err)
		}
		kinds[ev.Kind()]++
		n++
	}
	fmt.Printf("%s: %d events", path, n)
	for _, k := range []trace.EventKind{trace.EventStateTransition, trace.EventLabel, trace.EventLog, trace.EventMetric,
		trace.EventTaskBegin, trace.EventTaskEnd, trace.EventRegionBegin, trace.EventRegionEnd} {
		fmt.Printf(", %d %v", kinds[k], k)
	}
	fmt.Println()
	return nil
}

func main() {
	bad := 0
	minor, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Println("usage: strict MINOR FILE...")
		os.Exit(2)
	}
	for _, path := range os.Args[2:] {
		if err := check(path, minor); err != nil {
			fmt.Printf("%s: %v\n", path, err)
			bad = 1
		}
	}
	os.Exit(bad)
}
