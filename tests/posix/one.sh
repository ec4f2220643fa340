#!/bin/bash
# one.sh HOW NAME PROGRAMS RESULTS - runs one program once: bare, with delays, under ctrace-run or with libctrace.so alone; notes its result.
#
# It is alone: processes, message queues, /tmp and /dev/shm are its own, it is killed with all it started, and may not set the clock.
# Where the suite says nothing about a time limit, one that takes 45 seconds hangs.
how=$1 name=$2 programs=$3 results=$4
file=$results/${name//\//+}
args=()
[ ! -e "$programs/$name.args" ] || mapfile -t args <"$programs/$name.args"
# shellcheck disable=SC2016
lonely='mount -t tmpfs none /tmp && mount -t tmpfs none /dev/shm && mkdir /tmp/run && cd /tmp/run || exit 125
how=$1; shift
case $how in
bare) ;;
delay) set -- env LD_PRELOAD="$DELAY" "$@" ;;
run) set -- "$BUILD/ctrace-run" -q --threshold 0 -o /tmp/t.ctrace -- "$@" ;;
preload) set -- env LD_PRELOAD="$BUILD/libctrace.so" CTRACE_THRESHOLD=0 CTRACE_DIR=/tmp "$@" ;;
esac
timeout -k 5 45 "$@" </dev/null
status=$?
# where the time was up, ctrace-run may have been killed, and the program live on
[ $status -eq 124 ] || [ $status -eq 137 ] || for trace in /tmp/*.ctrace; do
	[ ! -e "$trace" ] || "$BUILD/ctrace" validate "$trace" >/tmp/validate 2>&1 || { echo "$how: the trace is not valid: $(head -n 1 /tmp/validate)" >>"$INVALID"; }
done
exit $status'
out=$(mktemp "$results/out.XXXXXX") || exit 1
INVALID=$file.invalid unshare --mount --pid --ipc --fork --kill-child --mount-proc setpriv --bounding-set=-sys_time,-sys_boot,-sys_module \
	--inh-caps=-sys_time,-sys_boot,-sys_module bash -c "$lonely" - "$how" "$programs/$name" "${args[@]}" >"$out" 2>&1
status=$?
[ $status -ne 137 ] || status=124 # its time was up all the same
# numbers, addresses and the order of lines are the run's own
sed -i -E 's/(0x)?[0-9a-fA-F]*[0-9][0-9a-fA-F]*/N/g' "$out"
sort -u -o "$out" "$out"
sum=$(md5sum <"$out" | cut -c 1-8)
[ -e "$file.$how.$sum" ] && rm "$out" || mv "$out" "$file.$how.$sum"
echo "$how $status $sum" >>"$file"
