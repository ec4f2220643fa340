#!/bin/bash
# shell.sh - bash pipelines, traps, jobs and make -j: the same output, statuses and order as bare.
#
# Shells and make are made of fork, exec, wait, pipes and SIGCHLD, in hundreds of processes for a second each: one descriptor that stays open
# in one of them and a reader never sees the end.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need bash make gcc

cat >pipelines.bash <<'END'
set -o pipefail
seq 100000 | sort -rn | tee >(wc -l >count) | grep 7 | awk '{ n += $1 } END { print n }'
false | true | false; echo "${PIPESTATUS[@]}"
yes | head -n 100000 | wc -l
(exit 3) & wait $!; echo "job $?"
sleep 100 & kill %1; wait $!; echo "killed $?"
trap 'echo usr1' USR1; kill -USR1 $$; echo after
trap 'echo child' CHLD; true & wait; trap - CHLD
coproc CAT { cat; }; echo through >&${CAT[1]}; read -r x <&${CAT[0]}; echo "$x"; exec {CAT[1]}>&-; wait
diff <(seq 10) <(seq 11); echo "diff $?"
mkfifo p; for i in 1 2 3; do echo $i; done >p & cat p; wait
for ((i = 0; i < 60; i++)); do (echo $i | cat | cat) & done | sort -n | tail -n 1; wait
read -t 0.01 <> <(:); echo "read $((($? > 128)))"
timeout 0.05 cat <> <(:); echo "timeout $?"
{ sh -c 'kill -SEGV $$'; echo "segv $?"; } 2>/dev/null
(ulimit -n 20; for ((i = 0; i < 30; i++)); do eval "exec $((i + 3))</dev/null" || break; done; echo "descriptors $i") 2>/dev/null
ls -l /proc/self/fd | grep -c -- '->'
until [ -s count ]; do :; done; cat count
exit 7
END
cat >Makefile <<'END'
all: $(foreach i,$(shell seq 40),o/$(i))
	cat $(sort $^) | sort -n | sha256sum
o/%: | o
	@echo "int f$*(void) { return $*; }" | gcc -O2 -x c -c -o $@.o - && nm $@.o | sed 's/.* //' >$@
o:
	mkdir o
fails: all
	$(MAKE) -C .. -f Makefile one two three
one two:
	@echo $@
three:
	exit 5
END

pipelines() {
	local status=0
	"${T[@]}" bash ../pipelines.bash || status=$?
	echo "bash $status"
}
make_j() {
	local status=0
	"${T[@]}" make -s -j 4 -f ../Makefile all || status=$?
	echo "make $status"
	nm o/*.o | sort | sha256sum
}
make_fails() {
	local status=0
	"${T[@]}" make -s -j 2 -f ../Makefile one two three >out 2>errors || status=$?
	sort out
	echo "make $status"
	sed 's/make[^:]*: //' errors | grep -v 'unfinished jobs'
}
both pipelines
processes 130
both make_j
processes 160
says 'waiting for others|input and output'
both make_fails
finish
