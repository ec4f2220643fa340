# shellcheck shell=bash disable=SC2034  # sourced, not run
#
# lib-python.sh - python's own test suite as a host: which tests pass bare must pass traced.

# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
python=/usr/bin/python3
need $python
unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
in_the_open
$python -c 'import test.libregrtest, test._test_multiprocessing' 2>/dev/null || skip "python's test suite is not installed (libpython3.x-testsuite)"

# Sockets of virtual machines reach each other where the kernel can loop them back; elsewhere the test of one would hang. Names what is left out.
vsock=()
without_vsock() {
	local why
	why=$($python - <<-'PY'
		import fcntl, socket, struct
		try:
		    with open('/dev/vsock', 'rb') as f:
		        cid = struct.unpack('I', fcntl.ioctl(f, socket.IOCTL_VM_SOCKETS_GET_LOCAL_CID, b'    '))[0]
		except (OSError, AttributeError):
		    raise SystemExit  # the tests skip themselves
		server, client = socket.socket(socket.AF_VSOCK), socket.socket(socket.AF_VSOCK)
		server.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
		server.listen()
		client.settimeout(5)
		try:
		    client.connect((cid, server.getsockname()[1]))
		except OSError as e:
		    print(e.strerror or e)
	PY
	)
	[ -n "$why" ] || return 0
	vsock=(-i '*ThreadedVSOCK*')
	$python -m test --list-cases -m '*ThreadedVSOCK*' test_socket | sed "s/.*/skipped: &: the kernel has no VSOCK loopback ($why)/"
}

# Two modules at once, in processes of their own, which a signal from the keyboard reaches. Prints each test with its verdict.
python_tests() { # module...
	local modules=() status=0
	read -ra modules < <($python -c 'import importlib.util as u, sys; print(*(m for m in sys.argv[1:] if u.find_spec("test." + m)))' "$@")
	env --default-signal=INT "${T[@]}" $python -m test -v -j 2 --timeout 280 "${vsock[@]}" "${extra[@]}" "${modules[@]}" >log 2>errors || status=$?
	echo "python $status: ${modules[*]}"
	tr '\r' '\n' <log | awk '
		{ if (match($0, /^test[A-Za-z0-9_]* \([A-Za-z0-9_.]+\)/)) name = substr($0, RSTART, RLENGTH) }
		name != "" && match($0, /(ok|FAIL|ERROR|expected failure|unexpected success|skipped .*)$/) { print name, substr($0, RSTART); name = "" }' |
		sed -E "s/ [0-9.]+s / /; s/'[^']*'//g" | sort
	grep -E '^(FAIL|ERROR|Warning|.*altered the execution)' log | sort
	! grep -qE 'Timeout \([0-9]+:' log || { echo "$how: out of time" >&2 && return 1; } # what was not run has no verdict to compare
}
extra=()
