#!/bin/bash
# layers.sh - prove src/layers.txt: every #include "..." goes where the table lets it.
#
# An include is looked for as the compiler does: beside the file, then in include/ and src/.
# What it finds names the folder it belongs to; x_int.h must lie in the very folder of the
# file that includes it.  Of file, capture may include encode.h and namespace.h only, which are made
# to run in the traced process.  Tests and examples may include anything.

set -u
cd "$(dirname "$0")/../.." || exit 2
table=src/layers.txt
declare -A allowed
while IFS=: read -r folder rest; do
	case $folder in '' | '#'*) continue ;; esac
	allowed[$folder]=" ${rest//[[:space:]]/ } "
done <$table

folder_of() { # path -> name in the table
	case $1 in
	src/*) folder=${1#src/} folder=${folder%%/*} ;;
	*) folder=${1%%/*} ;;
	esac
}

normal() { # a/b/../c -> a/c
	local p=$1 q
	while q=$(sed 's,[^/.][^/]*/\.\./,,; s,/\./,/,g' <<<"$p") && [ "$q" != "$p" ]; do p=$q; done
	path=$p
}

bad=0
complain() {
	echo "$1" >&2
	bad=$((bad + 1))
}

while IFS=: read -r file line text; do
	name=$(sed 's/^[^"]*"\([^"]*\)".*/\1/' <<<"$text")
	path=
	for try in "${file%/*}/$name" "include/$name" "src/$name"; do
		[ -e "$try" ] && { path=$try; break; }
	done
	[ -n "$path" ] || { complain "$file:$line: \"$name\" is not a file of this repository"; continue; }
	case $path in *../* | *./*) normal "$path" ;; esac
	folder_of "$file"
	from=$folder
	folder_of "$path"
	to=$folder
	if [ -z "${allowed[$from]+set}" ]; then
		complain "$file: the folder $from is not in $table"
	elif [ "$from" != "$to" ] && [ "$to" != include ] && [[ ${allowed[$from]} != *" $to "* ]]; then
		complain "$file:$line: $from may not include $to (\"$name\")"
	elif [ "$from:$to" = capture:file ] && [[ $path != src/file/@(encode|namespace).h ]]; then
		complain "$file:$line: of file, capture may include encode.h and namespace.h only (\"$name\")"
	elif [[ $path == *_int.h ]] && [ "${path%/*}" != "${file%/*}" ]; then
		complain "$file:$line: \"$name\" is private to ${path%/*}"
	fi
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' --include='*.[chS]' --include='*.def' include preload src tools 2>/dev/null)

# The same for <ctrace/...>: it must exist, so that a typing error is not a system header.
while IFS=: read -r file line text; do
	name=$(sed 's/^[^<]*<\([^>]*\)>.*/\1/' <<<"$text")
	[ -e "include/$name" ] || complain "$file:$line: <$name> does not exist"
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<ctrace/' --include='*.[chS]' include preload src tools 2>/dev/null)

# Code that runs in the traced process ends its includes with the header that makes malloc,
# printf and their like uncompilable.
if [ -e src/sys/poison.h ]; then
	for file in src/sys/*.c src/capture/*.c; do
		[ -e "$file" ] || continue
		last=$(grep -E '^[[:space:]]*#[[:space:]]*include' "$file" | tail -n 1)
		case $last in
		*'"sys/poison.h"'* | *'"poison.h"'*) ;;
		*) complain "$file: the last include must be \"sys/poison.h\"" ;;
		esac
	done
fi

[ $bad -eq 0 ]
