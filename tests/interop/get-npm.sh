#!/bin/bash
# get-npm.sh PACKAGE VERSION FOLDER - a package of npm, installed in a folder of its own; prints where it is.
#
# Scripts of packages are not run, and nothing outside of FOLDER is changed.  What is there is used again.  Exit 77 with a reason when it cannot be had.
set -u
package=$1 version=$2 folder=$3/npm-${1//[@\/]/_}-$2
command -v node >/dev/null && command -v npm >/dev/null || { echo "node or npm is not installed" >&2 && exit 77; }
if [ ! -e "$folder/.ok" ]; then
	mkdir -p "$folder" || exit 2
	npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix "$folder" "$package@$version" >"$folder/log" 2>&1 ||
		{ echo "npm has no $package $version here" >&2 && exit 77; }
	touch "$folder/.ok"
fi
echo "$folder/node_modules/$package"
