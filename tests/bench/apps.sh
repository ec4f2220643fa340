#!/bin/sh
# apps.sh - what ctrace costs real services: throughput and processor time per operation.
#
#	apps.sh [--quick] [--rounds R] [--check] [--via run|preload|control] [--only PATTERN]
#
# redis, redis with two io threads, memcached -t 4, nginx, pigz -p 4 and mariadb, each under a load
# generator that is never traced.  Every round starts a fresh server bare and one traced, which
# first changing every round, and loads each the same.  Throughput is the median over the rounds of
# traced/bare; "cpu" is the same for user+system time of the server's processes per operation, the
# steadier figure; "tool" is what ctrace-run itself used while under load, in us per operation.
# pigz is timed from its start to its end; what the tool does after that is not in it.  mariadb_exact_bpf
# and mariadb_exact_perf are mariadb with all switches recorded by that source.
#
# Servers listen in a private folder or on loopback and are killed when this ends.  What is not
# installed is skipped and says so.  Writes apps-raw.csv and apps.csv to BENCH_OUT.
set -eu
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

rounds=5 quick='' check='' via=run only=. options=
while [ $# -gt 0 ]; do
	case $1 in
	--quick) quick=1 rounds=3 ;;
	--check) check=1 ;;
	--rounds) rounds=$2 && shift ;;
	--via) via=$2 && shift ;;
	--only) only=$2 && shift ;;
	-h | --help) sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" && exit 0 ;;
	*) die "unknown option $1" ;;
	esac
	shift
done
check_via "$via"
[ -x "$MEASURE" ] || die "no benchmark programs in $BUILD/bench: make subjects"
full() { # value: a tenth-second budget scaled down by --quick
	if [ -n "$quick" ]; then echo $(($1 / 4)); else echo "$1"; fi
}

dir=$(mktemp -d "${TMPDIR:-/tmp}/ctrace-apps.XXXXXX")
server=
trap 'stop_server KILL; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$BENCH_OUT"
raw=$BENCH_OUT/apps-raw.csv table=$BENCH_OUT/apps.csv
echo 'app,round,variant,ops,ops_per_s,cpu_us_per_op,tool_us_per_op,trace_bytes' >"$raw"
echo 'app,bare_ops_per_s,traced_ops_per_s,ratio,min,max,cpu_ratio,tool_us_per_op,goal,verdict' >"$table"
echo 0 >"$dir/over"
ticks=$(getconf CLK_TCK)

# ---- processes --------------------------------------------------------------------------------

# "pid ppid comm cpu_ticks" of each descendant of $server and of itself, spaces in names as _.
family() {
	cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^\([0-9]*\) (\(.*\)) /\1 \2\n/' | awk -v root="$server" '
		NR % 2 { pid = $1; sub(/^[0-9]* /, ""); gsub(/ /, "_"); name[pid] = $0; next }
		{ parent[pid] = $2; cpu[pid] = $12 + $13 }
		END { for (p in parent) {
			for (q = p; q > 1 && q != root; q = parent[q]) ;
			if (q == root) print p, parent[p], name[p], cpu[p] } }'
}

# "server_us tool_us" spent so far.
used() {
	family | awk -v us=$((1000000 / ticks)) '$3 ~ /^(measure|env)$/ { next }
		$3 ~ /^ctrace/ { tool += $4; next } { cpu += $4 } END { printf "%d %d\n", cpu * us, tool * us }'
}

# Sends a signal to the server proper and waits until all of its family is gone.
stop_server() { # signal
	[ -n "$server" ] || return 0
	family | awk '$3 !~ /^(measure|env|ctrace)/ { print $1 }' | sort -n | xargs -r kill -s "$1" 2>/dev/null || true
	for _ in $(seq 300); do
		kill -0 "$server" 2>/dev/null || break
		sleep 0.05
	done
	family | awk '{ print $1 }' | xargs -r kill -s KILL 2>/dev/null || true
	wait "$server" 2>/dev/null || true
	server=
}

