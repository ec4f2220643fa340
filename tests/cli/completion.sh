#!/bin/bash
# Completion takes what it offers from the help texts; a change of their form would leave it offering nothing, in silence.
set -u
# shellcheck source=tools/completions/ctrace.bash
. "$TOP/tools/completions/ctrace.bash"
compopt() { :; } # it works only while bash completes
failures=0

offers() { # words expected... : the line up to the cursor, then what must be among the offers
	local line=$1 word
	read -ra COMP_WORDS <<<"$line"
	[ "${line% }" = "$line" ] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
	shift
	case ${COMP_WORDS[0]} in ctrace) _ctrace ;; *) _ctrace_run ;; esac
	for word; do
		[[ " ${COMPREPLY[*]} " == *" $word "* ]] || {
			echo "FAIL: '$line': no $word in: ${COMPREPLY[*]}"
			failures=$((failures + 1))
		}
	done
}

: >t.ctrace
offers 'ctrace ' report locks validate help
offers 'ctrace help wa' waits
offers 'ctrace locks --' --top --stacks --json --help
offers 'ctrace validate --' --json
offers 'ctrace locks --colour ' always never auto
offers 'ctrace threads --' --group
offers 'ctrace threads --group ' name start
offers 'ctrace locks t' t.ctrace
offers 'ctrace export --' --format --output --go-version --procs --lock --min-duration
offers 'ctrace export --format ' go perfetto chrome firefox csv sqlite ctf
offers 'ctrace export --go-version ' 22 23 25 26
offers 'ctrace export --procs ' virtual cpu
offers 'ctrace info --' --blind --coverage --json
offers 'ctrace profile ' net sync syscall sched lock offcpu
offers 'ctrace profile lock --' --output --format --blame --task --lock --no-idle
offers 'ctrace profile lock --format ' pprof folded speedscope svg
offers 'ctrace profile lock --blame ' holder unlock waiter waker
offers 'ctrace profile lock t' t.ctrace
offers 'ctrace ps --' --json
offers 'ctrace-run -' -o --output --ring --only --skip --best-effort
offers 'ctrace-run -q --ring 64M bas' bash
offers 'ctrace-run --skip git bas' bash
offers 'ctrace-run --sched ' auto exact off
offers 'ctrace-run --sched-source ' bpf perf user
offers 'ctrace locks --t' --top
[[ " ${COMPREPLY[*]} " != *" --json "* ]] || { echo "FAIL: --t offers --json" && failures=$((failures + 1)); }
[ $failures -eq 0 ]
