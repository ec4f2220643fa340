# shellcheck shell=bash
#
# lib-ran.sh - how long a thread ran: what a trace has, against what the kernel had counted for it when it said its word and was about to end.
#
# Needs `fail` of whoever sources it.

# ns that the hypervisor has taken from this machine so far.  The kernel does not count them as run time, and no switch tells of them: in a thread's
# states they are time on a CPU.  /proc/stat shows hundredths of a second.
stolen_ns() { awk '/^cpu / { printf "%d\n", $9 * 10000000 }' /proc/stat; }

# The account that comes with bpf's switches is the kernel's own: but a turn of which more than 2 ms were stolen is told to the next 32 us: 1/125 too little at the most.
# After its word a thread ends, which takes as long as it takes where time is stolen.  States are from switch to switch, of which the kernel hides some.
ran_as_said() { # source who said-ns stolen-ns-before thread-as-json
	local got room=$(($3 / 10 > 12000000 ? $3 / 10 : 12000000)) stolen
	stolen=$(($(stolen_ns) - $4 + 10000000))
	if [ "$1" = bpf ]; then
		got=$(jq '.schedstat.run_ns // 0' <<<"$5")
		[ "${got:-0}" -ge $(($3 - 50000 - stolen / 125)) ] && [ "${got:-0}" -le $(($3 + 2000000 + stolen)) ] ||
			fail "$1: the account of $2 has ${got:-nothing}, which said $3, and $stolen were taken from the machine"
	fi
	got=$(jq '.states | .running_ns + .system_call_ns' <<<"$5")
	[ "${got:-0}" -ge $(($3 - room)) ] && [ "${got:-0}" -le $(($3 + room + stolen)) ] ||
		fail "$1: $2 on a CPU: ${got:-nothing} instead of $3, and $stolen were taken from the machine"
}
