# shellcheck shell=bash
#
# lib-posix.sh - gets a suite's source, and runs each of its programs bare, under ctrace-run and with libctrace.so alone.  Sourced by the
# scripts beside it.
#
# Whether a program passes bare is no matter: its status and what it prints must be the same traced.  A result that is another one
# is looked for in more runs without ctrace, several at a time, which is the load that makes races show; and half of them with delay.c, which
# takes time where ctrace does and does nothing else. One that comes there as well is the program's own, and is named; one that does not
# is ours.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
suite=$(basename "$0" .sh)
# shellcheck source=tests/lib-parts.sh
. "$top/tests/lib-parts.sh"
: "${BUILD:?the build folder}" "${POSIX_DIR:?where the suites go}" "${JOBS:?}"

[ "$(id -u)" -eq 0 ] || skip "programs that kill, mount and change their user are let loose in namespaces only, and that takes root"
[ -n "$mirror" ] || skip "no package mirror is configured"

# Programs get a /tmp of their own, so what they are run with must not lie in it.
if [ -z "${POSIX_OWN:-}" ]; then
	mkdir -p "$POSIX_DIR"
	export POSIX_OWN=yes
	# shellcheck disable=SC2016
	exec unshare --mount bash -c 'mount -t tmpfs -o mode=755 none /mnt && cd /mnt && mkdir top build suites && mount --bind "$1" top &&
		mount --bind "$BUILD" build && mount --bind "$POSIX_DIR" suites || exit 1
		BUILD=/mnt/build POSIX_DIR=/mnt/suites exec bash "top/tests/posix/$2"' - "$top" "$suite.sh"
fi
programs=$POSIX_DIR/$suite.programs
results=$POSIX_DIR/$suite.results
at_once=$((JOBS * 3)) # most sleep most of the time
export DELAY=$POSIX_DIR/delay.so

# Unpacks the source of a Debian package to $POSIX_DIR/PACKAGE. apt-get is told of a deb-src line that the machine need not have.
source_of() { # package
	local to=$POSIX_DIR/$1 apt=$POSIX_DIR/apt.$1 file
	[ ! -e "$to/.unpacked" ] || return 0
	rm -rf "$to" "$apt"
	mkdir -p "$to" "$apt/lists/partial" "$apt/archives/partial"
	echo "deb-src $mirror $(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release) main contrib non-free" >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
		Dir::Etc::SourceList "$apt/sources.list";
		Dir::Etc::SourceParts "-";
		Dir::State::Lists "$apt/lists";
		Dir::Cache "$apt";
		APT::Sandbox::User "root";
	END
	export APT_CONFIG=$apt/apt.conf
	if ! { apt-get -q update && cd "$apt" && apt-get -q source --download-only "$1"; } >"$apt/log" 2>&1; then
		tail -n 3 "$apt/log"
		return 1
	fi
	unset APT_CONFIG
	for file in "$apt/$1"_*.orig.tar.*; do tar -xf "$file" -C "$to" --strip-components=1 || return 1; done
	rm -rf "$apt"
	touch "$to/.unpacked"
}

# Builds what is not there yet, in the folder of the source, by the function `compile SOURCE PROGRAM`, and sets `count`.  What does
# not compile is left out; why it did not stands beside it in a .err file.
build() { # source-folder list-of-sources
	export programs
	export -f compile
	mkdir -p "$programs"
	cd "$1" || exit 1
	# shellcheck disable=SC2016
	xargs -P "$JOBS" -I '{}' bash -c 'to=$programs/${1%.c}; [ ! -e "$to" ] && [ ! -e "$to.err" ] || exit 0
		mkdir -p "${to%/*}"; compile "$1" "$to" 2>"$to.err" && rm "$to.err"; exit 0' - '{}' <"$2"
	cd /mnt || exit 1
	find "$programs" -type f ! -name '*.err' ! -name '*.so' -perm -1 -printf '%P\n' | sort |
		awk -F: 'NR == FNR { out[$1]; next } !($1 in out)' "$top/tests/posix/left_out.txt" - >"$results/list"
	if [ -n "${ONLY:-}" ]; then
		# shellcheck disable=SC2053
		while read -r name; do [[ $name == $ONLY ]] && echo "$name"; done <"$results/list" >"$results/only"
		mv "$results/only" "$results/list"
	fi
	count=$(wc -l <"$results/list")
	find "$programs" -name '*.err' -printf '%P\n' | sort | while read -r name; do
		echo "not built: ${name%.err}: $(grep -m 1 -oE '(error:|undefined reference).*' "$programs/$name" | head -n 1)"
	done >"$results/not-built"
}

# A result is a line: how, status, the sum of what was printed.
result_file() { echo "$results/${1//\//+}"; }
run_each() { # how list [suffix]: one run of each
	xargs -P "$at_once" -I '{}' "$top/tests/posix/one.sh" "$1" '{}' "$programs" "$results" <"$2"
}

# Which results were never seen without ctrace? A print-out counts only where all of these print the same.
unseen() { # name
	awk '$1 == "bare" || $1 == "delay" { status[$2]++; if (!(($2, $3) in out)) { out[$2, $3]; outs[$2]++ } next }
		{ seen[$0] }
		END { for (r in seen) { split(r, f); if (!(f[2] in status)) print f[1], "status", f[2]; else if (outs[f[2]] == 1 && !((f[2], f[3]) in out)) print f[1], "output", f[3] } }' \
		"$(result_file "$1")"
}

statuses() { awk '{ n[$1 " " $2]++ } END { for (s in n) printf "; %s: %d times", s, n[s] }' "$(result_file "$1")" | cut -c 3-; }

compare() {
	local how name round left why varies=0 differ=0 known=0
	for how in bare run preload; do run_each $how "$results/list"; done
	while read -r name; do
		[ -z "$(unseen "$name")" ] || echo "$name"
	done <"$results/list" >"$results/again"
	step "$count programs, $(wc -l <"$results/again") with another result traced; these again, up to 20 times each"
	while read -r name; do
		for ((round = 0; round < 5; round++)); do # 20 runs bare and 20 with delays at most
			for how in bare bare bare bare delay delay delay delay run preload; do echo $how; done |
				xargs -P 5 -I '{}' "$top/tests/posix/one.sh" '{}' "$name" "$programs" "$results"
			left=$(unseen "$name")
			[ -n "$left" ] || break
		done
		if why=$(grep "^$name: " "$top/tests/posix/known.txt"); then
			echo "DIFFERS, as is known: $why"
			known=$((known + 1))
		elif [ -z "$left" ]; then
			echo "varies by itself: $name: $(statuses "$name")"
			varies=$((varies + 1))
		else
			echo "DIFFERS: $name: $left: $(statuses "$name")"
			differ=$((differ + 1))
		fi
	done <"$results/again"
	grep -h . "$results"/*.invalid 2>/dev/null && differ=$((differ + $(cat "$results"/*.invalid | wc -l)))
	cat "$results/not-built"
	step "$((count - differ - known)) the same traced, $varies of them vary by themselves; $differ differ and $known as is known; $(wc -l <"$results/not-built") not built"
	[ -z "${TOTALS:-}" ] || echo "$((count - differ - known)) $differ $(wc -l <"$results/not-built")" >>"$TOTALS"
	[ $differ -eq 0 ]
}

rm -rf "$results"
mkdir -p "$results"
gcc -O2 -D_GNU_SOURCE -shared -fPIC "$top/tests/posix/delay.c" -o "$DELAY" || exit 1
