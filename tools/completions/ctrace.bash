# ctrace.bash - completion of ctrace and ctrace-run for bash.
#
# Nothing is listed here that the tools can tell: commands come from `ctrace help`, options from the
# --help of each command, processes from `ctrace ps`.

# shellcheck shell=bash

_ctrace_options() { # command... -> its options, one a line
	"$@" --help 2>/dev/null | sed -n 's/^ *\(-[^ ].*\)/\1/p' | awk '{
		for (i = 1; i <= NF; i++) {
			if ($i ~ /^--?[a-z]/) { sub(/,$/, "", $i); print $i }
			else if ($i !~ /^[A-Z]+,?$/) break
		}
	}'
}

_ctrace_words() { # words of which those that fit are offered
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_ctrace_traces() {
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -X '!*.ctrace' -- "$cur" && compgen -d -- "$cur")
}

_ctrace() {
	local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} tool=${COMP_WORDS[0]}

	if [ "$COMP_CWORD" -eq 1 ] || [ "$before" = help ]; then
		_ctrace_words "$("$tool" help 2>/dev/null | awk '/^  [a-z]/ { print $1 }') help --help --version"
		return
	fi
	if [ "$COMP_CWORD" -eq 2 ] && [ "$before" = profile ] && [ "${cur#-}" = "$cur" ]; then
		_ctrace_words "net sync syscall sched lock offcpu"
		return
	fi
	case $before in
	--format)
		if [ "${COMP_WORDS[1]}" = profile ]; then
			_ctrace_words "text json pprof folded speedscope svg"
		else
			_ctrace_words "$("$tool" export --help 2>/dev/null | sed -n 's/^ \{21\}\([a-z]*\)  .*/\1/p')"
		fi
		;;
	--blame) _ctrace_words "holder unlock waiter waker" ;;
	-o | --output) compopt -o default ;;
	--live) _ctrace_words "$("$tool" ps --json 2>/dev/null | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')" ;;
	--group) _ctrace_words "name start" ;;
	--go-version) _ctrace_words "22 23 25 26" ;;
	--procs) _ctrace_words "virtual cpu" ;;
	--colour) _ctrace_words "always never auto" ;;
	--top | --stacks | --thread | --process | --from | --to | --event | --lock | --min-duration | --log | --label | --task) COMPREPLY=() ;;
	--encode) compopt -o default ;;
	*)
		case $cur in
		-*) _ctrace_words "$(_ctrace_options "$tool" "${COMP_WORDS[1]}")" ;;
		*) _ctrace_traces ;;
		esac
		;;
	esac
}

# The words after the program are the program's, and completed as if it stood alone.
_ctrace_run() {
	local cur=${COMP_WORDS[COMP_CWORD]} i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--) i=$((i + 1)) && break ;;
		-o | --output | --ring | --threshold | --call-threshold | --only | --skip | --sched | --sched-source) i=$((i + 1)) ;;
		-*) ;;
		*) break ;;
		esac
	done
	if [ "$i" -lt "$COMP_CWORD" ]; then
		if declare -F _command_offset >/dev/null; then _command_offset "$i"; else compopt -o default; fi
		return
	fi
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-o | --output) _ctrace_traces ;;
	--ring | --threshold | --call-threshold | --only | --skip) COMPREPLY=() ;;
	--sched) _ctrace_words "auto exact off" ;;
	--sched-source) _ctrace_words "bpf perf user" ;;
	*)
		case $cur in
		-*) _ctrace_words "$(_ctrace_options "${COMP_WORDS[0]}") --" ;;
		*) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
		esac
		;;
	esac
}

complete -F _ctrace ctrace
complete -F _ctrace_run ctrace-run
