#!/bin/bash
# `make test` installs what is missing.  Where it may not, it must print the one line to run and
# stop with 2; half a build followed by a compiler error about <elfutils/libdw.h> helps nobody.
set -eu
mkdir bin
cat >bin/dpkg-query <<'END'
#!/bin/sh
echo 'installed gcc'
echo 'installed '
END
printf '#!/bin/sh\necho 1000\n' >bin/id
printf '#!/bin/sh\necho "a password is required" >&2; exit 1\n' >bin/sudo
printf '#!/bin/sh\necho "apt-get was run" >&2; exit 1\n' >bin/apt-get
chmod +x bin/*
export PATH=$PWD/bin:$PATH

rc=0
"$TOP/tests/deps.sh" build >out 2>err || rc=$?
cat err
[ $rc -eq 2 ]
[ "$(wc -l <err)" -eq 1 ]
[ ! -s out ]
grep -q '^packages are missing; run: sudo apt-get install -y .*\<libdw-dev\>' err
! grep -qw gcc err || { echo "gcc is installed and was asked for"; exit 1; }

# All there: says nothing, runs nothing.
printf '#!/bin/sh\nfor p in gcc g++ make libc6-dev libbpf-dev libdw-dev libelf-dev libiberty-dev liblzma-dev libsqlite3-dev libzstd-dev zlib1g-dev; do echo "installed $p"; done\n' >bin/dpkg-query
"$TOP/tests/deps.sh" build >out 2>err
[ ! -s out ] && [ ! -s err ]

# A group that does not exist is a mistake in the Makefile and must not pass for "all there".
rc=0
"$TOP/tests/deps.sh" nonsense >out 2>err || rc=$?
[ $rc -eq 2 ]

# A program that is only wanted if it can be had stops nobody: what needs it skips.
printf '#!/bin/sh\nfor p in jq curl git nginx; do echo "installed $p"; done\n' >bin/dpkg-query
"$TOP/tests/deps.sh" hosts 2>err
grep -q '^packages are missing; run: .* redis-server .* memcached' err
! grep -qE 'nginx|[?]' err || { echo "nginx is installed and was asked for, or a ? came through"; exit 1; }
