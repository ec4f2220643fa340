# shellcheck shell=bash disable=SC2034  # sourced, not run
#
# lib-harm.sh - for tests that hold a traced program against the same program bare.

# shellcheck source=tests/fault/lib-fault.sh
. "$(dirname "$0")/../fault/lib-fault.sh"

need jq
need_parts run tools preload
scratch
subjects=$BUILD/run
unset CTRACE_ARENA CTRACE_DIR CTRACE_THRESHOLD LD_PRELOAD

# Runs a command and keeps what can be seen of it from outside: output, errors, status.
seen() { # name command...
	local name=$1 status=0
	shift
	"$@" >"$name.out" 2>"$name.err" || status=$?
	echo "status $status" >>"$name.out"
}

alike() { # name: as bare?
	diff bare.out "$1.out" >differences || { fail "$1: other output than bare"; head -n 20 differences; }
	diff bare.err "$1.err" >differences || { fail "$1: other errors than bare"; head -n 20 differences; }
}

good() { # trace what
	[ -s "$1" ] || { fail "$2: no trace" && return; }
	opens "$1" "$2"
}

# The program bare; preloaded alone; under the launcher; recording everything; into a ring.  Must look the same each time.
compare() { # program arguments...
	local trace name
	rm -rf ./*.ctrace rings
	mkdir rings
	seen bare "$@"
	grep -qx 'status 0' bare.out || { fail "bare: $(tail -n 1 bare.out)"; head -n 5 bare.out bare.err; return; }
	seen preload env LD_PRELOAD="$LIBCTRACE" CTRACE_DIR="$PWD/rings" "$@"
	alike preload
	for trace in rings/*.ctrace; do good "$trace" "preload: ${trace##*/}"; done
	seen run "$CTRACE_RUN" -q -o run.ctrace -- "$@"
	seen run0 "$CTRACE_RUN" -q --threshold 0 -o run0.ctrace -- "$@"
	seen ring "$CTRACE_RUN" -q --threshold 0 --ring 1M -o ring.ctrace -- "$@"
	for name in run run0 ring; do
		alike $name
		good $name.ctrace $name
	done
}