# Starts a command bare or traced in the background, in a session of its own.
start_server() { # variant command...
	variant=$1
	shift
	rm -f "$dir"/*.ctrace "$dir/use"
	# Options are words by design.
	# shellcheck disable=SC2086
	case $variant-$via in
	bare-*) ;;
	traced-run) set -- "$CTRACE_RUN" -q $CTRACE_RUN_ARGS $options -o "$dir/t.ctrace" -- "$@" ;;
	traced-preload) set -- env LD_PRELOAD="$LIBCTRACE" "$@" ;;
	traced-control) set -- env X=1 "$@" ;;
	esac
	(cd "$dir" && exec "$MEASURE" -p -o "$dir/use" -- "$@" >"$dir/log" 2>&1) &
	server=$!
}

# Runs a probe until it succeeds, ten seconds at most.
await() { # command...
	for _ in $(seq 200); do
		"$@" >/dev/null 2>&1 && return 0
		kill -0 "$server" 2>/dev/null || break
		sleep 0.05
	done
	echo "apps.sh: the server did not come up:" >&2
	tail -n 5 "$dir/log" >&2
	return 1
}

# One that nobody listens on, and that no outgoing connection is given: those have theirs from that range on.
free_port() {
	# the kernel gives all of it to one read(), and dash's read asks for a byte at a time
	first=$(cut -f 1 /proc/sys/net/ipv4/ip_local_port_range)
	[ "$first" -gt 1024 ] || first=32768
	port=$((1024 + $$ % ((first - 1024) / 2)))
	while grep -qsiE ":$(printf %04X "$port") 0+:0000 0A" /proc/net/tcp /proc/net/tcp6; do port=$((port + 1)); done
	echo "$port"
}

# Which of the named programs is missing, if any.
missing() {
	for program; do command -v "$program" >/dev/null || { echo "$program is not installed" && return; }; done
}

# ---- the services -----------------------------------------------------------------------------
# NAME_needs says why it cannot run; NAME_start starts it and returns when it answers; NAME_load
# prints "operations operations_per_second".

redis_needs() { missing redis-server redis-benchmark redis-cli; }
redis_start() {
	# shellcheck disable=SC2086  # options are words
	start_server "$@" redis-server --port 0 --unixsocket "$dir/s" --save '' --appendonly no --dir "$dir" $redis_more
	await redis-cli -s "$dir/s" ping
}
redis_load() {
	n=$(full 400000)
	redis-benchmark -s "$dir/s" -n "$n" -c 50 -t set,get --csv 2>/dev/null | tr -d '"' |
		awk -F, -v n="$n" '/^(SET|GET)/ { ops += n; s += n / $2 } END { print ops, ops / s }'
}
redis_io2_needs() { redis_needs; }
redis_io2_start() {
	redis_more="--io-threads 2 --io-threads-do-reads yes"
	redis_start "$@"
	redis_more=
}
redis_io2_load() { redis_load; }
redis_more=

memcached_needs() { missing memcached; }
memcached_start() {
	[ "$(id -u)" -ne 0 ] || set -- "$@" memcached -u root
	[ "$(id -u)" -eq 0 ] || set -- "$@" memcached
	start_server "$@" -t 4 -U 0 -s "$dir/s"
	await "$BUILD/bench/mcload" -s "$dir/s" -c 1 -n 1 -k 1
}
memcached_load() {
	"$BUILD/bench/mcload" -s "$dir/s" -c 16 -d 1 -n "$(full 600000)" | awk '{ print $2, $4 }'
}

nginx_needs() { missing nginx wrk; }
nginx_start() {
	port=$(free_port)
	mkdir -p "$dir/www"
	head -c 1000 /dev/zero | tr '\0' 'x' >"$dir/www/index.html"
	cat >"$dir/nginx.conf" <<-EOF
		daemon off; worker_processes 2; pid $dir/nginx.pid; error_log $dir/error.log;
		$([ "$(id -u)" -ne 0 ] || echo 'user root;')
		events { worker_connections 256; }
		http { access_log off; keepalive_requests 1000000;
		client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f;
		uwsgi_temp_path $dir/u; scgi_temp_path $dir/c;
		server { listen 127.0.0.1:$port reuseport; root $dir/www; } }
	EOF
	start_server "$@" nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf"
	await test -s "$dir/nginx.pid" && await grep -qi ":$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp
}
nginx_load() {
	wrk -t 1 -c 32 -d "$(full 8)s" "http://127.0.0.1:$port/" |
		awk '/ requests in / { ops = $1 } /^Requests\/sec/ { print ops, $2 }'
}

mariadb_needs() { missing mariadbd mariadb-install-db mariadb-admin sysbench; }
sysbench_db() {
	sysbench oltp_read_write --mysql-socket="$dir/s" --mysql-user=root --mysql-db=sbtest --db-driver=mysql \
		--tables=4 --table-size=10000 --threads=8 --time="$(full 12)" --rand-seed=1 "$@"
}
mariadb_start() {
	if [ ! -d "$dir/data" ]; then
		me=$(id -un)
		mariadb-install-db --no-defaults --datadir="$dir/data" --user="$me" --skip-test-db \
			--auth-root-authentication-method=normal >"$dir/log" 2>&1 || return 1
		mariadb_up bare || return 1
		mariadb-admin --no-defaults -S "$dir/s" -u root create sbtest &&
			sysbench_db prepare >"$dir/prepare" 2>&1 || return 1
		stop_server TERM
	fi
	mariadb_up "$1"
}
mariadb_up() {
	start_server "$1" mariadbd --no-defaults --datadir="$dir/data" --socket="$dir/s" --skip-networking \
		--user="$(id -un)" --pid-file="$dir/pid" --innodb-flush-log-at-trx-commit=2 --tmpdir="$dir"
	await mariadb-admin --no-defaults -S "$dir/s" -u root ping
}
mariadb_load() {
	sysbench_db run | awk '/transactions:/ { gsub(/\(/, ""); print $2, $3 }'
}

# ---- rounds -----------------------------------------------------------------------------------

note() { # app round variant ops ops_per_s cpu_us tool_us
	bytes=-
	for f in "$dir"/*.ctrace; do [ ! -f "$f" ] || bytes=$(file_bytes "$f"); done
	awk -v a="$1" -v r="$2" -v v="$3" -v n="$4" -v x="$5" -v c="$6" -v t="$7" -v b="$bytes" \
		'BEGIN { printf "%s,%d,%s,%d,%.1f,%.4f,%.4f,%s\n", a, r, v, n, x, c / n, t / n, b }' >>"$raw"
}

service_round() { # row round variant
	service=${1%%_exact_*}
	"${service}_start" "$3" || return 1
	# shellcheck disable=SC2046  # two numbers
	set -- "$@" $(used)
	"${service}_load" >"$dir/load" || return 1
	# shellcheck disable=SC2046
	set -- "$@" $(used) $(cat "$dir/load")
	stop_server TERM
	[ $# -eq 9 ] || { echo "apps.sh: no result from $1" >&2 && return 1; }
	note "$1" "$2" "$3" "$8" "$9" $(($6 - $4)) $(($7 - $5))
}

pigz_needs() { missing pigz; }
pigz_round() { # round variant; one operation is a megabyte
	[ -f "$dir/big" ] || seq 1 "$(full 16000000)" >"$dir/big"
	mb=$(($(file_bytes "$dir/big") / 1000000))
	rm -f "$dir/inner"
	start_server "$2" "$MEASURE" -o "$dir/inner" -- sh -c "exec pigz -p 4 -k -c '$dir/big' >'$dir/big.gz'"
	wait "$server" || return 1
	server=
	read -r wall cpu _ <"$dir/inner"
	read -r _ all _ <"$dir/use"
	note pigz "$1" "$2" "$mb" "$(awk -v w="$wall" -v n="$mb" 'BEGIN { print n * 1e9 / w }')" \
		$((cpu / 1000)) $(((all - cpu) / 1000))
}

of() { # app variant column -> median min max
	awk -F, -v a="$1" -v v="$2" -v c="$3" '$1 == a && $3 == v { print $c }' "$raw" | median
}

paired() { # app column
	awk -F, -v a="$1" -v c="$2" '$1 == a { x[$2, $3] = $c; if ($2 > n) n = $2 }
		END { for (i = 1; i <= n; i++) if (x[i, "bare"] > 0) printf "%.4f\n", x[i, "traced"] / x[i, "bare"] }' "$raw" | median
}

first() { echo "$1"; }

app() { # row goal [options]; a row SERVICE_exact_SOURCE is that service with these options
	options=${3:-}
	set -- "$1" "$2"
	echo "$1" | awk -v p="$only" '{ exit $0 !~ p }' || return 0
	reason=$("${1%%_exact_*}_needs")
	if [ -n "$reason" ]; then
		printf '%-18s skipped: %s\n' "$1" "$reason"
		echo "$1,,,,,,,,$2,skipped: $reason" >>"$table"
		return 0
	fi
	for round in $(seq "$rounds"); do
		order='bare traced'
		[ $((round % 2)) -eq 1 ] || order='traced bare'
		for variant in $order; do
			if [ "$1" = pigz ]; then
				pigz_round "$round" "$variant" || failed=1
			else
				service_round "$1" "$round" "$variant" || failed=1
			fi
			if [ -n "${failed:-}" ]; then
				stop_server KILL
				failed=
				printf '%-18s failed: %s run\n' "$1" "$variant"
				echo "$1,,,,,,,,$2,failed: $variant run" >>"$table"
				echo 1 >"$dir/over"
				return 0
			fi
		done
	done
	# Each is "median min max".
	# shellcheck disable=SC2046,SC2086
	{
		bare=$(first $(of "$1" bare 5)) traced=$(first $(of "$1" traced 5))
		cpu=$(first $(paired "$1" 6)) tool=$(first $(of "$1" traced 7))
		set -- "$1" "$2" $(paired "$1" 5)
	}
	mark=$(verdict "$3" "$2" min)
	[ "$mark" != over ] || echo 1 >"$dir/over"
	echo "$1,$bare,$traced,$3,$4,$5,$cpu,$tool,$2,$mark" >>"$table"
	printf '%-18s %10s %10s %7s  %-19s %7s %8s %6s  %s\n' "$1" "$bare" "$traced" "$3" "($4 - $5)" "$cpu" "$tool" "$2" "$mark"
}

printf '%-18s %10s %10s %7s  %-19s %7s %8s %6s  %s\n' app 'bare op/s' 'traced' ratio '(min - max)' cpu 'tool us' goal verdict
app redis 0.98
app redis_io2 0.98
app memcached 0.98
app nginx 0.98
app pigz 0.98
app mariadb 0.97
if [ "$via" = run ]; then
	app mariadb_exact_bpf 0.96 "--sched=exact --sched-source=bpf"
	app mariadb_exact_perf 0.92 "--sched=exact --sched-source=perf"
fi
echo "csv: $table $raw"
[ -z "$check" ] || [ "$(cat "$dir/over")" -eq 0 ]
