#!/bin/bash
# runner.sh TIER... - run the tests of the named tiers and print what they cost.
#
# A test is an executable: a cmocka binary from tests/unit, a script tests/<tier>/*.sh, or a
# text trace tests/trace/*.ctt handed to the interpreter of that tier.  Exit 0 is a pass, 77 a
# skip (its last line on stderr is the reason), all else a failure.  Each test runs in a scratch
# folder of its own that is removed when it passes, without standard input, in a process group
# of its own that is killed when the test's time is up.
#
# A script may say, in a comment near its top:
#   # timeout: 120      seconds it may take (default 60, x3 when sanitized)
#   # serial: why       it is run alone, after the others of its tier
#   # table: of what   what it prints is shown when it passes, too
#   # unchecked: why    the traces that it leaves need not be right (see check_traces)
#
# Reads: BUILD (folder of the build), JOBS (tests at once), SAN (only to stretch timeouts),
# STRETCH (times as much time: emulators), WITHOUT (a file of lines "name: reason": these are skipped),
# ONLY (a glob: run only tests whose name matches), KEEP=1 (keep every scratch folder),
# TOTALS (a file that gets "passed failed skipped" appended, in
# place of the last line).

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
: "${BUILD:?the build folder, for example build/release}"
mkdir -p "$BUILD" && BUILD=$(cd "$BUILD" && pwd) || exit 2
JOBS=${JOBS:-$(nproc)}
stretch=${STRETCH:-1}
[ -z "${SAN:-}" ] || stretch=3
unset MAKEFLAGS MFLAGS MAKELEVEL
export BUILD TOP="$top" LC_ALL=C PATH="$BUILD:$PATH"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ctrace-test.XXXXXX") || exit 2
trap 'kill $(jobs -p) 2>/dev/null; [ "${KEEP:-}" = 1 ] || rmdir "$scratch"/* "$scratch" 2>/dev/null' EXIT
trap 'exit 130' INT TERM

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }
secs() { printf '%d.%02d' $(($1 / 1000)) $(($1 % 1000 / 10)); }

list_tests() { # tier -> one path a line; lib*.sh are sourced by tests and none themselves
	local path
	for path in "$top/tests/$1"/test_*.c "$top/tests/$1"/*.ctt "$top/tests/$1"/*.sh; do
		[ -e "$path" ] || continue
		case $path in
		*/unit/*.c) path=${path##*/} && echo "$BUILD/unit/${path%.c}" ;;
		*.c | */lib*.sh | */run-ctt.sh | */bench.sh) ;;
		*) echo "$path" ;;
		esac
	done
}

option() { # path key -> value of "# key: value" in a script's first 40 lines
	case $1 in
	*.sh | *.ctt) sed -n "1,40s/^# *$2: *//p" "$1" | head -n 1 ;;
	*) sed -n "1,40s,^.*$2: *\([0-9]*\).*,\1,p" "$top/tests/unit/${1##*/}.c" | head -n 1 ;;
	esac
}

name_of() { # tier path -> run/mutex for .../tests/run/mutex.sh
	local file=${2##*/}
	echo "$1/${file%.*}"
}

# Every trace that a test of these tiers left in its folder keeps the promises of the format and of the model, whatever the test was about.
check_traces() { # tier path dir out -> fails when one does not
	local trace status=0
	case $1 in run | cli | accuracy | hazards) ;; *) return 0 ;; esac
	[ -z "$(option "$2" unchecked)" ] || return 0
	while IFS= read -r -d '' trace; do
		timeout 60 ctrace validate "$trace" >"$4.valid" 2>&1 && continue
		status=1
		echo "FAIL: a trace it left is not right:"
		head -n 20 "$4.valid"
	done < <(find "$3" -name '*.ctrace' -type f -size +0 -print0 2>/dev/null) >>"$4"
	rm -f "$4.valid"
	return $status
}

