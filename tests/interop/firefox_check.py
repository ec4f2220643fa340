#!/usr/bin/env python3
"""firefox_check.py FILE - is it a processed profile as Firefox Profiler describes them?

Every column of a table has as many rows as the table says; every index points into what it is an index of; callers come before those they call.
Exits 1 with the first thing that is wrong.
"""
import json
import sys


def wrong(what):
    sys.exit("firefox_check: " + what)


with open(sys.argv[1], "rb") as f:
    profile = json.loads(f.read().decode("utf-8"))
strings = profile["shared"]["stringArray"]
categories = profile["meta"]["categories"]
schemas = {s["name"]: {f["key"]: f["format"] for f in s["fields"]} for s in profile["meta"]["markerSchema"]}
markers_n = 0


def columns(name, table, *wanted):
    for column in wanted:
        if len(table[column]) != table["length"]:
            wrong("%s.%s has %d rows of %d" % (name, column, len(table[column]), table["length"]))


def below(name, values, limit, least=0):
    for v in values:
        if v is not None and not least <= v < limit:
            wrong("%s: %s of %d" % (name, v, limit))


kinds = {"Region": 0, "Task": 0, "Log": 0}


def take_marker(thread, data):
    schema = schemas[data["type"]]
    kinds[data["type"]] = kinds.get(data["type"], 0) + 1
    for key, value in data.items():
        if key == "cause":
            below("cause", [value["stack"]], thread["stackTable"]["length"])
        elif key != "type" and schema[key] == "unique-string":
            below(key, [value], len(strings))
        elif key != "type" and not isinstance(value, int if schema[key] == "integer" else str):
            wrong("marker field %s: %s" % (key, value))


for thread in profile["threads"]:
    samples, markers = thread["samples"], thread["markers"]
    stacks, frames, functions = thread["stackTable"], thread["frameTable"], thread["funcTable"]
    columns("samples", samples, "stack", "time", "weight")
    columns("markers", markers, "data", "name", "startTime", "endTime", "phase", "category")
    columns("stackTable", stacks, "frame", "prefix")
    columns("frameTable", frames, "address", "inlineDepth", "category", "subcategory", "func", "nativeSymbol", "innerWindowID", "line", "column")
    columns("funcTable", functions, "name", "isJS", "relevantForJS", "resource", "fileName", "lineNumber", "columnNumber")
    if not samples["length"] or samples["time"] != sorted(samples["time"]):
        wrong("samples are none, or not in order of time")
    below("samples.stack", samples["stack"], stacks["length"])
    below("stackTable.frame", stacks["frame"], frames["length"])
    below("frameTable.func", frames["func"], functions["length"])
    below("frameTable.category", frames["category"], len(categories))
    below("funcTable.name", functions["name"], len(strings))
    below("funcTable.fileName", functions["fileName"], len(strings))
    below("markers.name", markers["name"], len(strings))
    below("markers.category", markers["category"], len(categories))
    for i, prefix in enumerate(stacks["prefix"]):
        below("prefix", [prefix], i)
    for i, data in enumerate(markers["data"]):
        take_marker(thread, data)
        if (markers["phase"][i] == 0) != (markers["endTime"][i] is None):
            wrong("the phase of a marker")
        if markers["phase"][i] and markers["endTime"][i] < markers["startTime"][i]:
            wrong("a marker ends before it begins")
    markers_n += markers["length"]
if not isinstance(thread["pid"], str) or not isinstance(thread["tid"], int):
    wrong("pid or tid")
print("threads=%d markers=%d strings=%d regions=%d tasks=%d messages=%d" %
      (len(profile["threads"]), markers_n, len(strings), kinds["Region"], kinds["Task"], kinds["Log"]))
