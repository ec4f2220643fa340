#!/bin/bash
# rules_same.sh - every wrapped call answers a program as it would without us.
#
# A tracer that turns EDEADLK into a deadlock or EOWNERDEAD into EBUSY makes bugs nobody finds.  rules_same.c prints what each call
# returns and leaves in errno, in states and with arguments from the ordinary to the absurd; bare and traced output must be equal.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/lib-harm.sh"
compare "$subjects/rules_same"
[ "$(wc -l <bare.out)" -gt 1500 ] || fail "the program did not get far: $(tail -n 1 bare.out)"
finish
