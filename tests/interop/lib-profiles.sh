# shellcheck shell=bash disable=SC2154  # $dir is of lib-interop.sh
#
# lib-profiles.sh - the same profile said by several: `ctrace profile`, our pprof output, and go tool trace on our Go export.
#
# What each says is left in $dir/NAME.total (ns) and $dir/NAME.top: lines "ns function", most first, of what was charged to functions and what they
# called.  Only functions of the program: ctrace has what is none in brackets, and in a Go export the innermost frame tells the operation, and the
# outermost ones, of the C library and before main, are left out; in a program without symbols nobody can tell those by their names.

runtime='^[0-9]+ (clone3?|start_thread|exit|__run_exit_handlers|_start|__libc_start_.*|execute_native_thread_routine|(libc|libstdc[+][+])[.]so[.].*|.*[+]0x[0-9a-f]+)$'

# Names of C++ without parameters, which ctrace does not print, and without those of templates, which go tool pprof does not.
plain_names() {
	awk 'function strip(s, open, shut, i, c, depth, out) {
		for (i = 1; i <= length(s); i++) {
			c = substr(s, i, 1)
			if (c == open)
				depth++
			if (!depth)
				out = out c
			if (c == shut && depth)
				depth--
		}
		return out
	}
	{ print strip(strip($0, "(", ")"), "<", ">") }'
}

ours_says() { # name kind trace options...
	local name=$1 kind=$2 trace=$3
	shift 3
	# 1: nothing is of this kind
	ctrace profile "$kind" --json --cum --top 1000000 "$@" "$trace" >"$dir/$name.json" 2>"$dir/$name.err" || echo '{}' >"$dir/$name.json"
	jq '.total_ns // 0' "$dir/$name.json" >"$dir/$name.total"
	jq -r '.functions[]? | select(.function | startswith("[") | not) | "\(.cum_ns) \(.function)"' "$dir/$name.json" |
		{ grep -vE "$runtime" || :; } | plain_names >"$dir/$name.top"
}

pprof_says() { # name file: of go tool pprof; $dir/NAME.bare is what has no stack
	go tool pprof -top -cum -unit=ns -nodefraction=0 "$2" >"$dir/$1.text" 2>"$dir/$1.err" || return 1
	sed -n 's/^Showing nodes accounting for \([0-9]*\)[a-z]*, .* of \([0-9]*\)[a-z]* total$/\2/p' "$dir/$1.text" >"$dir/$1.total"
	[ -s "$dir/$1.total" ] || echo 0 >"$dir/$1.total"
	sed -n 's/^Showing nodes accounting for \([0-9]*\)[a-z]*, .* of \([0-9]*\)[a-z]* total$/\2 \1/p' "$dir/$1.text" |
		awk '{ print $1 - $2 } END { if (!NR) print 0 }' >"$dir/$1.bare"
	awk '/flat%/ { on = 1; next } on {
		flat = $1 + 0
		ns = $4 + 0
		sub(/^ *[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +/, "")
		sub(/ \(inline\)$/, "")
		print flat, ns, $0
	}' "$dir/$1.text" >"$dir/$1.all"
}

go_says() { # name kind export
	"$go_trace" -pprof="$2" "$3" >"$dir/$1.pb.gz" 2>"$dir/$1.err" && pprof_says "$1" "$dir/$1.pb.gz" || return 1
	awk '$1 == 0 { sub(/^[^ ]+ /, ""); print }' "$dir/$1.all" | { grep -vE "$runtime" || :; } | plain_names >"$dir/$1.top"
}

pb_says() { # name profile: our own pprof output
	pprof_says "$1" "$2" || return 1
	awk '{ sub(/^[^ ]+ /, "") } $2 !~ /^\[/ { print }' "$dir/$1.all" | { grep -vE "$runtime" || :; } | plain_names >"$dir/$1.top"
}

# alike A B [NS]: totals are within 1 %, and so is, in parts of the total, what both say of the first five functions of each; NS is what A has that B
# cannot say of, and vice versa 0.
alike() {
	awk -v a="$1" -v b="$2" -v without="${3:-0}" -v bare="$(cat "$dir/$2.bare" 2>/dev/null || echo 0)" -v dir="$dir/" '
		function lines(file, to, order, n, ns, line) {
			while ((getline line <file) > 0) {
				ns = line + 0
				sub(/^[^ ]+ /, "", line)
				if (!(line in to))
					order[++n] = line
				to[line] += ns
			}
			return n
		}
		function off(x, y, slack) { return x - y > slack || y - x > slack }
		function look(order, n, i, seen) {
			for (i = 1; i <= n && seen < 5; i++) {
				seen++
				if (off(x[order[i]], y[order[i]], total[a] / 100 + bare)) {
					printf "%s: %d ns by %s, %d by %s, of %d\n", order[i], x[order[i]], a, y[order[i]], b, total[a]
					bad = 1
				}
			}
		}
		BEGIN {
			getline total[a] <(dir a ".total")
			getline total[b] <(dir b ".total")
			total[a] -= without
			if (off(total[a], total[b], total[a] / 100)) {
				printf "in all %d ns by %s, %d by %s\n", total[a], a, total[b], b
				exit bad = 1
			}
			nx = lines(dir a ".top", x, ox)
			ny = lines(dir b ".top", y, oy)
			look(ox, nx)
			look(oy, ny)
			printf "%d ns, %d functions\n", total[a], nx
			exit bad
		}'
}
