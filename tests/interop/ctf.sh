#!/bin/bash
# ctf.sh - exported CTF traces in babeltrace2: it reads all of it without an error, in order of time; the waits in it are those of the tables,
# states have no gap, and what was lost is what babeltrace2 says was discarded.
set -u
# shellcheck source=tests/interop/lib-interop.sh
. "$(dirname "$0")/lib-interop.sh"
# shellcheck source=tests/interop/lib-hostile.sh
. "$(dirname "$0")/lib-hostile.sh"
command -v babeltrace2 >/dev/null || skip "babeltrace2 is not installed"
command -v python3 >/dev/null || skip "python3 is not installed"
echo "consumer: $(babeltrace2 --version | head -n 1)"

cat >"$dir/hold.py" <<'END'
import csv, re, sys
line = re.compile(r'\[(\d+)\] .*?ctrace:(\w+): \{ vpid = (\d+), vtid = (\d+), thread = (\d+) \}, \{ (.*) \}$')
def fields(text):
    return dict(re.findall(r'(\w+) = (\(.*?\)|"(?:\\.|[^"\\])*"|-?\w+)', text))
waits, open_waits, states, last, stacks, events, lost = {}, {}, {}, 0, set(), 0, 0
said, said_open = {'task': 0, 'region': 0, 'log': 0}, {}
for raw in open(sys.argv[1], encoding='utf-8', errors='strict'):
    m = line.match(raw.rstrip('\n'))
    assert m, raw
    ns, event, thread, f = int(m[1]), m[2], m[5], fields(m[6])
    assert ns >= last, raw
    last, events = ns, events + 1
    if event == 'stack':
        stacks.add(f['stack'])
    elif event == 'wait_begin':
        assert thread not in open_waits and (f['stack'] == '0' or f['stack'] in stacks), raw
        open_waits[thread] = (f['wait'], ns)
    elif event == 'wait_end':
        number, begin = open_waits.pop(thread)
        assert number == f['wait'] and (f['waker_stack'] == '0' or f['waker_stack'] in stacks), raw
        waits[thread, number] = (begin, ns)
    elif event == 'state':
        assert states.get(thread, ns) == ns, raw
        states[thread] = int(f['until'])
    elif event in ('task_begin', 'region_begin'):
        kind = event.split('_')[0]
        assert (kind, f[kind]) not in said_open, raw
        said_open[kind, f[kind]] = ns
        said[kind] += 1
    elif event in ('task_end', 'region_end'):
        kind = event.split('_')[0]
        assert said_open.pop((kind, f[kind])) <= ns, raw
    elif event == 'log':
        said['log'] += 1
    elif event == 'lost':
        lost += int(f['records'])
assert not open_waits and not said_open, (open_waits, said_open)
for kind, n in said.items():
    assert n == sum(1 for _ in csv.DictReader(open(f'{sys.argv[4]}/{kind}s.csv'))), (kind, n)
rows = {(r['thread_id'], r['number']): (int(r['begin_ns']), int(r['end_ns'])) for r in csv.DictReader(open(sys.argv[2]))}
assert rows == waits, list(set(rows.items()) ^ set(waits.items()))[:5]
assert lost == sum(int(r['records']) for r in csv.DictReader(open(sys.argv[3]))), lost
print(events, 'events', len(waits), 'waits', said)
END

right() { # trace
	local lost discarded
	rm -rf "$dir/out" "$dir/csv"
	ctrace export --format=ctf -o "$dir/out" "$1" 2>"$dir/err" || [ $? -eq 1 ] || { cat "$dir/err" && return 1; }
	ctrace export --format=csv -o "$dir/csv" "$1" 2>"$dir/err" || [ $? -eq 1 ] || { cat "$dir/err" && return 1; }
	babeltrace2 --clock-cycles "$dir/out" >"$dir/text" 2>"$dir/err" || { cat "$dir/err" && return 1; }
	! grep -v 'Tracer discarded' "$dir/err" | grep . || return 1
	python3 "$dir/hold.py" "$dir/text" "$dir/csv/waits.csv" "$dir/csv/losses.csv" "$dir/csv" || return 1
	lost=$(ctrace info --json "$1" | jq '.lost | del(.no_clock) | add // 0')
	discarded=$(sed -n 's/.*Tracer discarded \([0-9]*\) event.*/\1/p' "$dir/err" | awk '{ s += $1 } END { print s + 0 }')
	echo "lost $lost, discarded $discarded"
	[ "$discarded" -eq "$lost" ]
}

make_traces
make_hostile "$dir/traces/hostile.ctrace"
for trace in "$dir"/traces/*.ctrace; do
	name=${trace##*/}
	check "ctf of ${name%.ctrace}" right "$trace"
done

# A choice has the same waits as the tables have.
chosen() {
	rm -rf "$dir/out" "$dir/csv"
	ctrace export --format=ctf --min-duration 150us -o "$dir/out" "$dir/traces/$1.ctrace" 2>"$dir/err" || return 1
	ctrace export --format=csv --min-duration 150us -o "$dir/csv" "$dir/traces/$1.ctrace" 2>"$dir/err" || return 1
	babeltrace2 --clock-cycles "$dir/out" >"$dir/text" 2>"$dir/err" || { cat "$dir/err" && return 1; }
	sed -i 's/^assert states.get.*//; s/^        assert states.get.*//' "$dir/hold.py" # states have gaps then
	python3 "$dir/hold.py" "$dir/text" "$dir/csv/waits.csv" "$dir/csv/losses.csv" "$dir/csv"
}
for name in convoy notes; do check "a length, in ctf of $name" chosen $name; done

# what comes out must not pass when a byte of it is wrong
broken() {
	rm -rf "$dir/out"
	ctrace export --format=ctf -o "$dir/out" "$dir/traces/convoy.ctrace" 2>/dev/null
	printf '\xff' | dd of="$dir/out/stream_0" bs=1 seek=0 conv=notrunc 2>/dev/null
	! babeltrace2 "$dir/out" >/dev/null 2>&1
}
check "a broken one is refused" broken
finish