# Runs one test; leaves "passed failed skipped cost_ms" in its result file.
run_one() { # tier path
	local tier=$1 path=$2 name dir limit rc t0 cost out verdict p=0 f=0 s=0 note='' without=''
	name=$(name_of "$tier" "$path")
	dir=$scratch/$name
	out=$dir.out
	mkdir -p "$dir"
	limit=$(option "$path" timeout)
	limit=$((${limit:-60} * stretch))
	t0=$(now_ms)
	[ -z "${WITHOUT:-}" ] || without=$(sed -n "s,^$name: ,,p" "$WITHOUT")
	{ (
		cd "$dir" || exit 1
		export TMPDIR="$dir" CMOCKA_MESSAGE_OUTPUT=TAP
		[ -z "$without" ] || { echo "not tried, $without" && exit 77; }
		case $path in
		*.ctt) exec timeout -k 5 "$limit" "$top/tests/trace/run-ctt.sh" "$path" ;;
		*.sh) exec timeout -k 5 "$limit" bash "$path" ;;
		*) exec timeout -k 5 "$limit" "$path" ;;
		esac
	) </dev/null >"$out" 2>&1; } 2>/dev/null # the shell's own "Killed" line
	rc=$?
	[ $rc -ne 0 ] || check_traces "$tier" "$path" "$dir" "$out" || rc=1
	cost=$(($(now_ms) - t0))

	if [ "$tier" = unit ]; then # a cmocka case counts as a test of its own
		p=$(grep -c '^ok ' "$out")
		s=$(grep -c '^not ok .*# SKIP' "$out")
		f=$(grep -c '^not ok ' "$out")
		f=$((f - s))
	fi
	case $rc in
	0) [ $((p + f + s)) -gt 0 ] || p=1 ;;
	77) [ $((p + f + s)) -gt 0 ] || s=1 ;;
	*) note=" (exit $rc)" ;;
	esac
	[ $cost -lt $((limit * 1000)) ] || note=" (time limit of $limit s)"
	if [ $rc -ne 0 ] && [ $rc -ne 77 ] && [ $f -eq 0 ]; then f=1; fi

	if [ $f -gt 0 ]; then
		verdict=FAIL
	elif [ $p -gt 0 ]; then
		verdict=PASS
		if [ "$tier" = unit ]; then
			note=" ($p cases)"
			[ $s -eq 0 ] || note=" ($p cases, $s skipped)"
		fi
	else
		verdict=SKIP
		note=": $(grep -v '^ *$' "$out" | tail -n 1)"
	fi
	{
		printf '%s %s%s %s s\n' $verdict "$name" "$note" "$(secs $cost)"
		if [ $verdict = FAIL ]; then
			tail -n 60 "$out" | sed 's/^/     | /'
			echo "     | scratch: $dir"
		elif [ $verdict = PASS ] && [ -n "$(option "$path" table)" ]; then
			sed 's/^/     | /' "$out"
		fi
	} >"$dir.line"
	cat "$dir.line"
	echo "$p $f $s $cost" >"$dir.result"
	if [ $verdict != FAIL ] && [ "${KEEP:-}" != 1 ]; then
		chmod -R u+rwx "$dir" 2>/dev/null
		rm -rf "$dir" "$out"
	fi
	rm -f "$dir.line"
}

run_batch() { # tier jobs path...
	local tier=$1 jobs=$2 running=0 path
	shift 2
	for path; do
		while [ $running -ge "$jobs" ]; do
			wait -n
			running=$((running - 1))
		done
		run_one "$tier" "$path" &
		running=$((running + 1))
	done
	wait
}

passed=0 failed=0 skipped=0
summary=()
for tier; do
	mapfile -t all < <(list_tests "$tier")
	together=() alone=()
	for path in "${all[@]}"; do
		name=$(name_of "$tier" "$path")
		# shellcheck disable=SC2053  # ONLY is a pattern
		[ -z "${ONLY:-}" ] || [[ $name == $ONLY ]] || continue
		if [ -n "$(option "$path" serial)" ]; then alone+=("$path"); else together+=("$path"); fi
	done
	[ $((${#together[@]} + ${#alone[@]})) -gt 0 ] || continue
	mkdir -p "$scratch/$tier"
	t0=$(now_ms)
	[ ${#together[@]} -eq 0 ] || run_batch "$tier" "$JOBS" "${together[@]}"
	[ ${#alone[@]} -eq 0 ] || run_batch "$tier" 1 "${alone[@]}"
	tp=0 tf=0 ts=0 tc=0
	for r in "$scratch/$tier"/*.result; do
		read -r p f s c <"$r"
		tp=$((tp + p)) tf=$((tf + f)) ts=$((ts + s)) tc=$((tc + c))
		rm -f "$r"
	done
	passed=$((passed + tp)) failed=$((failed + tf)) skipped=$((skipped + ts))
	summary+=("$(printf '%-6s %5d passed %3d failed %3d skipped  %8s s elapsed %8s s of tests' "$tier" $tp $tf $ts \
		"$(secs $(($(now_ms) - t0)))" "$(secs $tc)")")
done

[ ${#summary[@]} -eq 0 ] || printf '%s\n' "${summary[@]}"
if [ -n "${TOTALS:-}" ]; then
	echo "$passed $failed $skipped" >>"$TOTALS"
else
	printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
fi
[ $failed -eq 0 ]
