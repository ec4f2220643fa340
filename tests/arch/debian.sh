#!/bin/bash
# debian.sh oldest|newest - the unit and run tests on another release of Debian.
#
# Tools, subjects and unit tests are built in there, with that release's compiler and libraries, and so is a libctrace.so.  The run tests
# use the libctrace.so that was built here: one object must do for every glibc from 2.17 on, older and newer than its own.
set -u
# shellcheck source=tests/arch/lib-arch.sh
. "$(dirname "$0")/lib-arch.sh"
case $1 in
oldest) suites=(wheezy jessie stretch buster bullseye bookworm) ;;
newest) suites=(sid) ;;
*) echo "debian.sh: oldest or newest" >&2 && exit 2 ;;
esac
suite=
for s in "${suites[@]}"; do
	if has_suite "$s"; then
		suite=$s
		break
	fi
	step "the mirror has no $s"
done
[ -n "$suite" ] || skip "the mirror answers for none of ${suites[*]}"
root=$arch/$suite
make_root "$suite" "$suite" || skip "debootstrap $suite failed"
step "$suite: $(enter "$root" ldd --version | sed -n 1p), building"
enter "$root" make -C /src O=/build -j"$JOBS" SUBJECTS="$subjects" all units subjects >"$root.build" 2>&1 || {
	grep -E 'error|undefined|\*\*\*' "$root.build" | head -n 20
	step "$suite: the build failed, see $root.build"
	exit 1
}
rm -rf "$root/build/here"
cp -al "$root/build/release" "$root/build/here"
rm "$root/build/here/libctrace.so"
cp "$BUILD/libctrace.so" "$root/build/here/libctrace.so"
step "$suite: testing"
run_tiers "$root" /build/here 'unit run' enter "$root"
