# shellcheck shell=bash disable=SC2154  # $dir is of lib-interop.sh
#
# lib-go.sh - go tool trace and the strict validator of a release of Go, built once and kept.

# go_tools RELEASE: sets go_root, go_number, go_trace and go_strict; returns 1 with a line when it cannot be had.
go_tools() {
	local here bin path=internal/trace status=0
	here=$(dirname "${BASH_SOURCE[0]}")
	go_root=$("$here/get-go.sh" "$1" "$INTEROP_DIR" 2>"$dir/get-go") || {
		step "SKIP: go $1: $(tail -n 1 "$dir/get-go")"
		return 1
	}
	go_number=${go_root%/go} go_number=${go_number##*/go-}
	bin=${go_root%/go}/bin
	go_trace=$bin/trace go_strict=$bin/strict
	mkdir -p "$bin"
	[ -d "$go_root/src/internal/trace/testtrace" ] || path=internal/trace/v2
	if [ ! -x "$go_trace" ]; then
		step "building go tool trace of $go_number"
		go_build "$go_root/src/cmd/trace" "$go_trace" || status=1
	fi
	if [ ! "$go_strict" -nt "$here/strict.go" ]; then
		mkdir -p "$go_root/src/cmd/ctstrict"
		# what only later releases have is commented out in the source
		sed -e "s,\"TRACE,\"$path," -e "$([ "${go_number#1.}" -lt 25 ] || echo 's,//1.25 ,,')" "$here/strict.go" \
			>"$go_root/src/cmd/ctstrict/main.go"
		go_build "$go_root/src/cmd/ctstrict" "$go_strict" || status=1
	fi
	[ $status -eq 0 ] || { step "FAIL: the tools of go $go_number cannot be built:" && tail -n 5 "$dir/go-build" && exit 1; }
}

go_build() { # folder, program
	(cd "$1" && GOTOOLCHAIN=local GOPROXY=off GOFLAGS='' CGO_ENABLED=0 GOROOT=$go_root GOCACHE=${go_root%/go}/cache GOPATH=${go_root%/go}/path \
		"$go_root/bin/go" build -o "$2" .) >"$dir/go-build" 2>&1
}
