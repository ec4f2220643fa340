#!/bin/bash
# compress.sh - pigz, xz and zstd with threads: the same bytes and statuses as bare, of whole and of damaged input.
#
# What people put ctrace-run before first. They hand blocks between threads by mutexes and condition variables: a lost wake-up
# hangs them, a lock that is not held spoils the output.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
seq 1 1500000 >big

packed() { # compress... -- decompress...
	local pack=() status=0
	while [ "$1" != -- ]; do pack+=("$1") && shift; done
	shift
	"${T[@]}" "${pack[@]}" <../big >packed || echo "status $?"
	sha256sum <packed
	"$@" <packed | cmp - ../big && echo same
	"${U[@]}" "$@" <packed | cmp - ../big && echo same
	head -c 300000 packed >shortened
	"${U[@]}" "$@" <shortened >part 2>errors || status=$?
	echo "cut short: status $status: $(cat errors)"
	cat part | wc -c
}
compress() { # the trace is the compressor's; decompressing leaves one of its own, which must be valid too
	U=()
	[ "$how" = bare ] || U=("$CTRACE_RUN" -q -o ../unpack.ctrace --)
	packed "$@"
	[ "$how" = bare ] || opens ../unpack.ctrace "unpacking"
}
with_pigz() { compress pigz -p 4 -c -- pigz -d -c; }
with_xz() { compress xz -T 4 -1 --block-size=1MiB -c -- xz -T 4 -d -c; }
with_zstd() { compress zstd -T4 -B1M -q -c -- zstd -d -q -c; }

for program in pigz xz zstd; do
	command -v $program >/dev/null || { echo "$program is not installed: not tried" && continue; }
	both with_$program
	processes 1
	case $program in
	pigz) names 'cond|mutex' 'pigz' ;;
	xz) names 'cond|mutex' 'lzma' ;;
	zstd) names 'cond|mutex' 'zstd' ;;
	esac
	tried=1
done
[ -n "${tried:-}" ] || skip "neither pigz, xz nor zstd is installed"
finish
