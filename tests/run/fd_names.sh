#!/bin/bash
# fd_names.sh - the name of a descriptor is not told of a wait on another file that had its number.
#
# Names are looked up from outside when the wait is over, and numbers are used again: a send on a socket was shown as `send fd 3
# /etc/pam.d/runuser`.  What contradicts the operation is no name, what was found only once has a ? behind it, and what was found during the
# wait, or found again, has none.
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"

"$CTRACE_RUN" -q -o t.ctrace -- "$subjects/fd_names" "$PWD/file" "$PWD/fifo" >numbers 2>err &
run=$!
# The name in each record there is of a number by now.
names_of() { # number
	"$CTRACE" raw t.ctrace 2>/dev/null | awk -v fd="fd=$1" '$1 == "string" { text[$2] = $3 }
		$1 == "fd" && $3 == fd { sub("name=", "", $4); print text[$4] }'
}
until [ "$(wc -l <numbers)" -eq 2 ] && { read -r was_socket && read -r is_fifo; } <numbers; do
	kill -0 "$run" || break
	read -r -t 0.01 <> <(:)
done
# The reader has been seen to be blocked.  The number of the socket is mostly looked up before that, when it is the file's.
until [ "$(names_of "$is_fifo" | grep -c fifo)" -ge 2 ]; do
	kill -0 "$run" || break
	read -r -t 0.01 <> <(:)
done
echo x >fifo
wait "$run" || fail "ctrace-run: status $?, $(cat err)"
good t.ctrace fd_names
names_of "$was_socket" >names
"$CTRACE" waits --json --idle --top 1000 t.ctrace >waits.json
jq -r '.waits[] | select(.operation == "send") | .object' waits.json >sends
[ -s sends ] || fail "no send waited"
grep -v "^fd $was_socket\( unix socket?*\)*$" sends && fail "a send on the socket is told of: $(cat sends names)"
[ "$(jq -r '.waits[] | select(.operation == "read") | .object' waits.json | sort -u)" = "fd $is_fifo $PWD/fifo" ] ||
	fail "the reader was on the fifo: $(jq -c '.waits[] | select(.operation == "read") | .object' waits.json)"
finish
