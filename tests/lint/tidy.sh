#!/bin/bash
# tidy.sh FLAG... FILE... - clang-tidy over FILEs; arguments that begin with - are compiler flags.

set -u
command -v clang-tidy >/dev/null || { echo "skip: clang-tidy is not installed"; exit 0; }
flags=() files=()
for arg; do
	case $arg in
	-*) flags+=("$arg") ;;
	*) files+=("$arg") ;;
	esac
done
[ ${#files[@]} -gt 0 ] || exit 0
clang-tidy --quiet "${files[@]}" -- "${flags[@]}"
