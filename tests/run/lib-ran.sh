# shellcheck shell=bash
#
# lib-ran.sh - how long a thread ran: what a trace has, against what the kernel had counted for it when it said its word and was about to end.
#
# Needs `fail` of whoever sources it.

# ns that the hypervisor has taken from this machine so far.  The kernel does not count them as run time, and no switch tells of them: in a thread's
# states they are time on a CPU.  /proc/stat shows hundredths of a second.
stolen_ns() { awk '/^cpu / { printf "%d\n", $9 * 10000000 }' /proc/stat; }

# The account that comes with bpf's switches is the kernel's own.  States are from switch to switch, of which the kernel hides some.
ran_as_said() { # source who said-ns stolen-ns-before thread-as-json
	local got room=$(($3 / 10 > 12000000 ? $3 / 10 : 12000000)) stolen
	if [ "$1" = bpf ]; then
		got=$(jq '.schedstat.run_ns // 0' <<<"$5")
		[ "${got:-0}" -ge $(($3 - 50000)) ] && [ "${got:-0}" -le $(($3 + 2000000)) ] || fail "$1: the account of $2 has ${got:-nothing}, which said $3"
	fi
	got=$(jq '.states | .running_ns + .system_call_ns' <<<"$5")
	stolen=$(($(stolen_ns) - $4 + 10000000))
	[ "${got:-0}" -ge $(($3 - room)) ] && [ "${got:-0}" -le $(($3 + room + stolen)) ] ||
		fail "$1: $2 on a CPU: ${got:-nothing} instead of $3, and $stolen were taken from the machine"
}
