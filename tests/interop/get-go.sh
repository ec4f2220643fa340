#!/bin/bash
# get-go.sh VERSION FOLDER - the real Go of a release, 1.22 or newest, unpacked from Debian's packages; prints where its root is.
#
# It uses a private configuration of apt (own lists, own cache, own sources) and unpacks without installing: nothing of the system is
# changed.  What is unpacked in FOLDER is used again.  Exit 77 with a reason when it cannot be had.
set -u
version=$1 folder=$2
# shellcheck source=tests/lib-parts.sh
. "$(dirname "$0")/../lib-parts.sh"
[ -n "$mirror" ] || { echo "no package mirror is configured" >&2 && exit 77; }
# releases by age: which suites may have it
case $version in
1.22) tries=('bookworm-backports 1.22') ;;
newest) tries=('sid 1.27' 'trixie-backports 1.27' 'sid 1.26' 'trixie-backports 1.26' 'trixie-backports 1.25' 'trixie 1.24' 'bookworm-backports 1.23') ;;
*) tries=("trixie-backports $version" "trixie $version" "bookworm-backports $version" "sid $version") ;;
esac
mkdir -p "$folder" && folder=$(cd "$folder" && pwd) || exit 2

lists() { # suite: its package lists, in a folder of its own
	local apt=$folder/apt-$1
	[ ! -e "$apt/.ok" ] || return 0
	mkdir -p "$apt"/{lists/partial,cache/archives/partial}
	: >"$apt/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$apt/sources.list"
	cat >"$apt/conf" <<-END
		Dir::State "$apt";
		Dir::State::lists "$apt/lists";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt/cache";
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "/nonexistent";
		Dir::Etc::preferences "/nonexistent";
		Dir::Etc::preferencesparts "/nonexistent";
		Acquire::Languages "none";
		APT::Sandbox::User "root";
	END
	APT_CONFIG=$apt/conf apt-get -q update >"$apt/log" 2>&1 || return 1
	touch "$apt/.ok"
}

for try in "${tries[@]}"; do
	read -r suite number <<<"$try"
	root=$folder/go-$number
	if [ ! -e "$root/.made" ]; then
		lists "$suite" || continue
		APT_CONFIG=$folder/apt-$suite/conf apt-cache show "golang-$number-go" >/dev/null 2>&1 || continue
		(
			rm -rf "$root" && mkdir -p "$root/debs" && cd "$root/debs" || exit 1
			APT_CONFIG=$folder/apt-$suite/conf apt-get -q download "golang-$number-go" "golang-$number-src" >"$root/log" 2>&1 || exit 1
			for deb in *.deb; do dpkg-deb -x "$deb" "$root" || exit 1; done
			# the packages part what is one tree: make it one again
			mv "$root/usr/share/go-$number" "$root/go" && cd "$root/usr/lib/go-$number" || exit 1
			find . -type f -print0 | tar -c --null -T - | tar -x -C "$root/go" || exit 1
			cd / && rm -rf "${root:?}/debs" "${root:?}/usr"
			touch "$root/.made"
		) || continue
	fi
	[ -x "$root/go/bin/go" ] || continue
	echo "$root/go"
	exit 0
done
echo "Go $version could not be had from $mirror" >&2
exit 77
