#!/bin/bash
# csv.sh - the exported CSV files in Python's csv reader, strictly: every file has the columns that its schema says, numbers where it says
# numbers, ids that are there, and the figures of `ctrace locks` and `ctrace threads`.
set -u
# shellcheck source=tests/interop/lib-interop.sh
. "$(dirname "$0")/lib-interop.sh"
# shellcheck source=tests/interop/lib-hostile.sh
. "$(dirname "$0")/lib-hostile.sh"
command -v python3 >/dev/null || skip "python3 is not installed"
echo "consumer: $(python3 --version)"

cat >"$dir/read.py" <<'END'
import csv, json, os, sys
folder, locks, threads = sys.argv[1], json.load(open(sys.argv[2])), json.load(open(sys.argv[3]))
csv.field_size_limit(1 << 20)

def read(name):
    # strictly UTF-8, strictly quoted, and a line for each row
    text = open(f'{folder}/{name}.csv', encoding='utf-8', errors='strict', newline='').read()
    rows = list(csv.reader(text.splitlines(keepends=False) if text.count('\n') else [], strict=True))
    assert text.endswith('\n') and text.count('\n') == len(rows), name
    assert not any(ord(c) < 32 and c != '\n' for c in text), name
    head = rows[0]
    assert all(len(r) == len(head) for r in rows), name
    return [dict(zip(head, r)) for r in rows[1:]]

schema = read('schema')
names = {r['table_name'] for r in schema}
assert {f + '.csv' for f in names} == set(os.listdir(folder)), os.listdir(folder)
tables = {n: read(n) for n in names}
for n in names:
    columns = [r for r in schema if r['table_name'] == n]
    head = open(f'{folder}/{n}.csv').readline().strip().split(',')
    assert head == [c['column_name'] for c in columns], n
    for c in columns:
        if c['type'] == 'integer':
            for r in tables[n]:
                assert r[c['column_name']] == '' or str(int(r[c['column_name']])) == r[c['column_name']], (n, c, r)
ids = {n: {r['id'] for r in tables[n]} for n in ('processes', 'threads', 'objects', 'locks', 'sums', 'stacks', 'tasks', 'regions')}
for n in ids:
    assert len(ids[n]) == len(tables[n]), n
ids['frames'] = {r['frame_id'] for r in tables['frames']}
for n in names:
    for c in (tables[n] or [{}])[0]:
        to = {'parent_id': n, 'stack_id': 'stacks', 'create_stack_id': 'stacks', 'waker_stack_id': 'stacks', 'object_id': 'objects',
              'lock_id': 'locks', 'frame_id': 'frames', 'sum_id': 'sums'}.get(c)
        if n == 'regions' and c == 'task_id':
            to = 'tasks'
        if to and not (n in ('threads', 'tasks') and c == 'parent_id'):
            for r in tables[n]:
                assert r[c] == '' or r[c] in ids[to], (n, c, r)
for n in ('waits', 'states', 'sums', 'calls', 'regions'):
    assert all(r['thread_id'] in ids['threads'] for r in tables[n]), n

# what ctrace locks says, row by row
rows = tables['locks']
assert len(rows) == len(locks['objects']), (len(rows), len(locks['objects']))
for r, o in zip(rows, locks['objects']):
    for mine in ('waits', 'short_waits', 'unfinished', 'timeouts', 'total_ns', 'short_total_ns', 'p50_ns', 'p99_ns', 'max_ns', 'objects'):
        assert int(r[mine]) == o[mine], (mine, r, o)
    part = [s for s in tables['sums'] if s['lock_id'] == r['id']]
    assert sum(int(s['waits']) for s in part) == o['waits'], r
    assert abs(sum(int(s['total_ns']) for s in part) - o['total_ns']) <= len(part), r
assert sum(int(r['waits']) for r in rows) == locks['waits']
assert abs(sum(int(r['total_ns']) for r in rows) - locks['total_ns']) <= len(rows)

# waits are what sums are made of, and states have no gap; sums are converted at the mean rate of the clock, times where they are: in short traces
# the clock samples of the first milliseconds were seen to be off by 55 millionths
def same(a, b, rows):
    return abs(a - b) <= rows + 1 + max(a, b) / 5000
made, early = {}, set()
for w in tables['waits']:
    assert int(w['end_ns']) - int(w['begin_ns']) == int(w['dur_ns']) and 0 <= int(w['off_ns']) <= int(w['dur_ns']), w
    if w['begin_ns'] == '0':
        early.add(w['sum_id']) # it may have begun before the trace did
    if w['sum_id']:
        made.setdefault(w['sum_id'], []).append(int(w['dur_ns']))
for s in tables['sums']:
    got = made.get(s['id'], [])
    if len(got) == int(s['waits']) - int(s['short_waits']):
        assert s['id'] in early or same(sum(got), int(s['total_ns']) - int(s['short_total_ns']), len(got)), (s, sum(got))
        made.pop(s['id'], None)
