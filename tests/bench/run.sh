#!/bin/sh
# run.sh - what ctrace costs on small loops, in bytes, at start, in memory and when read back.
#
#	run.sh [--quick] [--rounds R] [--check] [--via run|preload|control] [--only PATTERN]
#
# Each row runs bare and traced in turn, R rounds (default 5), which of the two goes first changing
# every round.  The figure is the median over the rounds of traced/bare (or traced minus bare) of
# one round, with the smallest and largest: neighbours' bursts then hit one round, not the result.
# A figure over its goal does not fail the run unless --check is given.  Loops are timed by the
# program itself, so tool start and finish are in no ratio; "start" measures those.
#
# Rows ending in _t0 are the same loop with --threshold 0, where every wait becomes a record; _auto, _perf and _bpf that with the
# kernel's switches recorded as well, which the others do without.  Services (apps.sh) have the default, --sched=auto.
# --only takes an awk pattern of row names.  --via control traces with `env X=1`: the noise.
#
# Writes micro-raw.csv (every run) and micro.csv (the table) to BENCH_OUT.  lib.sh names the
# variables that point at other builds.
set -eu
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
# what recording the kernel's switches costs has rows of its own; options of a row come later and win
CTRACE_RUN_ARGS=${CTRACE_RUN_ARGS:---sched=off}

rounds=5 quick='' check='' via=run only=.
while [ $# -gt 0 ]; do
	case $1 in
	--quick) quick=1 rounds=3 ;;
	--check) check=1 ;;
	--rounds) rounds=$2 && shift ;;
	--via) via=$2 && shift ;;
	--only) only=$2 && shift ;;
	-h | --help) sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" && exit 0 ;;
	*) die "unknown option $1" ;;
	esac
	shift
