#!/bin/bash
# `make help` is harvested from comments; a target that lost its comment would vanish in silence.
set -eu
make -C "$TOP" -s --no-print-directory help >help
for target in all demo test bench lint asan ubsan tsan install uninstall clean help; do
	grep -q "^  $target  *[a-z]" help || { echo "make help does not name $target"; exit 1; }
done
for variable in CC SAN DEBUG PREFIX DESTDIR V O; do
	grep -q "^  $variable  *[^ ]" help || { echo "make help does not name $variable"; exit 1; }
done
