#!/usr/bin/env python3
"""chrome_check.py FILE - is it a file of trace events that viewers can make sense of?

Valid JSON in UTF-8; every event has what its phase wants; slices of a thread nest; an arrow has two ends, and begins in a slice; every stack is told, and
its callers too.  Prints what there is; exits 1 with the first thing that is wrong.
"""
import json
import sys


def wrong(what):
    sys.exit("chrome_check: " + what)


with open(sys.argv[1], "rb") as f:
    trace = json.loads(f.read().decode("utf-8"))
events, frames = trace["traceEvents"], trace["stackFrames"]
phases, slices, arrows, ends, spans, opened, began, said = {}, {}, {}, {}, {}, {}, {}, {}
for e in events:
    phases[e["ph"]] = phases.get(e["ph"], 0) + 1
    if not isinstance(e["pid"], int) or not isinstance(e["tid"], int) or e["ts"] < 0:
        wrong("pid, tid or ts: %s" % e)
    if not isinstance(e["name"], str):
        wrong("name: %s" % e)
    if "sf" in e and e["sf"] not in frames:
        wrong("stack %s is not told" % e["sf"])
    where = (e["pid"], e["tid"])
    if e["ph"] == "X":
        # whole ns, because sums of parts of a us are not exact
        begin = round(e["ts"] * 1000)
        said["region"] = said.get("region", 0) + (e["cat"] == "region")
        slices.setdefault(where, []).append((begin, begin + round(e["dur"] * 1000), e["name"]))
    elif e["ph"] == "B":
        opened[where] = e
    elif e["ph"] == "E":
        b = opened.pop(where)
        slices.setdefault(where, []).append((round(b["ts"] * 1000), round(e["ts"] * 1000), b["name"]))
    elif e["ph"] == "s":
        arrows.setdefault(e["id"], []).append((where, e["ts"]))
    elif e["ph"] == "f":
        ends.setdefault(e["id"], []).append((where, e["ts"]))
    elif e["ph"] == "C":
        if list(e["args"].values())[0] < 0:
            wrong("a counter below zero: %s" % e)
    elif e["ph"] in "be":
        said[e["cat"]] = said.get(e["cat"], 0) + (e["ph"] == "b")
        key = (e["cat"], e["id"])
        if e["ph"] == "b" and key in began or e["ph"] == "e" and e["ts"] < began.get(key, e["ts"]):
            wrong("a span begins twice, or ends before it begins: %s" % e)
        if e["ph"] == "b":
            began[key] = e["ts"]
        spans[key] = spans.get(key, 0) + (1 if e["ph"] == "b" else -1)
    elif e["ph"] == "i":
        said["message"] = said.get("message", 0) + (e["s"] == "t")
    elif e["ph"] != "M":
        wrong("phase: %s" % e)
if opened or any(spans.values()):
    wrong("something begins and does not end")
for where, all_of in slices.items():
    stack = []
    for begin, end, name in sorted(all_of, key=lambda s: (s[0], -s[1])):
        while stack and stack[-1][0] <= begin:
            stack.pop()
        if stack and end > stack[-1][0] and name != "wakes":
            wrong("slices of %s overlap: %s and %s at %d" % (where, stack[-1][1], name, begin))
        stack.append((end, name))
if arrows.keys() != ends.keys():
    wrong("arrows with one end")
for n, from_ in arrows.items():
    if len(from_) != 1 or len(ends[n]) != 1 or from_[0][1] > ends[n][0][1]:
        wrong("arrow %d" % n)
for name, frame in frames.items():
    seen = {name}
    while "parent" in frame:
        if frame["parent"] not in frames or frame["parent"] in seen:
            wrong("the callers of stack %s" % name)
        seen.add(frame["parent"])
        frame = frames[frame["parent"]]
print(" ".join("%s=%d" % p for p in sorted(phases.items())), "stacks=%d" % len(frames), " ".join("%ss=%d" % p for p in sorted(said.items())))
