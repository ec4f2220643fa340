# shellcheck shell=bash disable=SC2034  # sourced, not run; what it sets is for others
#
# lib-parts.sh - tiers that get what they test from the mirror: they have parts, each one script, that run for minutes and may not be had.

mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed -n '/security/d; s,/$,,p' | head -n 1)}

step() { printf '%s: %s\n' "${0##*/}" "$*"; }
skip() { # reason
	step "SKIP: $*"
	[ -z "${TOTALS:-}" ] || echo '0 0 1' >>"$TOTALS"
	exit 77
}

# Runs each part by the command that the function `part` prints for it, says how long it took, and sums up what the parts have counted.
run_parts() { # part...
	local name t0 status before totals command
	totals=$(mktemp) || exit 2
	# shellcheck disable=SC2064
	trap "rm -f '$totals'" EXIT
	for name; do
		t0=$SECONDS
		printf '== %s\n' "$name"
		before=$(awk '{ f += $2 } END { print f + 0 }' "$totals")
		read -ra command <<<"$(part "$name")"
		TOTALS=$totals "${command[@]}"
		status=$?
		# a part that failed before it could count has failed once
		if [ $status -ne 0 ] && [ $status -ne 77 ] && [ "$before" = "$(awk '{ f += $2 } END { print f + 0 }' "$totals")" ]; then
			echo '0 1 0' >>"$totals"
		fi
		echo "$name: $((SECONDS - t0)) s"
	done
	[ -z "${TOTALS:-}" ] || cat "$totals" >>"$TOTALS"
	awk '{ p += $1; f += $2; s += $3 } END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 }' "$totals"
}