done
check_via "$via"
micro=$BUILD/bench/micro
{ [ -x "$micro" ] && [ -x "$MEASURE" ]; } || die "no benchmark programs in $BUILD/bench: make subjects"
dir=$(mktemp -d "${TMPDIR:-/tmp}/ctrace-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$BENCH_OUT"
raw=$BENCH_OUT/micro-raw.csv table=$BENCH_OUT/micro.csv
echo 'row,round,variant,n,ns_per_op,cpu_ns_per_op,tree_wall_ns,tree_cpu_ns,max_rss_kib,trace_bytes,records,waits,wakes' >"$raw"
echo 'row,unit,bare,traced,value,min,max,cpu_value,goal,verdict' >"$table"
echo 0 >"$dir/over"

# ---- running ----------------------------------------------------------------------------------

# Runs a command bare or traced under the stopwatch; its output goes to $dir/out, the stopwatch's
# line to $dir/use, the trace to $dir/t.ctrace.
go() { # variant options command...
	variant=$1 options=$2
	shift 2
	rm -f "$dir"/use "$dir"/*.ctrace
	# Options are words by design.
	# shellcheck disable=SC2086
	case $variant-$via in
	bare-*) ;;
	traced-run) set -- "$CTRACE_RUN" -q $CTRACE_RUN_ARGS $options -o "$dir/t.ctrace" -- "$@" ;;
	traced-preload)
		[ -z "$options" ] || set -- "CTRACE_THRESHOLD=${options##* }" "$@"
		set -- env LD_PRELOAD="$LIBCTRACE" "$@"
		;;
	traced-control) set -- env X=1 "$@" ;;
	esac
	(cd "$dir" && "$MEASURE" -p -o "$dir/use" -- "$@" >"$dir/out" 2>"$dir/err") || {
		echo "run.sh: $variant run of '$*' failed:" >&2
		head -n 5 "$dir/err" >&2
		return 1
	}
}

both() { # round -> the order of this round
	if [ $(($1 % 2)) -eq 1 ]; then echo bare traced; else echo traced bare; fi
}

the_trace() { # the trace that the last traced run left
	for f in "$dir"/*.ctrace; do
		[ -f "$f" ] && echo "$f" && return
	done
	echo "$dir/none"
}

# Appends a run of micro to the raw file.
note() { # row round variant
	read -r _ n ns cpu waits wakes <"$dir/out"
	read -r wall tree_cpu rss _ <"$dir/use"
	bytes=- records=-
	if [ "$3" = traced ]; then
		trace=$(the_trace)
		bytes=$(file_bytes "$trace")
		[ "$bytes" = - ] || records=$(records_in "$trace")
	fi
	echo "$1,$2,$3,$n,$ns,$cpu,$wall,$tree_cpu,$rss,$bytes,$records,$waits,$wakes" >>"$raw"
}

# ---- reporting --------------------------------------------------------------------------------

wanted() { # row
	echo "$1" | awk -v p="$only" '{ exit $0 !~ p }'
}

row() { # name unit bare traced value min max cpu goal
	mark=$(verdict "$5" "$9")
	[ "$mark" != over ] || echo 1 >"$dir/over"
	echo "$1,$2,$3,$4,$5,$6,$7,$8,$9,$mark" >>"$table"
	printf '%-16s %9s %10s %10s %8s  %-19s %7s %7s  %s\n' "$1" "$2" "$3" "$4" "$5" "($6 - $7)" "$8" "$9" "$mark"
}

# Medians of a column of the raw file, of both variants and of what they make together.
column() { # row variant column
	awk -F, -v r="$1" -v v="$2" -v c="$3" '$1 == r && $3 == v && $c != "-" { print $c }' "$raw" | median
}

paired() { # row column ratio|add|percent
	awk -F, -v r="$1" -v c="$2" -v how="$3" '$1 == r { x[$2, $3] = $c; if ($2 > n) n = $2 }
		END { for (i = 1; i <= n; i++) {
			b = x[i, "bare"]; t = x[i, "traced"]
			if (how == "ratio") { if (b > 0) printf "%.4f\n", t / b } else printf "%.2f\n", t - b
		} }' "$raw" | median
}

first() { echo "$1"; }

# ---- the rows ---------------------------------------------------------------------------------

loop() { # row unit(ratio|ns) goal "launcher options" micro arguments...
	name=$1 unit=$2 goal=$3 options=$4
	shift 4
	wanted "$name" || return 0
	for round in $(seq "$rounds"); do
		for variant in $(both "$round"); do
			go "$variant" "$options" "$micro" "$@" || return 0
			note "$name" "$round" "$variant"
		done
	done
	how=ratio
	[ "$unit" = ratio ] || how=add
	# Each is "median min max".
	# shellcheck disable=SC2046,SC2086
	{
		bare=$(first $(column "$name" bare 5))
		traced=$(first $(column "$name" traced 5))
		cpu=$(first $(paired "$name" 6 $how))
		row "$name" "$unit" "$bare" "$traced" $(paired "$name" 5 $how) "$cpu" "$goal"
	}
}

# Bytes a record in traces that an earlier row has left in the raw file.
bytes_per_record() { # row goal
	wanted "bytes_$1" || return 0
	set -- "$1" "$2" "$(awk -F, -v r="$1" '$1 == r && $3 == "traced" && $11 > 0 && $10 != "-" {
		printf "%.3f\n", $10 / $11 }' "$raw" | median)"
	# shellcheck disable=SC2086
	row "bytes_$1" B/record - "$(first $3)" $3 - "$2"
}

start_exit() { # row goal options command...
	name=$1 goal=$2 with=$3
	shift 3
	wanted "$name" || return 0
	many=$((rounds * 4))
	for round in $(seq "$many"); do
		for variant in $(both "$round"); do
			go "$variant" "$with" "$@" || return 0
			read -r wall cpu rss _ <"$dir/use"
			awk -v n="$name" -v w="$wall" -v c="$cpu" -v r="$round" -v v="$variant" -v k="$rss" \
				'BEGIN { printf "%s,%d,%s,1,%.4f,%.4f,%s,%s,%s,-,-,-,-\n", n, r, v, w / 1e6, c / 1e6, w, c, k }' >>"$raw"
		done
	done
	# shellcheck disable=SC2046
	row "$name" ms "$(first $(column "$name" bare 5))" "$(first $(column "$name" traced 5))" $(paired "$name" 5 add) \
		"$(first $(paired "$name" 6 add))" "$goal"
}

start_many_libraries() {
	wanted start_300_libs || return 0
	"${0%/*}/libs.sh" "$BUILD/bench/libs" || return 0
	start_exit start_300_libs 50 "" "$BUILD/bench/libs/many"
}

memory() { # threads
	name=rss_t$1
	wanted "$name" || return 0
	for round in $(seq "$rounds"); do
		for variant in $(both "$round"); do
			go "$variant" "--threshold 0" "$micro" -t "$1" rss || return 0
			note "$name" "$round" "$variant"
		done
	done
	# Column 6 holds the high-water mark here.
	# shellcheck disable=SC2046
	row "$name" KiB "$(first $(column "$name" bare 6))" "$(first $(column "$name" traced 6))" \
		$(paired "$name" 6 add) - $((2048 + 64 * ($1 + 2)))
}

# What ctrace-run itself uses, in CPUs, while it takes 200,000 switches a second from a source; where some were lost: a whole CPU, which is over the goal.
switches() { # row source goal
	wanted "$1" || return 0
	for round in $(seq "$rounds"); do
		go traced "--sched=exact --sched-source=$2" "$BUILD/bench/switches" 200000 2 || return 0
		read -r count seconds used <"$dir/out"
		trace=$(the_trace)
		bytes=$(file_bytes "$trace")
		read -r recorded missing <<-END
			$("$CTRACE" info --json "$trace" | jq -r 'select(.switches.source != null).switches | "\(.records) \(.missing)"')
		END
		[ -n "$recorded" ] || { echo "$1: $2 is not to be had" && return 0; }
		[ "$missing" = 0 ] || used=$seconds
		awk -v n="$1" -v r="$round" -v c="$count" -v s="$seconds" -v u="$used" -v b="$bytes" -v k="$recorded" \
			'BEGIN { printf "%s,%d,traced,%d,%.4f,%.4f,-,-,-,%s,%s,-,-\n", n, r, c, u / s, u / s, b, k }' >>"$raw"
	done
	# shellcheck disable=SC2046
	row "$1" CPUs - "$(first $(column "$1" traced 5))" $(column "$1" traced 5) - "$3"
}

reading() { # name, then options of gen6m
	name=$1
	shift
	wanted "$name" || return 0
	count=6000000
	[ -z "$quick" ] || count=1000000
	{ [ -x "$CTRACE" ] && [ "$via" = run ]; } || return 0
	go traced "--threshold 0" "$BUILD/bench/gen6m" "$@" -n "$count" || return 0
	trace=$(the_trace)
	records=$(records_in "$trace")
	bytes=$(file_bytes "$trace")
	mv "$trace" "$dir/big.trace" || return 0
	echo "$name read $records records in $bytes bytes"
	reading_by "$name" 3 300 report || return 0
	reading_by "${name}_threads" 4 400 threads || return 0
	reading_by "${name}_pprof" 3 300 profile sync -o "$dir/big.pb.gz" || return 0
}

reading_by() { # row seconds MiB command...
	row=$1 most_time=$2 most_room=$3
	shift 3
	for round in $(seq 3); do
		go bare "" "$CTRACE" "$@" "$dir/big.trace" || return 1
		read -r wall cpu rss _ <"$dir/use"
		awk -v x="$row" -v w="$wall" -v c="$cpu" -v r="$round" -v k="$rss" -v b="$bytes" -v n="$records" \
			'BEGIN { printf x ",%d,traced,1,%.3f,%.3f,%s,%s,%s,%s,%s,-,-\n", r, w / 1e9, k / 1024, w, c, k, b, n }' >>"$raw"
	done
	# shellcheck disable=SC2046
	{
		row "${row}_time" s - "$(first $(column "$row" traced 5))" $(column "$row" traced 5) - "$most_time"
		row "${row}_rss" MiB - "$(first $(column "$row" traced 6))" $(column "$row" traced 6) - "$most_room"
	}
}

printf '%-16s %9s %10s %10s %8s  %-19s %7s %7s  %s\n' row unit bare traced value '(min - max)' cpu goal verdict
loop cpu ratio - "" cpu
loop uncontended ratio 1.5 "" uncontended
loop uncontended_mt ratio - "" uncontended_mt
loop contended ratio 1.05 "" contended
loop deep ratio 1.10 "" deep
loop blocked ratio - "" blocked
loop rwlock ratio - "" rwlock
loop handoff ratio 1.15 "" handoff
loop sem ratio 1.15 "" sem
loop pipe ratio 1.15 "" pipe
loop socketpair ratio - "" socketpair
loop create_join ratio 1.10 "" create_join
loop read_fast ratio 1.15 "" read_fast
loop send_fast ratio 1.15 "" send_fast
loop send_fast_added ns 31 "" send_fast
loop sleepers ratio - "" sleepers
loop region ns 60 "" region
loop log ns - "" log
if [ "$via" != control ]; then
	loop handoff_t0 ratio 1.15 "--threshold 0" handoff
	loop sem_t0 ratio 1.15 "--threshold 0" sem
	loop pipe_t0 ratio 1.15 "--threshold 0" pipe
	# long enough that bytes a record are those of records, not of the header
	loop blocked_t0 ratio - "--threshold 0" -n 100000 blocked
	loop wait30_tallied ns - "" wait30
	loop wait30 ns 100 "--threshold 0" -n 1000000 wait30
	loop wait30_new ns 5000 "--threshold 0" wait30_new
fi
if [ "$via" = run ]; then
	loop uncontended_auto ratio 1.52 "--sched=auto" uncontended
	loop contended_auto ratio 1.07 "--sched=auto" contended
	loop handoff_auto ratio 1.17 "--sched=auto" handoff
	loop handoff_auto_perf ratio - "--sched=auto --sched-source=perf" handoff
	loop handoff_perf ratio 1.6 "--sched=exact --sched-source=perf" handoff
	loop handoff_bpf ratio 1.25 "--sched=exact --sched-source=bpf" handoff
	switches switches_perf perf 0.5
	switches switches_bpf bpf 0.5
fi
if [ "$via" = run ]; then # an arena by itself is neither compressed nor cut to size
	bytes_per_record handoff_t0 6
	bytes_per_record sem_t0 6
	bytes_per_record pipe_t0 6
	bytes_per_record blocked_t0 6
	bytes_per_record wait30 6
	bytes_per_record wait30_new -
fi
start_exit start 8 "" true
[ "$via" != run ] || start_exit start_auto 15 "--sched=auto" true
start_many_libraries
memory 1
memory 4
memory 32
reading report
reading report_random -r

echo "csv: $table $raw"
[ -z "$check" ] || [ "$(cat "$dir/over")" -eq 0 ]
