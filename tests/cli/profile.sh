#!/bin/bash
# Profiles are taken away in files that other programs read: a file must be whole or not be there, what names say must not get out of its
# place in any format, all formats must have the same figures, and an answer of nothing must not look like one.
set -eu
failures=0
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

refuses() { # status pattern arguments...: one line on standard error, nothing on standard output
	local status=$1 pattern=$2 rc=0
	shift 2
	ctrace profile "$@" >out 2>err || rc=$?
	[ $rc -eq "$status" ] || fail "$*: exit $rc instead of $status"
	[ "$(wc -l <err)" -eq 1 ] && grep -qE -- "$pattern" err || fail "$*: no '$pattern' in: $(cat err)"
	[ ! -s out ] || fail "$*: wrote to standard output: $(head -n 1 out)"
}

cat >t.txt <<'END'
ctrace 1
header start_mono_ns=0 end_mono_ns=1000000 call_threshold_ns=20000
process 0 pid=100 exe="/bin/app" state=3 flags=7
symbol 0x10 function="a;b \"<script>alert</script>\" & ]]>\x1b[31m\n\xff" file="/src/x.c" line=3
symbol 0x20 function="main" line=9
stack s 0x10 0x20
string 100 "socket 1.2.3.4:5"
string 200 "/var/log/x"
string 300 "anon_inode:[eventfd]"
string 400 "anon_inode:[timerfd]"
chunk slot=0 thread=0 tid=1
fd @60000 process=0 fd=3 name=100
fd @70000 process=0 fd=3 name=100
fd @60000 process=0 fd=4 name=200
fd @70000 process=0 fd=4 name=200
fd @60000 process=0 fd=6 name=300
fd @60000 process=0 fd=7 name=400
chunk slot=1 thread=1 tid=100 base=1000
thread_begin +0 thread=1 tid=100
wait @10000 op=mutex dur=3000 object=m stack=s
wait @20000 op=read dur=2000 object=4 stack=s
wait @30000 op=read dur=1000 object=5 stack=s
wait @40000 op=sleep dur=500 stack=s
wait @41000 op=msgrcv dur=400 object=1 stack=s
wait @42000 op=process dur=300 stack=s
wait @43000 op=epoll_wait dur=200 object=6 stack=s
wait @44000 op=read dur=70 object=7 stack=s
wait @45000 op=read dur=60 object=8 stack=s
wait @46000 op=sigwait dur=50 stack=s
wait @47000 op=yield dur=45 stack=s
opstat @50000 op=read count=14 total=4030 max=2000
END
ctrace raw --encode t.txt -o t.ctrace

refuses 2 "expected the profile's kind and a trace" t.ctrace
refuses 2 "expected the profile's kind and a trace"
refuses 2 'is not net, sync, syscall, sched, lock or offcpu: cpu' cpu t.ctrace
refuses 2 'one argument too many: more' sync t.ctrace more
refuses 2 'no-such-file' sync no-such-file
refuses 2 'format is not text, .*: xml' sync --format xml t.ctrace
refuses 2 'no --format, and the name does not tell it: x.txt.gz' sync -o x.txt.gz t.ctrace
refuses 2 'blame is not holder, unlock, waiter or waker: me' lock --blame me t.ctrace
refuses 2 'blame is not for this profile: sync' sync --blame waker t.ctrace
refuses 2 'blame is not for this profile: sched' sched --blame unlock t.ctrace
refuses 2 'lock is empty' lock --lock '' t.ctrace
refuses 2 'min-duration is not a time such as 50us: long' sync --min-duration long t.ctrace
refuses 2 'no thread matches' sync --thread nobody t.ctrace
refuses 1 "nothing waited for is called 'nope'" sync --lock nope t.ctrace
refuses 1 "no task is called 'nope'; ctrace tasks lists them" sync --task nope t.ctrace
refuses 2 'task is empty' sync --task '' t.ctrace
refuses 1 'nothing to show: no wait of this kind' sync --from 0.5 t.ctrace
refuses 1 'nothing to show: no wait of this kind' sync --min-duration 1s t.ctrace
refuses 1 'nothing to show: no delay' sched --from 0.5 t.ctrace
refuses 1 'there/x.svg: No such file' sync -o there/x.svg t.ctrace
refuses 1 'No space left' sync --format svg -o /dev/full t.ctrace
[ -z "$(find . -name 'x.*')" ] || fail "left behind: $(find . -name 'x.*')"
[ "$(ctrace help profile)" = "$(ctrace profile --help)" ] || fail 'help profile is not profile --help'
ctrace locks -o x t.ctrace 2>err && fail 'another command takes -o'
ctrace profile --help | awk 'length($0) > 100 { exit 1 }' || fail 'a long line in the help'

# which wait is in which profile: the two of a socket and of a file apart, message queues and eventfds with the other threads; sleeps, timers
# and signals nowhere; who yields is ready
for pair in net:2200 sync:3470 syscall:1300 sched:45 offcpu:7625; do
	[ "$(ctrace profile "${pair%:*}" --json t.ctrace | jq .total_ns)" = "${pair#*:}" ] ||
		fail "${pair%:*}: $(ctrace profile "${pair%:*}" --json t.ctrace | jq .total_ns) instead of ${pair#*:}"
