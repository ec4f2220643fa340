#!/bin/bash
# A blocking function that nobody thought of is a blind spot nobody knows of: what libc exports and waits by its manual is in the table of
# hooks, wrapped or with a reason.  And the table is the object: what it calls wrapped is exported by libctrace.so, nothing else.
set -u
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

ctrace info --coverage --json >c.json || fail "info --coverage --json: exit $?"
ctrace info --coverage >c.txt || fail "info --coverage: exit $?"
jq -r '.wrapped[].symbol' c.json | sort -u >wrapped
jq -r '.left_alone[].symbols[]' c.json | sort >left
sort -u left | cmp -s - left || fail "left alone twice: $(uniq -d left | tr '\n' ' ')"
[ -z "$(comm -12 wrapped left)" ] || fail "wrapped and left alone: $(comm -12 wrapped left | tr '\n' ' ')"
jq -e '.wrapped[] | select(.same_as == null and (.tier < 1 or .tier > 3))' c.json >/dev/null && fail "a wrapper without a tier"
jq -e '.left_alone[] | select(.why == "")' c.json >/dev/null && fail "left alone without a reason"
jq -r '.wrapped[] | select(.same_as) | .same_as' c.json | sort -u | comm -23 - wrapped | grep . && fail "other names of what is not wrapped"

# all but what ctrace.h calls, which stands in front of nothing
nm -D --defined-only "$BUILD/libctrace.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | grep -v '^ctrace_' | sort -u >exported
diff wrapped exported >differences || fail "wrapped by the table (<), by the object (>): $(cat differences)"

# Cancellation points are the calls that may wait, by POSIX 2.9.5 and pthreads(7); in glibc the 64 and __ forms with them.
cat >points <<'END'
accept accept4 aio_suspend clock_nanosleep close connect creat fcntl fdatasync flock fsync getaddrinfo getline getdelim lockf mq_receive mq_send
mq_timedreceive mq_timedsend msgrcv msgsnd msync nanosleep open openat pause poll ppoll pread preadv preadv2 pselect
pthread_cond_timedwait pthread_cond_wait pthread_cond_clockwait pthread_join pthread_timedjoin_np pthread_clockjoin_np putc puts pwrite pwritev pwritev2
read readv recv recvfrom recvmmsg recvmsg select sem_timedwait sem_wait sem_clockwait send sendmmsg sendmsg sendto sigpause sigsuspend
sigtimedwait sigwait sigwaitinfo sleep splice sync_file_range system tcdrain tee usleep vmsplice wait wait3 wait4 waitid waitpid write writev
epoll_wait epoll_pwait epoll_pwait2 fallocate posix_fallocate getnameinfo gethostbyname gethostbyaddr fread fwrite fgets fputs fgetc fputc
getc getchar putchar printf fprintf vprintf vfprintf dprintf vdprintf scanf fscanf vscanf vfscanf fflush fclose fopen popen pclose
fgetwc fgetws getwc getwchar fputwc fputws putwc putwchar fseek fseeko fsetpos rewind freopen perror syslog
semop semtimedop gai_suspend lio_listio sendfile copy_file_range syncfs sync readahead ftruncate ioctl shutdown
pthread_mutex_lock pthread_mutex_timedlock pthread_mutex_clocklock pthread_rwlock_rdlock pthread_rwlock_wrlock pthread_rwlock_timedrdlock
pthread_rwlock_timedwrlock pthread_rwlock_clockrdlock pthread_rwlock_clockwrlock pthread_barrier_wait pthread_once call_once pthread_spin_lock
mtx_lock mtx_timedlock cnd_wait cnd_timedwait thrd_join thrd_sleep flockfile sched_yield thrd_yield fork vfork posix_spawn execve
END
sort -u wrapped left >listed
tr -s ' ' '\n' <points | sort -u | comm -23 - listed | grep . && fail "these may wait and are not listed"

# And all their other names in this libc.
libc=$(jq -r .libc c.json)
nm -D --defined-only "$libc" | awk '$2 ~ /[TWi]/ { sub(/@.*/, "", $3); print $3 }' | sort -u >libc
while read -r name; do
	for other in "$name"64 "__$name" "__${name}64" "__${name}_chk" "__${name}64_chk"; do
		grep -qx "$other" libc && ! grep -qx "$other" listed && fail "$other is another $name and not listed"
	done
done < <(jq -r '.wrapped[] | select(.same_as == null) | .symbol' c.json | sort -u)

grep -q "^pthread_cond_wait@GLIBC_2.2.5 " c.txt || [ "$(uname -m)" != x86_64 ] || fail "no old version in the text"
grep -q "functions: [0-9]* are wrapped" c.txt || fail "no counts at the end"
ctrace info --coverage /dev/null >out 2>err && fail "takes a trace"
grep -q "not about a trace" err || fail "a trace: $(cat err)"
exit $((failures > 0))
