# shellcheck shell=bash disable=SC2034  # sourced, not run
#
# lib-python.sh - python's own test suite as a host: which tests pass bare must pass traced.

# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
python=/usr/bin/python3
need $python
unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
$python -c 'import test.libregrtest, test._test_multiprocessing' 2>/dev/null || skip "python's test suite is not installed (libpython3.x-testsuite)"

# Two modules at once, in processes of their own. Prints each test with its verdict. Skipped are sockets of virtual machines, which hang where the
# host has no other end.
python_tests() { # module...
	local modules=() module status=0
	for module; do $python -c "import test.$module" 2>/dev/null && modules+=("$module"); done
	"${T[@]}" $python -m test -v -j 2 --timeout 100 -i '*VSOCK*' "${extra[@]}" "${modules[@]}" >log 2>errors || status=$?
	echo "python $status: ${modules[*]}"
	tr '\r' '\n' <log | awk '
		{ if (match($0, /^test[A-Za-z0-9_]* \([A-Za-z0-9_.]+\)/)) name = substr($0, RSTART, RLENGTH) }
		name != "" && match($0, /(ok|FAIL|ERROR|expected failure|unexpected success|skipped .*)$/) { print name, substr($0, RSTART); name = "" }' |
		sed -E "s/ [0-9.]+s / /; s/'[^']*'//g" | sort
	grep -E '^(FAIL|ERROR|Warning|.*altered the execution)' log | sort
}
extra=()
