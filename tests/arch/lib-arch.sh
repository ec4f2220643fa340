# shellcheck shell=bash
#
# lib-arch.sh - Debian systems in folders, and how a test gets into one.  Sourced by the scripts beside it.
#
# A root lies in build/arch/NAME and is used again while it is there.  Nothing of the host is changed: what has to be mounted is
# mounted in a namespace of its own, and programs of another architecture are run by an emulator that only that namespace knows.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
arch=${ARCH_DIR:?where the roots go}
# shellcheck source=tests/lib-parts.sh
. "$top/tests/lib-parts.sh"
packages=gcc,g++,libc6-dev,libdw-dev,libelf-dev,libiberty-dev,liblzma-dev,libsqlite3-dev,libzstd-dev,zlib1g-dev,binutils,libcmocka-dev,libunwind-dev,strace,jq,pigz
export subjects="run fault" # of these tiers the run tests use programs
helper=/usr/lib/apt/apt-helper

[ "$(id -u)" -eq 0 ] || skip "a root folder takes root"
[ -n "$mirror" ] || skip "no package mirror is configured"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"

# Does the mirror have this suite?
has_suite() { # suite
	local to status=0
	to=$(mktemp -d)
	$helper download-file "$mirror/dists/$1/InRelease" "$to/InRelease" >/dev/null 2>&1 || status=1
	rm -rf "$to"
	return $status
}

# Makes $arch/NAME unless it is there.  A foreign one is unpacked and not configured, which is enough to run programs in it.
make_root() { # name suite [architecture]
	local root=$arch/$1 suite=$2 machine=${3:-} deb
	[ ! -e "$root/.made" ] || return 0
	rm -rf "$root"
	mkdir -p "$arch"
	step "making $root ($suite ${machine:-$(dpkg --print-architecture)}), some minutes"
	if ! debootstrap ${machine:+--arch=$machine --foreign} --variant=minbase --include="$packages${machine:+}$([ -n "$machine" ] || echo ,make)" \
		"$suite" "$root" "$mirror" >"$root.log" 2>&1; then
		tail -n 5 "$root.log"
		rm -rf "$root"
		return 1
	fi
	if [ -n "$machine" ]; then
		for deb in "$root"/var/cache/apt/archives/*.deb; do
			dpkg-deb -x "$deb" "$root" || return 1
		done
		ln -sf mawk "$root/usr/bin/awk"
		ln -sf gcc "$root/usr/bin/cc"
		ln -sf g++ "$root/usr/bin/c++"
	fi
	rm -f "$root"/var/cache/apt/archives/*.deb
	mkdir -p "$root"/{src,build,dev,proc,tmp,mnt}
	touch "$root/.made"
}

# What is done in the namespace: the source tree at /src, to be read only, and file systems that are nobody else's.
inside='
root=$1 top=$2 emulator=$3
shift 3
mount --make-rprivate /
if [ -n "$emulator" ]; then
	magic="\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
	mask="\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
	mount -t binfmt_misc none "$root/mnt" && printf "%s" ":ctrace:M::$magic:$mask:$emulator:F" >"$root/mnt/register" || exit 125
fi
mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/dev/shm" && mount -t proc proc "$root/proc" &&
	mount -t tmpfs tmpfs "$root/tmp" && mount --bind -o ro "$top" "$root/src" && mount -o remount,bind,ro "$root/src" || exit 125
exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"'

enter() { # root command...
	local root=$1
	shift
	unshare --mount --pid --fork --kill-child bash -c "$inside" - "$root" "$top" '' "$@" </dev/null
}

# The same with an emulator.  Which programs a kernel hands to one is a matter of the user namespace since Linux 6.7, so the host's list stays
# as it is; the namespace has all of the host's users.
enter_emulated() { # emulator root command...
	local emulator=$1 root=$2 gate pid status=0
	shift 2
	gate=$(mktemp -d)
	mkfifo "$gate/up" "$gate/go"
	unshare --user bash -c 'echo >"$1/up"; read -r _ <"$1/go"; shift
		exec unshare --mount --pid --fork --kill-child bash -c "$0" - "$@"' "$inside" "$gate" "$root" "$top" "$emulator" "$@" </dev/null &
	pid=$!
	read -r _ <"$gate/up"
	echo 0 0 4294967295 >/proc/$pid/uid_map
	echo 0 0 4294967295 >/proc/$pid/gid_map
	echo >"$gate/go"
	wait $pid || status=$?
	rm -rf "$gate"
	return $status
}

# Runs tiers inside; the counts come out through a file in the root.
run_tiers() { # root build-folder-inside tiers, then the entering command...
	local root=$1 build=$2 tiers=$3 status=0
	shift 3
	rm -f "$root/totals"
	# shellcheck disable=SC2086
	"$@" env BUILD="$build" JOBS="$JOBS" TOTALS=/totals STRETCH="${STRETCH:-1}" WITHOUT="${WITHOUT:-}" ONLY="${ONLY:-}" \
		/src/tests/runner.sh $tiers || status=$?
	[ ! -s "$root/totals" ] || cat "$root/totals" >>"${TOTALS:-/dev/null}"
	return $status
}
