#!/bin/bash
# git.sh - git clone, gc and grep with threads: the same commits, packs that verify, the same messages as bare.
#
# index-pack resolves deltas in threads, clone is five programs with pipes between them, and gc packs with threads.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need git
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
git config --global user.name A
git config --global user.email a@example.org
git config --global init.defaultBranch main
git config --global pack.threads 4
git config --global index.threads 4
git config --global checkout.workers 3
git config --global checkout.thresholdForParallelism 1
git init -q origin
(
	cd origin || exit 1
	for ((i = 0; i < 12; i++)); do
		for ((f = 0; f < 40; f++)); do seq $((f + i)) $((f * 30 + 400 + i)) >"file$f"; done
		git add . && git commit -q -m "commit $i"
	done
)

clone() {
	local status=0
	"${T[@]}" git clone -q --no-local "file://$work/origin" copy || status=$?
	echo "clone $status"
	cd copy || return
	git log --format=%H | sha256sum
	git ls-files -s | sha256sum
	sha256sum file* | sha256sum
	git fsck --full --strict
	git verify-pack .git/objects/pack/*.idx && echo verified
	git status --short
}
work_in() {
	local i G=()
	[ "$how" = bare ] || G=("$CTRACE_RUN" -q -o ../../gc.ctrace --)
	git clone -q --no-local "file://$work/origin" copy
	cd copy || return
	"${T[@]}" git -c grep.threads=4 grep -n 77 | sha256sum
	for ((i = 0; i < 40; i++)); do echo more >>"file$i"; done
	"${G[@]}" git commit -q -a -m more
	"${G[@]}" git rev-parse HEAD
	"${G[@]}" git gc -q --aggressive --prune=now
	"${G[@]}" git repack -q -a -d -f
	[ "$how" = bare ] || opens ../../gc.ctrace "repack"
	git fsck --full --strict
	git count-objects -v | grep -v size
	git show --stat | tail -n 1
	"${G[@]}" git checkout -q main~5
	sha256sum file* | sha256sum
	"${G[@]}" git no-such-command || echo "status $?"
}
both clone
processes 4
names 'cond|mutex|join' 'git'
both work_in
names 'cond|mutex|join' 'git'
finish
