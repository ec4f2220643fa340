#!/bin/bash
# Everything rests on the runner's counts: a crash, a hang, a script that does not exist any more
# or a cmocka program that dies half way must never be a pass.
set -eu
mkdir -p t/tests/{unit,run,trace} build/unit
cp "$TOP/tests/runner.sh" t/tests/
script() { printf '%s\n' "$2" >"t/tests/run/$1.sh"; }
script pass 'test -z "$(ls -A)" && test "$PWD" = "$TMPDIR" && ! read -r line'
script fail 'echo the reason; exit 3'
script skip 'echo no such machine >&2; exit 77'
script killed 'kill -9 $$'
script hangs '# timeout: 1
sleep 100'
script alone '# serial: measures time
exit 0'
script libhelp 'exit 1'
touch t/tests/unit/test_{mixed,dies,gone}.c t/tests/trace/x.ctt
printf '#!/bin/sh\nprintf "1..3\\nok 1 - a\\nnot ok 2 # SKIP b\\nok 3 - c\\n"\n' >build/unit/test_mixed
printf '#!/bin/sh\nprintf "1..3\\nok 1 - a\\n"; kill -SEGV $$\n' >build/unit/test_dies
chmod +x build/unit/*

rc=0
BUILD=$PWD/build JOBS=2 SAN='' KEEP='' ONLY='' TOTALS='' t/tests/runner.sh unit trace run nothing >out 2>&1 || rc=$?
sed 's/^/> /' out
[ $rc -eq 1 ]
for line in 'PASS run/pass' 'FAIL run/fail (exit 3)' 'SKIP run/skip: no such machine' 'FAIL run/killed (exit 137)' \
	'FAIL run/hangs (time limit of 1 s)' 'PASS run/alone' 'PASS unit/test_mixed (2 cases, 1 skipped)' \
	'FAIL unit/test_dies (exit 139)' 'FAIL unit/test_gone' 'FAIL trace/x' '     | the reason'; do
	grep -qF "$line" out || { echo "no line: $line"; exit 1; }
done
[ "$(tail -n 1 out)" = '5 passed, 6 failed, 2 skipped' ]

# In continuous integration the counts go to a file and one failure is enough for a bad status.
rc=0
BUILD=$PWD/build JOBS=1 SAN='' KEEP='' ONLY='run/[ps]*' TOTALS=$PWD/totals t/tests/runner.sh run >out 2>&1 || rc=$?
[ $rc -eq 0 ]
[ "$(cat totals)" = '1 0 1' ]