done
ctrace profile syscall t.ctrace | tr '\n' ' ' | grep -q 'left out, having no stack of their own: 10 short calls, 900 ns in all' ||
	fail "short calls: $(ctrace profile syscall t.ctrace)"
[ "$(ctrace profile net --json --no-idle t.ctrace | jq .total_ns)" = 2000 ] || fail '--no-idle'

# of a wait that begins or ends outside of a task's regions what lies in them; regions of one task in each other count once; short waits, of which
# nobody knows when they were, are left out
cat >task.txt <<'END'
ctrace 1
header start_mono_ns=0 end_mono_ns=1000000
process 0 pid=100 exe="/bin/app" state=3 flags=7
symbol 0x10 function="a"
stack s 0x10
chunk slot=1 thread=1 tid=100 base=1000
thread_begin +0 thread=1 tid=100
task_begin @5000 task=0x100000001 name="t"
task_begin @5000 task=0x100000002 name="u"
region_begin @10000 name="r" task=0x100000001
region_begin @10500 name="r" task=0x100000001
wait @11000 op=cond dur=5000 object=m stack=s
region_end @11500 dur=1000 name="r" task=0x100000001
region_end @12000 dur=2000 name="r" task=0x100000001
region_begin @13000 name="r" task=0x100000001
region_end @13100 dur=100 name="r" task=0x100000001
wait @20000 op=cond dur=8100 object=m stack=s
tally @21000 op=cond object=m stack=s count=5 total=700 max=200
END
ctrace raw --encode task.txt -o task.ctrace
[ "$(ctrace profile sync --json --task t task.ctrace | jq -c '[.total_ns, .count]')" = '[1200,2]' ] ||
	fail "--task: $(ctrace profile sync --task t task.ctrace)"
ctrace profile sync --task t task.ctrace | grep -q 'left out, having no time of their own: 5 short waits, 700 ns in all' || fail '--task: short waits'
[ "$(ctrace profile sync --json task.ctrace | jq .total_ns)" = 13800 ] || fail 'without --task'
refuses 1 'nothing to show: no wait of this kind' sync --task 1.2 task.ctrace

# the same figures in every form, and names in their places
ctrace profile sync -o sync.folded t.ctrace
[ "$(cat sync.folded)" = "main;a:b \"<script>alert</script>\" & ]]>?[31m?? 3470" ] || fail "folded: $(cat sync.folded)"
ctrace profile sync -o sync.speedscope.json t.ctrace
jq -e '.profiles[0] as $p | .shared.frames as $f | $p.type == "sampled" and $p.unit == "nanoseconds" and $p.weights == [3470] and $p.endValue == 3470
	and ($p.samples[0] | map($f[.].name) | .[0] == "main" and (.[1] | contains("<script>")))
	and ($f | any(.file == "/src/x.c"))' sync.speedscope.json >/dev/null || fail "speedscope: $(cat sync.speedscope.json)"
ctrace profile sync -o sync.json t.ctrace
jq -e '.command == "profile" and .profile == "sync" and .count == 3 and (.functions[0] | .flat_ns == 3470 and .file == "/src/x.c")
	and (.functions[1] | .function == "main" and .flat_ns == 0 and .cum_ns == 3470)' sync.json >/dev/null || fail "json: $(cat sync.json)"
ctrace profile sync -o sync.txt t.ctrace
[ "$(cat sync.txt)" = "$(ctrace profile sync t.ctrace)" ] || fail 'the text in a file is not the text'
ctrace profile sync -o sync.svg t.ctrace
grep -qF '<title>a;b &quot;&lt;script&gt;alert&lt;/script&gt;&quot; &amp; ]]&gt;?[31m??: 3.47 us, 100.00 %, 3 times</title>' sync.svg ||
	fail "svg: $(grep title sync.svg)"
[ "$(grep -c '<script>' sync.svg)" = 1 ] || fail 'svg: a name became script'
! command -v xmllint >/dev/null || xmllint --noout sync.svg || fail 'svg: not well-formed'
! command -v node >/dev/null || node -e 'new Function(require("fs").readFileSync("sync.svg", "utf8").match(/CDATA\[\n([^]*)\]\]>/)[1])' ||
	fail 'svg: its script does not parse'
[ "$(stat -c %a sync.svg)" = 600 ] || fail "mode: $(stat -c %a sync.svg)"

# an older file is replaced whole, and stays when the new one fails; what is no file, or a link, is written to
ln sync.svg older.svg
ctrace profile net -o sync.svg t.ctrace
[ "$(stat -c %h older.svg)" = 1 ] && grep -q '3.47 us' older.svg && grep -q '<title>all: 2.20 us' sync.svg || fail 'it wrote into the older file'
ln -s target link.svg
ctrace profile sync -o link.svg t.ctrace
[ -L link.svg ] && cmp target older.svg || fail 'not written through a link'
ctrace profile sync --format folded -o /dev/stdout t.ctrace | cmp - sync.folded || fail '-o /dev/stdout'
exit $((failures > 0))
