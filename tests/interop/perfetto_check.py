#!/usr/bin/env python3
"""perfetto_check.py [TSV] <TEXT - what `protoc --decode=Trace` printed: is it a trace that Perfetto can make sense of?

protoc knows fields and no more: here every number has to be told before it is used, every slice that begins ends, inside the one around
it, and every arrow goes from one event to one later one.  Exits 1 with the first thing that is wrong.  With TSV the slices are written there as lines
of tid, name, begin, duration, sorted, for comparing.
"""
import re
import sys


def wrong(what):
    sys.exit("perfetto_check: packet %d: %s" % (packet_n, what))


FIELD = re.compile(r"^\s*(\w+)(: (.*)| \{)$")
packet_n = 0
# What was told.
tracks, threads, told = {}, {}, {}
stacks_of = {}
open_slices, flows, slices = {}, {}, []
clock = {}
last_switch = {}
counts = {"waits": 0, "unfinished": 0, "parts": 0, "arrows": 0, "switches": 0, "wakings": 0, "counters": 0, "missing": 0, "stacks": 0, "regions": 0, "tasks": 0,
          "messages": 0}


def text(value):
    return value[1:-1]


def packets(lines):
    """Each packet as nested dictionaries of lists."""
    stack = [{}]
    for line in lines:
        line = line.rstrip("\n")
        if line.strip() == "}":
            done = stack.pop()
            if len(stack) == 1:
                yield done
            continue
        m = FIELD.match(line)
        if not m:
            wrong("not a field: " + line[:100])
        if m.group(1)[0].isdigit():
            wrong("field without a name: " + line.strip()[:100])
        if m.group(3) is None:
            message = {}
            if len(stack) > 1:
                stack[-1].setdefault(m.group(1), []).append(message)
            stack.append(message)
        else:
            stack[-1].setdefault(m.group(1), []).append(m.group(3))
    if len(stack) != 1:
        wrong("the text ends in a packet")


def number(message, name, default=None):
    return int(message[name][0]) if name in message else default


def tell(kind, message):
    iid = number(message, "iid")
    if not iid:
        wrong("%s without a number" % kind)
    if (kind, iid) in told:
        wrong("%s %d is told twice" % (kind, iid))
    told[kind, iid] = message


def known(kind, iid):
    if (kind, iid) not in told:
        wrong("%s %d is not told" % (kind, iid))
    return told[kind, iid]


def take_interned(data):
    for kind, messages in data.items():
        for message in messages:
            tell(kind, message)
    for frame in data.get("frames", []):
        known("function_names", number(frame, "function_name_id"))
        if "mapping_id" in frame:
            known("mappings", number(frame, "mapping_id"))
        if "source_path_iid" in frame:
            known("source_paths", number(frame, "source_path_iid"))
    for mapping in data.get("mappings", []):
        if "build_id" in mapping:
            known("build_ids", number(mapping, "build_id"))
        for path in mapping["path_string_ids"]:
            known("mapping_paths", int(path))
    for stack in data.get("callstacks", []):
        counts["stacks"] += 1
        for frame in stack.get("frame_ids", []):
            known("frames", int(frame))


def take_descriptor(d):
    uuid = number(d, "uuid")
    if not uuid or uuid in tracks:
        wrong("track %s is told twice" % uuid)
    if "parent_uuid" in d and number(d, "parent_uuid") not in tracks:
        wrong("track %d before the one it belongs to" % uuid)
    tracks[uuid] = d
    if "thread" in d:
        threads[uuid] = number(d["thread"][0], "tid")


def take_begin(event, uuid, ns):
    if "name_iid" in event:
        name = text(known("event_names", number(event, "name_iid"))["text"][0])
    elif "name" in event:
        name = text(event["name"][0])
    else:
        wrong("a slice without a name")
    categories = [text(known("event_categories", int(c))["text"][0]) for c in event.get("category_iids", [])]
    if "callstack_iid" in event:
        known("callstacks", number(event, "callstack_iid"))
    for a in event.get("debug_annotations", []):
        known("debug_annotation_names", number(a, "name_iid"))
    region = "region" in categories
    open_slices.setdefault(uuid, []).append((name, ns, region))
    if region:
        counts["regions"] += 1
    elif "task" in categories:
        counts["tasks"] += 1
    elif uuid not in threads:
        counts["missing"] += 1
    elif "state" in categories:
        counts["parts"] += 1
    elif "not ended" in categories:
        counts["unfinished"] += 1
    else:
        counts["waits"] += 1
    if uuid in threads and sum(not s[2] for s in open_slices[uuid]) > 2:
        wrong("slices three deep")
    if region and uuid in threads and not all(s[2] for s in open_slices[uuid]):
        wrong("a region begins in a slice that is none")


