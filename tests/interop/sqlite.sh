#!/bin/bash
# sqlite.sh - the exported database in the sqlite3 program: it is whole, its ids are there, and its sums are those of `ctrace locks`.
set -u
# shellcheck source=tests/interop/lib-interop.sh
. "$(dirname "$0")/lib-interop.sh"
# shellcheck source=tests/interop/lib-hostile.sh
. "$(dirname "$0")/lib-hostile.sh"
command -v sqlite3 >/dev/null || skip "sqlite3 is not installed"
echo "consumer: sqlite3 $(sqlite3 --version | cut -d' ' -f1)"

same() { # what wanted got
	[ "$2" = "$3" ] || { echo "$1: $3, not $2" && return 1; }
}

empty() { # what query: it has no rows
	local rows
	rows=$(sqlite3 -readonly "$dir/out.db" "$2 LIMIT 5") || return 1
	same "$1" '' "$rows"
}

right() { # trace
	local db=$dir/out.db waits total rows
	rm -f "$db"
	ctrace export --format=sqlite -o "$db" "$1" 2>"$dir/err" || [ $? -eq 1 ] || { cat "$dir/err" && return 1; }
	same mode 600 "$(stat -c %a "$db")" || return 1
	same integrity ok "$(sqlite3 -readonly "$db" 'PRAGMA integrity_check')" || return 1
	same version 1 "$(sqlite3 -readonly "$db" 'PRAGMA user_version')" || return 1
	same journal '' "$(ls "$db"-* 2>/dev/null)" || return 1
	ctrace locks --json --top 1000000 "$1" >"$dir/locks.json"
	read -r waits total rows <<<"$(jq -r '"\(.waits) \(.total_ns) \(.objects | length)"' "$dir/locks.json")"
	same 'rows of locks' "$rows" "$(sqlite3 "$db" 'SELECT count(*) FROM locks')" || return 1
	same waits "$waits" "$(sqlite3 "$db" 'SELECT coalesce(sum(waits), 0) FROM locks')" || return 1
	same 'waits by sums' "$waits" "$(sqlite3 "$db" 'SELECT coalesce(sum(waits), 0) FROM sums WHERE lock_id IS NOT NULL')" || return 1
	same 'each total' "$(jq -r '.objects[] | "\(.total_ns)|\(.p99_ns)|\(.max_ns)"' "$dir/locks.json")" \
		"$(sqlite3 "$db" 'SELECT total_ns, p99_ns, max_ns FROM locks ORDER BY id')" || return 1
	# rounded one by one
	same total 1 "$(sqlite3 "$db" "SELECT abs(coalesce(sum(total_ns), 0) - $total) <= count(*) FROM locks")" || return 1
	empty 'sums that locks do not have' 'SELECT l.id, l.total_ns, sum(s.total_ns) FROM locks l JOIN sums s ON s.lock_id = l.id
		GROUP BY l.id HAVING sum(s.waits) != l.waits OR abs(sum(s.total_ns) - l.total_ns) > count(*)' || return 1
	empty 'threads that are not there' 'SELECT thread_id FROM waits WHERE thread_id NOT IN (SELECT id FROM threads)' || return 1
	empty 'stacks that are not there' 'SELECT stack_id FROM waits WHERE stack_id IS NOT NULL AND stack_id NOT IN (SELECT id FROM stacks)' || return 1
	empty 'frames that are not there' 'SELECT frame_id FROM stacks WHERE frame_id NOT IN (SELECT frame_id FROM frames)' || return 1
	empty 'gaps between states' 'SELECT * FROM (SELECT thread_id, end_ns, lead(begin_ns) OVER (PARTITION BY thread_id ORDER BY rowid) AS next
		FROM states) WHERE next != end_ns' || return 1
	empty 'a text that is no text' "SELECT name FROM threads WHERE typeof(name) != 'text' OR name GLOB '*[' || char(1) || '-' || char(31) || ']*'"
}

make_traces
make_hostile "$dir/traces/hostile.ctrace"
for trace in "$dir"/traces/*.ctrace; do
	name=${trace##*/}
	check "sqlite of ${name%.ctrace}" right "$trace"
done

indexed() { # looking up the waits of a thread does not read all of them
	sqlite3 "$dir/out.db" 'EXPLAIN QUERY PLAN SELECT * FROM waits WHERE thread_id = 1' | grep -q 'USING INDEX waits_thread_id'
}
check "a thread's waits are found by an index" indexed
long() {
	ctrace export --format=sqlite -o "$dir/out.db" "$dir/traces/hostile.ctrace" 2>"$dir/err"
	[ "$(sqlite3 "$dir/out.db" 'SELECT max(length(function)) FROM frames')" -ge 10000 ] &&
		[ "$(sqlite3 "$dir/out.db" 'SELECT count(*) FROM threads')" -eq 10000 ]
}
check "a name of 10,000 characters and 10,000 threads" long
finish
