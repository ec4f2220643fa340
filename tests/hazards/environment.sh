#!/bin/bash
# environment.sh - hostile environments: no PATH, a huge one, malformed CTRACE_ variables, arenas that are none, crowded LD_PRELOAD.
#
# The program must run as if we were not there, whatever the variables say; nothing waits, nothing crashes, nothing is printed in its name.
# A fifo named as the arena once would have been opened and read from for ever.
# timeout: 120
# shellcheck source=tests/run/lib-harm.sh
. "$(dirname "$0")/../run/lib-harm.sh"
P=("$BUILD/run/harm_processes" chain)
mkdir rings
same() { # what command...
	local what=$1 status=0
	shift
	timeout 20 "$@" >out 2>err </dev/null || status=$?
	[ $status -eq 0 ] && [ "$(cat out)" = 'chain: six generations' ] && [ ! -s err ] || fail "$what: status $status: $(head -n 3 out err)"
}

# --- the preload alone: silent whatever it is told
"$CTRACE_RUN" -q -o t.ctrace -- /bin/true
cp t.ctrace stream
LD_PRELOAD=$LIBCTRACE CTRACE_DIR=$PWD/rings /bin/true
cp rings/*.ctrace arena && rm rings/*
mkfifo fifo
mkdir folder
head -c 4096 arena >"head" # an arena cut off behind its header
head -c 100 arena >start
head -c 100000 arena >"cut"
head -c $(($(stat -c %s arena) / 2)) arena >half
head -c 8192 /dev/urandom >noise
ln -s arena link
for value in '' / . folder fifo head start cut half noise stream link none /dev/null /dev/zero /dev/tty /proc/self/mem "$(printf '%05000d' 7)" $'a\nb' '%n%s'; do
	same "CTRACE_ARENA=${value:0:40}" env LD_PRELOAD="$LIBCTRACE" CTRACE_DIR="$PWD/rings" CTRACE_ARENA="$value" "${P[@]}"
done
for value in x -1 '' 99999999999999999999 1e3 5us $'\x80' ' 5' 0x10; do
	same "CTRACE_THRESHOLD=$value" env LD_PRELOAD="$LIBCTRACE" CTRACE_DIR="$PWD/rings" CTRACE_THRESHOLD="$value" "${P[@]}"
done
for value in '' /none "$(printf '%05000d' 7)" $'\n' arena; do
	same "CTRACE_DIR=${value:0:40}" env -C rings LD_PRELOAD="$LIBCTRACE" CTRACE_DIR="$value" "${P[@]}"
done
rm -f rings/*

# --- no PATH, an empty environment, a huge one
same "no PATH" env -u PATH "$CTRACE_RUN" -q -o t.ctrace -- "${P[@]}"
good t.ctrace "no PATH"
same "nothing at all" env -i "$CTRACE_RUN" -q -o t.ctrace -- "${P[@]}"
good t.ctrace "nothing at all"
same "nothing but us" env -i LD_PRELOAD="$LIBCTRACE" CTRACE_DIR="$PWD/rings" "${P[@]}"
(
	for ((i = 0; i < 15; i++)); do export "BIG_$i=$(printf '%0100000d' $i)"; done
	for ((i = 0; i < 3000; i++)); do export "MANY_$i=$i"; done
	same "a huge environment" "$CTRACE_RUN" -q -o t.ctrace -- "${P[@]}"
	same "a huge environment, alone" env LD_PRELOAD="$LIBCTRACE" CTRACE_DIR="$PWD/rings" "${P[@]}"
	exit $failures
) || failures=$((failures + $?))
good t.ctrace "a huge environment"
same "what is no assignment" "$BUILD/hazards/odd_env" "$LIBCTRACE" "${P[@]}"
# ctrace-run, which does not need them, says so in one line and goes on
malformed() { # expected words, assignments...
	local words=$1
	shift
	env "$@" "$CTRACE_RUN" -q -o t.ctrace -- "${P[@]}" >out 2>err || fail "$*: status $?"
	[ "$(cat out)" = 'chain: six generations' ] || fail "$*: $(cat out)"
	[ "$(wc -l <err)" -eq 1 ] && grep -q "^ctrace-run: $words" err || fail "$*: says: $(cat err)"
	good t.ctrace "$*"
}
malformed 'CTRACE_THRESHOLD ignored' CTRACE_THRESHOLD=5years CTRACE_ARENA=/none
malformed 'CTRACE_DIR ignored' CTRACE_DIR=/none CTRACE_THRESHOLD=5
malformed 'CTRACE_THRESHOLD and CTRACE_DIR ignored' CTRACE_DIR=arena CTRACE_THRESHOLD=-1
same "good variables" env CTRACE_DIR="$PWD" CTRACE_THRESHOLD=7 CTRACE_ARENA=noise "$CTRACE_RUN" -q -o t.ctrace -- "${P[@]}"

# --- others in LD_PRELOAD
others=()
for lib in libasan.so.8 libtsan.so.2 libjemalloc.so.2 libfaketime.so.1 libfaketimeMT.so.1; do
	path=$(find /usr/lib /lib -name $lib 2>/dev/null | head -n 1)
	if [ -n "$path" ]; then others+=("$path"); else echo "$lib is not installed"; fi
done
cp "$LIBCTRACE" second.so
others+=("$LIBCTRACE" "$PWD/second.so" /no/such/library.so)
for lib in "${others[@]}"; do
	for list in "$lib:$LIBCTRACE" "$LIBCTRACE:$lib"; do
		# is it possible without us, and what does it say?
		env LD_PRELOAD="${list//$LIBCTRACE/}" ASAN_OPTIONS=detect_leaks=0 "${P[@]}" >bare.out 2>bare.err || continue
		[ ! -s bare.err ] || echo "${lib##*/} says by itself: $(head -n 1 bare.err)"
		timeout 30 env LD_PRELOAD="$list" ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 CTRACE_DIR="$PWD/rings" "${P[@]}" >out 2>err ||
			fail "LD_PRELOAD=$list: status $?: $(head -n 2 err)"
		cmp -s out bare.out || fail "LD_PRELOAD=$list: $(head -n 2 out)"
		[ "$(grep -vc library.so err)" -eq "$(grep -vc library.so bare.err)" ] || fail "LD_PRELOAD=$list says: $(head -n 2 err)"
	done
	env LD_PRELOAD="$lib" ASAN_OPTIONS=detect_leaks=0 "${P[@]}" >bare.out 2>bare.err || continue
	timeout 30 env LD_PRELOAD="$lib" ASAN_OPTIONS=detect_leaks=0 "$CTRACE_RUN" -q -o t.ctrace -- "${P[@]}" >out 2>err || fail "${lib##*/} and ctrace-run: status $?"
	cmp -s out bare.out || fail "${lib##*/} and ctrace-run: $(head -n 2 out err)"
	good t.ctrace "${lib##*/} and ctrace-run"
done
# a faked clock is the program's, not the trace's
fake=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
if [ -n "$fake" ]; then
	FAKETIME="@2001-01-01 00:00:00" LD_PRELOAD=$fake "$CTRACE_RUN" -q --threshold 0 -o t.ctrace -- sleep 0.05
	longest=$("$CTRACE" raw t.ctrace | sed -n 's/^ *wait .*op=sleep.* dur=\([0-9]*\).*/\1/p' | sort -n | tail -n 1)
	[ -n "$longest" ] || fail "libfaketime: the sleep is not there"
fi
rm -f rings/*
finish
