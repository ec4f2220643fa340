#!/bin/bash
# deps.sh GROUP... - make sure the Debian packages of the named groups are installed.
#
#   build  what `make` needs              demo  what `make demo` records
#   test   what `make test` needs         lint  what `make lint` and `make fuzz` need
#   hosts  the programs that `make check-hosts` runs; one that cannot be had is left out, by name
#   bench  the programs that `make bench` loads besides those of test; one that cannot be had is left out, by name
#   cross  what an aarch64 build needs    arch  what `make check-arch` needs besides
#   posix  what `make check-posix` needs besides
#   interop  what `make check-interop` needs besides what it fetches itself
#
# Fast when nothing is missing: one dpkg-query, no network.  Else it installs as root, or with
# `sudo -n`; with neither it prints the one line to run and exits 2.  Daemons that come with a
# package (redis, nginx, postgresql) are wanted as programs only: a policy-rc.d that forbids starting
# them stands while apt runs and is removed after.
#
# A name with ? after it is wanted if it can be had: what needs it skips and says so.

set -u

# Python's own tests are in a package with the version in its name.
python_tests='libpython3-testsuite?'
name_python_tests() {
	local version
	version=$(apt-cache show python3 2>/dev/null | sed -n 's/^Version: \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
	[ -z "$version" ] || python_tests="libpython$version-testsuite?"
}

packages() {
	case $1 in
	build) echo gcc g++ make libc6-dev libbpf-dev libdw-dev libelf-dev libiberty-dev liblzma-dev libsqlite3-dev libzstd-dev zlib1g-dev ;;
	demo) echo pigz ;;
	test)
		echo binutils pkgconf libaio-dev libcmocka-dev liburing-dev libunwind-dev strace jq pigz redis-server redis-tools \
			memcached nginx wrk 'golang-go?' 'python3?' libjemalloc2 libtcmalloc-minimal4 libmimalloc2.0 libfaketime
		;;
	lint) echo clang clang-format clang-tidy libclang-rt-14-dev cppcheck shellcheck mandoc ;;
	hosts)
		echo jq curl git 'redis-server? redis-tools? memcached? nginx? wrk? postgresql? mariadb-server? sysbench?' \
			"openjdk-17-jdk-headless? nodejs? python3? $python_tests pigz? xz-utils? zstd? ffmpeg? stress-ng?"
		;;
	bench) echo 'mariadb-server? sysbench?' ;;
	cross) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
	arch) echo debootstrap musl-tools qemu-user-static gcc-aarch64-linux-gnu g++-aarch64-linux-gnu ;;
	posix) echo gcc libc6-dev xz-utils ;;
	interop) echo curl jq xz-utils 'python3? protobuf-compiler? nodejs? npm? babeltrace2? sqlite3? redis-server? redis-tools? mariadb-server? sysbench?' ;;
	*)
		echo "deps.sh: no group $1; there are build, demo, test, lint, hosts, bench, cross, arch, posix and interop" >&2
		return 1
		;;
	esac
}

# As root: deps.sh --install PACKAGE...
if [ "${1:-}" = --install ]; then
	shift
	policy=/usr/sbin/policy-rc.d
	log=$(mktemp) || exit 1
	trap 'rm -f "$log"' EXIT
	if [ ! -e $policy ]; then
		trap 'rm -f $policy "$log"' EXIT
		trap 'exit 130' INT TERM
		printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
	fi
	export DEBIAN_FRONTEND=noninteractive
	opts=(-y -q --no-install-recommends -o DPkg::Lock::Timeout=300)
	apt-get "${opts[@]}" update >/dev/null 2>&1 || echo "deps.sh: apt-get update failed, trying the old lists" >&2
	have=()
	for name; do
		case $name in libpython3-*) name_python_tests && name=$python_tests ;; esac
		if [ "${name%[?]}" = "$name" ] || apt-cache show "${name%[?]}" >/dev/null 2>&1; then
			have+=("$name")
		else
			echo "deps.sh: there is no ${name%[?]} here: left out" >&2
		fi
	done
	[ ${#have[@]} -gt 0 ] || exit 0
	apt-get "${opts[@]}" install "${have[@]%[?]}" >"$log" 2>&1 && exit 0
	# One that cannot be installed must not keep the others out.
	for name in "${have[@]}"; do
		apt-get "${opts[@]}" install "${name%[?]}" >"$log" 2>&1 && continue
		echo "deps.sh: ${name%[?]} cannot be installed" >&2
		[ "${name%[?]}" != "$name" ] || failed=1
	done
	[ -n "${failed:-}" ] || exit 0
	tail -n 30 "$log"
	exit 1
fi

[ $# -gt 0 ] || set -- build
wanted=()
for group; do
	[ "$group" != hosts ] || name_python_tests
	names=$(packages "$group") || exit 2
	read -ra more <<<"$names"
	wanted+=("${more[@]}")
done

if ! command -v dpkg-query >/dev/null; then
	echo "deps.sh: this is no Debian; wanted are the likes of: ${wanted[*]}" >&2
	exit 0
fi

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n${db:Status-Status} ${Provides}\n' 2>/dev/null |
	sed -n 's/^installed //p' | sed 's/([^)]*)//g; s/, */\n/g' | sed 's/ //g')
missing=()
for name in "${wanted[@]}"; do
	grep -qxF "${name%[?]}" <<<"$installed" || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0

line="apt-get install -y --no-install-recommends ${missing[*]//[?]/}"
must=0
for name in "${missing[@]}"; do [ "${name%[?]}" != "$name" ] || must=2; done
if [ "$(id -u)" -eq 0 ]; then
	echo "installing: ${missing[*]//[?]/}" >&2
	"$0" --install "${missing[@]}" >&2
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	echo "installing with sudo: ${missing[*]//[?]/}" >&2
	sudo -n "$0" --install "${missing[@]}" >&2
else
	echo "packages are missing; run: sudo $line" >&2
	exit $must
fi || {
	echo "deps.sh: installing failed; run by hand: $line" >&2
	exit 2
}