def take_end(uuid, ns):
    if not open_slices.get(uuid):
        wrong("a slice ends that has not begun")
    name, begin, region = open_slices[uuid].pop()
    if ns < begin:
        wrong("a slice ends before it begins")
    if uuid in threads and not region:
        slices.append((threads[uuid], name, begin, ns - begin))


def take_event(event, ns):
    uuid = number(event, "track_uuid")
    kind = event["type"][0]
    if uuid not in tracks:
        wrong("an event on track %s, which is not told" % uuid)
    if kind == "BEGIN":
        take_begin(event, uuid, ns)
    elif kind == "END":
        take_end(uuid, ns)
    elif kind == "COUNTER":
        counts["counters"] += 1
        if "counter" not in tracks[uuid] or number(event, "counter_value") < 0:
            wrong("a counter that is none, or below zero")
    elif "message" in [text(known("event_categories", int(c))["text"][0]) for c in event.get("category_iids", [])]:
        counts["messages"] += 1
        if not text(event["name"][0]):
            wrong("a message without a text")
    elif "name_iid" in event:
        known("event_names", number(event, "name_iid"))
        if "callstack_iid" in event:
            known("callstacks", number(event, "callstack_iid"))
    for flow in event.get("flow_ids", []):
        if flow in flows:
            wrong("arrow %s begins twice" % flow)
        flows[flow] = ns
    for flow in event.get("terminating_flow_ids", []):
        if flows.pop(flow, None) is None:
            wrong("arrow %s ends before it begins" % flow)
        counts["arrows"] += 1


def take_ftrace(bundle):
    cpu = number(bundle, "cpu", 0)
    ns = last_switch.get(cpu, 0)
    for c in bundle.get("compact_sched", []):
        columns = ["switch_timestamp", "switch_prev_state", "switch_next_pid", "switch_next_prio", "switch_next_comm_index"]
        if len({len(c[name]) for name in columns}) != 1:
            wrong("columns of switches differ in length")
        begin = 0
        for i, delta in enumerate(c["switch_timestamp"]):
            begin += int(delta)
            if begin < ns:
                wrong("switches of CPU %d go back in time" % cpu)
            ns = begin
            if int(c["switch_next_comm_index"][i]) >= len(c["intern_table"]):
                wrong("a name of a thread is not told")
            if int(c["switch_next_pid"][i]) and c["switch_prev_state"][i] == "1" and i == 0 and cpu not in last_switch:
                wrong("somebody leaves CPU %d who never came" % cpu)
            counts["switches"] += 1
    last_switch[cpu] = ns
    for event in bundle.get("event", []):
        counts["wakings"] += 1
        if not number(event, "timestamp") or "sched_waking" not in event:
            wrong("a waking without time or thread")


def take_clocks(snapshot, sequence):
    for c in snapshot["clocks"]:
        if c.get("is_incremental", ["false"])[0] == "true":
            clock[sequence] = number(c, "timestamp")


def take(packet):
    sequence = number(packet, "sequence")
    if not sequence:
        wrong("no sequence")
    for data in packet.get("interned_data", []):
        take_interned(data)
    if "clock_snapshot" in packet:
        take_clocks(packet["clock_snapshot"][0], sequence)
        return
    ns = number(packet, "timestamp", 0)
    if "timestamp" in packet and "timestamp_clock_id" not in packet:
        if sequence not in clock:
            wrong("a time without a clock")
        clock[sequence] += ns
        ns = clock[sequence]
    for d in packet.get("track_descriptor", []):
        take_descriptor(d)
    for e in packet.get("track_event", []):
        take_event(e, ns)
    for b in packet.get("ftrace_events", []):
        take_ftrace(b)


for p in packets(sys.stdin):
    packet_n += 1
    take(p)
if any(open_slices.values()):
    wrong("slices are open at the end")
if flows:
    wrong("%d arrows lead nowhere" % len(flows))
if packet_n < 4:
    wrong("that is all")
if len(sys.argv) > 1:
    with open(sys.argv[1], "w") as out:
        for s in sorted(slices):
            print(*s, sep="\t", file=out)
print(" ".join("%s=%d" % c for c in sorted(counts.items())), "packets=%d" % packet_n)
