#!/bin/bash
# What version 1 wrote every later version must read, to the last field.  The files of tests/golden/v1 were written once and do
# not change; when a new field or event makes the text longer, the .ctt beside them may.
set -eu
status=0
for file in "$TOP"/tests/golden/*/*.bin; do
	ctrace raw "$file" >now.ctt || status=1
	diff -u "${file%.bin}.ctt" now.ctt || status=1
	ctrace validate "$file" || status=1
done
exit $status
