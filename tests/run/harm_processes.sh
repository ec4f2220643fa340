#!/bin/bash
# harm_processes.sh - forks, execs, daemons, jails and limits leave program and trace whole.
#
# See harm_processes.c.  Each case gives the same output bare and traced and a valid trace without losses, in which each process that
# had an event is there with its parent and its command line.  A child that returned from the start routine of the thread that had
# forked it once gave its parent's slot to somebody else.
# timeout: 240
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
P=$subjects/harm_processes

processes() { "$CTRACE" info --json "$1" | jq '.processes | length'; } # trace
lossless() {                                                          # trace what
	local lost
	lost=$("$CTRACE" info --json "$1" | jq -c '.lost | del(.overwritten)')
	[ "$lost" = '{}' ] || fail "$2: lost: $lost"
}

for case in chain others exec-chain limits many storm; do
	compare "$P" $case
	lossless run.ctrace $case
	lossless run0.ctrace "$case, every wait"
	mv run0.ctrace $case.kept
done

# who began has ended, once: a child that gave back its parent's slot would end its thread as well
"$CTRACE" raw storm.kept | awk '/^ *thread_begin / { n++ } /^ *thread_end / { n-- } END { exit n != 0 }' || fail "storm: threads that began are not those that ended"

# who is there: of the storm three of five kinds of children have an event of their own, or are another program
[ "$(processes storm.kept)" -ge $((1 + 75 * 3 / 5)) ] || fail "storm: $(processes storm.kept) processes"
[ "$(processes chain.kept)" -eq 7 ] || fail "chain: $(processes chain.kept) processes, seven are due"
[ "$(processes exec-chain.kept)" -eq 6 ] || fail "exec-chain: $(processes exec-chain.kept) images, six are due"
"$CTRACE" info --json chain.kept | jq -e '[.processes[] | {pid, ppid}] as $p | all($p[1:][]; .ppid as $of | any($p[]; .pid == $of))' >out ||
	fail "chain: a process whose parent is not there"
"$CTRACE" info --json exec-chain.kept | jq -r '.processes[].command' | sed 's/.* exec-chain */exec-chain /' >out
printf 'exec-chain %s\n' '' 4 3 2 1 0 | sed 's/ $/ /' >due
diff due out >differences || { fail "exec-chain: command lines:"; cat differences; }
for name in by-vfork by-spawn 'exit 7' 'from popen'; do
	"$CTRACE" info --json others.kept | jq -e --arg name "$name" 'any(.processes[]; .command | contains($name))' >out ||
		fail "others: no process with '$name' in its command line"
done

# --- a daemon that loses its descriptors, its root and its user; it ends after ctrace-run has returned
for name in bare traced; do
	mkfifo done.$name
	mkdir $name
	(
		cd $name || exit
		pre=()
		[ $name = bare ] || pre=("$CTRACE_RUN" -q -o ../place.ctrace --)
		# the pipe ends with the last process that has it
		"${pre[@]}" "$P" place
	) >done.$name 2>&1 &
	cat done.$name >place.$name
done
wait
diff place.bare place.traced >differences || { fail "place: bare (<) and traced (>):"; cat differences; }
[ "$(wc -l <place.bare)" -eq 3 ] || fail "place: the program did not get far: $(cat place.bare)"
for ((i = 0; i < 1000; i++)); do
	[ "$("$CTRACE" info --json place.ctrace 2>/dev/null | jq .finished)" = true ] && break
	read -r -t 0.01 <> <(:)
done
good place.ctrace place
lossless place.ctrace place
[ "$(processes place.ctrace)" -eq 3 ] || fail "place: $(processes place.ctrace) processes, three are due"

# --- killed with five threads in waits
status=0
"$CTRACE_RUN" -q -o die.ctrace -- "$P" die-waiting || status=$?
[ $status -eq 137 ] || fail "die-waiting: status $status"
good die.ctrace die-waiting
"$CTRACE" waits --json --idle die.ctrace | jq -r '.waits[] | select(.unfinished) | .operation' | sort >out
printf '%s\n' cond mutex read sem sleep | sort >due
diff due out >differences || { fail "die-waiting: waits it died in, due (<) and shown (>):"; cat differences; }
finish
