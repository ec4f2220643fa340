#!/bin/bash
# aarch64.sh - the unit and run tests of an aarch64 build, under qemu-user.
#
# Built here by the cross compiler against the libraries of an arm64 root, run in there.  qemu.txt names the tests that are
# not tried under its emulation, each with what was seen there.
set -u
# shellcheck source=tests/arch/lib-arch.sh
. "$(dirname "$0")/lib-arch.sh"
cc=aarch64-linux-gnu-gcc
command -v $cc >/dev/null || skip "$cc is not installed"
emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || skip "qemu-user is not installed"
# the cross compiler's libraries must not be newer than the root's
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
root=$arch/arm64
make_root arm64 "${suite:-stable}" arm64 || skip "debootstrap of arm64 failed"
step "building for aarch64"
${MAKE:-make} -C "$top" --no-print-directory O="$root/build" CC=$cc NM=aarch64-linux-gnu-nm OBJCOPY=aarch64-linux-gnu-objcopy WERROR=1 CPPFLAGS="--sysroot=$root" \
	LDFLAGS="--sysroot=$root" -j"$JOBS" SUBJECTS="$subjects" all units subjects check-symbols >"$root.build" 2>&1 || {
	grep -E 'error|undefined|\*\*\*' "$root.build" | head -n 20
	step "the build failed, see $root.build"
	exit 1
}
enter_emulated "$emulator" "$root" /bin/true || skip "no emulator can be set for a user namespace here (Linux 6.7 and root)"
step "$($emulator --version | head -n 1): testing"
STRETCH=4 WITHOUT=/src/tests/arch/qemu.txt run_tiers "$root" /build/$cc-release 'unit run' enter_emulated "$emulator" "$root"