print('sums whose waits are not all there:', len(made))
# a region lies in the one around it, unless it says that it crosses
by_id = {r['id']: r for r in tables['regions']}
for r in tables['regions']:
    assert int(r['end_ns']) - int(r['begin_ns']) == int(r['dur_ns']) >= 0, r
    up = by_id.get(r['parent_id'])
    assert not up or int(up['begin_ns']) <= int(r['begin_ns']) and up['thread_id'] == r['thread_id'], (r, up)
    assert not up or r['crosses'] == '1' or up['crosses'] == '1' or int(r['end_ns']) <= int(up['end_ns']), (r, up)
last = {}
for s in tables['states']:
    assert last.get(s['thread_id'], s['begin_ns']) == s['begin_ns'], s
    last[s['thread_id']] = s['end_ns']
assert len(tables['threads']) >= len(threads['threads'])
print(len(tables['waits']), 'waits', len(tables['states']), 'states', len(tables['switches']), 'switches')
END

right() { # trace
	rm -rf "$dir/out"
	ctrace export --format=csv -o "$dir/out" "$1" 2>"$dir/err" || [ $? -eq 1 ] || { cat "$dir/err" && return 1; }
	ctrace locks --json --top 1000000 "$1" >"$dir/locks.json"
	ctrace threads --json --top 1000000 "$1" >"$dir/threads.json"
	python3 "$dir/read.py" "$dir/out" "$dir/locks.json" "$dir/threads.json"
}

make_traces
make_hostile "$dir/traces/hostile.ctrace"
for trace in "$dir"/traces/*.ctrace; do
	name=${trace##*/}
	check "csv of ${name%.ctrace}" right "$trace"
done

# What the program itself has counted, and what ctrace says of its tasks and regions.
said_all() {
	ctrace export --format=csv -o "$dir/said" "$dir/traces/notes.ctrace" 2>"$dir/err" || return 1
	cat "$dir/notes.said"
	[ $(($(wc -l <"$dir/said/tasks.csv") - 1)) -eq "$(said tasks)" ] && [ $(($(wc -l <"$dir/said/regions.csv") - 1)) -eq "$(said regions)" ] &&
		[ $(($(wc -l <"$dir/said/logs.csv") - 1)) -eq "$(said logs)" ] || { wc -l "$dir"/said/*.csv && return 1; }
	ctrace regions --json "$dir/traces/notes.ctrace" >"$dir/regions.json"
	ctrace tasks --json "$dir/traces/notes.ctrace" >"$dir/tasks.json"
	python3 - "$dir" <<-'END'
		import csv, json, sys
		for table in ("regions", "tasks"):
		    rows = list(csv.DictReader(open(f"{sys.argv[1]}/said/{table}.csv")))
		    for n in json.load(open(f"{sys.argv[1]}/{table}.json"))["names"]:
		        mine = [r for r in rows if r["name"] == n["name"]]
		        whole = [int(r["dur_ns"]) for r in mine if (r["ended"] == "1" if table == "regions" else r["dur_ns"])]
		        assert len(whole) == n["count"] and len(mine) - len(whole) == n["unended"], (n, len(mine), len(whole))
		        assert not whole or abs(sum(whole) - n["total_ns"]) <= len(whole) + n["total_ns"] / 5000, (n, sum(whole))
	END
}
check "every task, region and message" said_all

# A choice has the rows of all that it says, and no others.
chosen() {
	rm -rf "$dir/chosen"
	ctrace export --format=csv --lock mutex --min-duration 200us -o "$dir/chosen" "$dir/traces/convoy.ctrace" 2>"$dir/err" || return 1
	ctrace export --format=csv -o "$dir/whole" "$dir/traces/convoy.ctrace" 2>"$dir/err" || return 1
	python3 - "$dir/chosen" "$dir/whole" <<-'END'
		import csv, sys
		def read(folder, name): return [tuple(sorted(r.items())) for r in csv.DictReader(open(f"{folder}/{name}.csv"))]
		def wanted(r): return dict(r)["op"] == "mutex" and int(dict(r)["dur_ns"]) >= 200000
		waits = [r for r in read(sys.argv[2], "waits") if wanted(r)]
		assert waits and read(sys.argv[1], "waits") == waits, (len(waits), len(read(sys.argv[1], "waits")))
		numbers = {(dict(r)["thread_id"], dict(r)["number"]) for r in waits}
		states = [r for r in read(sys.argv[2], "states") if (dict(r)["thread_id"], dict(r)["wait_number"]) in numbers]
		assert states and read(sys.argv[1], "states") == states
		assert {dict(r)["kind"] for r in read(sys.argv[1], "objects")} == {"mutex"}
		facts = {dict(r)["key"]: dict(r)["value"] for r in read(sys.argv[1], "trace")}
		assert facts["only_lock"] == "mutex" and facts["min_duration_ns"] == "200000"
	END
}
check "a lock and a length" chosen

documented() { # every table and column of the schema is in TABLES.md, with the same words
	python3 - "$dir/out/schema.csv" "$top/src/views/export/TABLES.md" <<-'END'
		import csv, sys
		text = open(sys.argv[2]).read()
		for r in csv.DictReader(open(sys.argv[1])):
		    assert f"| `{r['table_name']}.{r['column_name']}` | {r['type']} | {r['column_text']} |" in text, r
	END
}
check "the schema is documented" documented
finish
