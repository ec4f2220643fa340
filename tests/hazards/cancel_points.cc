/* cflags: -Wno-unknown-warning-option -Wno-deprecated-declarations -Wno-nonnull -Wno-unused-result -U_FORTIFY_SOURCE */
/* link: -lrt -lanl -lresolv -ldl */
/*
 * cancel_points.cc - every function libctrace.so may stand in front of, called with a cancel pending, and those that block cancelled there.
 *
 *	cancel_points names	the names tried with a cancel pending
 *	cancel_points pending	each of them: cancelled in the call, or not
 *	cancel_points blocked	each that can be made to block, cancelled while it does
 *
 * A wrapper must be a cancellation point exactly when libc's function is one: one that is not hangs shutdowns, one that is where none was
 * expected leaves locks behind.  Below each call lie a C cleanup handler and C++ objects, all of which must run, once and in order.
 * cancel_points.sh sees to it that no exported name is missing here; of
 * two names for one function one is enough.
 */
#include <aio.h>
#include <arpa/nameser.h>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <cstdarg>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "../run/told.h"

/* Names that headers declare only for fortified programs, or not at all. */
extern "C" {
ssize_t __read(int, void *, size_t);
ssize_t __write(int, const void *, size_t);
ssize_t __pread64(int, void *, size_t, off_t);
ssize_t __pwrite64(int, const void *, size_t, off_t);
ssize_t __send(int, const void *, size_t, int);
int __connect(int, const sockaddr *, socklen_t);
int __poll(pollfd *, nfds_t, int);
int __select(int, fd_set *, fd_set *, fd_set *, timeval *);
int __nanosleep(const timespec *, timespec *);
int __open(const char *, int, ...);
int __open64(const char *, int, ...);
int __close(int);
int __fcntl(int, int, ...);
pid_t __wait(int *);
pid_t __waitpid(pid_t, int *, int);
int __sigsuspend(const sigset_t *);
ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t __pread_chk(int, void *, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void *, size_t, off_t, size_t);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, sockaddr *, socklen_t *);
int __poll_chk(pollfd *, nfds_t, int, size_t);
int __ppoll_chk(pollfd *, nfds_t, const timespec *, const sigset_t *, size_t);
int __open_2(const char *, int);
int __open64_2(const char *, int);
int __openat_2(int, const char *, int);
int __openat64_2(int, const char *, int);
int __sigpause(int, int);
int __xpg_sigpause(int);
int __uflow(FILE *);
int __underflow(FILE *);
int __overflow(FILE *, int);
size_t __fread_chk(void *, size_t, size_t, size_t, FILE *);
size_t __fread_unlocked_chk(void *, size_t, size_t, size_t, FILE *);
char *__fgets_chk(char *, size_t, int, FILE *);
char *__fgets_unlocked_chk(char *, size_t, int, FILE *);
int __printf_chk(int, const char *, ...);
int __fprintf_chk(FILE *, int, const char *, ...);
int __dprintf_chk(int, int, const char *, ...);
int __vprintf_chk(int, const char *, va_list);
int __vfprintf_chk(FILE *, int, const char *, va_list);
int __vdprintf_chk(int, int, const char *, va_list);
int __isoc99_scanf(const char *, ...);
int __isoc99_fscanf(FILE *, const char *, ...);
int __isoc99_vscanf(const char *, va_list);
int __isoc99_vfscanf(FILE *, const char *, va_list);
int old_scanf(const char *, ...) __asm__("scanf");
int old_fscanf(FILE *, const char *, ...) __asm__("fscanf");
int old_vscanf(const char *, va_list) __asm__("vscanf");
int old_vfscanf(FILE *, const char *, va_list) __asm__("vfscanf");
}

static void cleanup(void *)
{
	tell("cleanup");
}

/* --- what the calls are made on, new for each --------------------------------------------------------------------- */

static pthread_mutex_t m, held;
static pthread_cond_t c;
static pthread_rwlock_t rw;
static pthread_barrier_t one;
static pthread_once_t once_control;
static once_flag flag;
static mtx_t mtx;
static cnd_t cnd;
static sem_t full, empty;
static pthread_spinlock_t spin;
static pthread_t eternal;
static thrd_t thrd_eternal;
static int p[2], s[2], ep, file, listener, word;
static int queue = -1;
static mqd_t mq;
static char buf[1 << 20];
static iovec v = {buf, 8};
static msghdr h;
static mmsghdr mm;
static pollfd pf;
static epoll_event ev;
static const timespec past = {1, 0}, none = {0, 0}, later = {4000000000, 0};
static timeval no_time;
static sigset_t no_signals;
static sigset_t usr2;
static sockaddr_un name_un;
static aiocb io;
static char mq_name[64];
static FILE *in, *out;
static char *line;
static size_t line_room;
static char long_name[2000];
static struct __res_state resolver;
static hostent host, *host_found;
static int host_error;

static void nothing_to_do()
{
}

static void *return_at_once(void *a)
{
	return a;
}
static int thrd_return(void *)
{
	return 0;
}
static void *pauses(void *)
{
	for (;;)
		pause();
}
static int thrd_pauses(void *)
{
	for (;;)
		pause();
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

/* Each calls a function that takes a list of arguments with an empty one. */
static void listed(int (*f)(va_list), ...)
{
	va_list args;
	va_start(args, f);
	f(args);
	va_end(args);
}
#define LISTED(call) listed([](va_list args) -> int { return call; })

static void fresh()
{
	m = held = PTHREAD_MUTEX_INITIALIZER;
	c = PTHREAD_COND_INITIALIZER;
	rw = PTHREAD_RWLOCK_INITIALIZER;
	once_control = PTHREAD_ONCE_INIT;
	flag = ONCE_FLAG_INIT;
	memset(&mtx, 0, sizeof(mtx));
	memset(&cnd, 0, sizeof(cnd));
	pthread_barrier_init(&one, nullptr, 1);
	pthread_spin_init(&spin, 0);
	sem_init(&full, 0, 1);
	sem_init(&empty, 0, 0);
	must(pipe(p) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "descriptors");
	ep = epoll_create1(0);
	word = 5;
	h = msghdr();
	h.msg_iov = &v;
	h.msg_iovlen = 1;
	v = {buf, 8};
	mm.msg_hdr = h;
	pf = {p[0], POLLIN, 0};
	no_time = timeval();
	(void)!write(s[1], "one line\nand another\n", 21);
	in = fdopen(dup(s[0]), "r");
	out = fdopen(dup(p[1]), "w");
}

static void gone()
{
	/* what is left in a stream goes nowhere then */
	for (int fd : {p[0], p[1], s[0], s[1], ep})
		close(fd);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
}

/* --- with a cancel pending: calls that return at once when they are no cancellation points ------------------------------ */

struct call {
	const char *name;
	void (*make)();
};

#define CALL(n, ...)                                                                               \
	{                                                                                          \
#n, [] { __VA_ARGS__; }                                                            \
	}

static const call pending_calls[] = {
	/* threads */
	CALL(pthread_create, pthread_t t; pthread_create(&t, nullptr, return_at_once, nullptr);
	     pthread_detach(t)),
	CALL(pthread_join, pthread_join(pthread_self(), nullptr)),
	CALL(pthread_timedjoin_np, pthread_timedjoin_np(eternal, nullptr, &past)),
	CALL(pthread_clockjoin_np, pthread_clockjoin_np(eternal, nullptr, CLOCK_MONOTONIC, &past)),
	CALL(pthread_tryjoin_np, pthread_tryjoin_np(eternal, nullptr)),
	CALL(pthread_setname_np, pthread_setname_np(pthread_self(), "named")),
	CALL(pthread_getname_np, pthread_getname_np(pthread_self(), buf, 16)),
	CALL(pthread_kill, pthread_kill(pthread_self(), 0)),
	CALL(sched_yield, sched_yield()),
	CALL(thrd_create, thrd_t t; thrd_create(&t, thrd_return, nullptr); thrd_detach(t)),
	CALL(thrd_join, thrd_join(thrd_current(), nullptr)),
	CALL(thrd_sleep, thrd_sleep(&none, nullptr)),
	CALL(thrd_yield, thrd_yield()),
	CALL(prctl, prctl(PR_GET_NAME, buf)),
	/* memory objects */
	CALL(pthread_mutex_lock, pthread_mutex_lock(&m)),
	CALL(pthread_mutex_trylock, pthread_mutex_trylock(&m)),
	CALL(pthread_mutex_timedlock, pthread_mutex_timedlock(&m, &past)),
	CALL(pthread_mutex_clocklock, pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &past)),
	CALL(pthread_mutex_unlock, pthread_mutex_lock(&m); pthread_mutex_unlock(&m)),
	CALL(pthread_mutex_init, pthread_mutex_init(&m, nullptr)),
	CALL(pthread_mutex_destroy, pthread_mutex_destroy(&m)),
	CALL(pthread_mutex_consistent, pthread_mutex_consistent(&m)),
	CALL(pthread_rwlock_init, pthread_rwlock_init(&rw, nullptr)),
	CALL(pthread_rwlock_destroy, pthread_rwlock_destroy(&rw)),
	CALL(pthread_rwlock_rdlock, pthread_rwlock_rdlock(&rw)),
	CALL(pthread_rwlock_wrlock, pthread_rwlock_wrlock(&rw)),
	CALL(pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock(&rw)),
	CALL(pthread_rwlock_trywrlock, pthread_rwlock_trywrlock(&rw)),
	CALL(pthread_rwlock_timedrdlock, pthread_rwlock_timedrdlock(&rw, &past)),
	CALL(pthread_rwlock_timedwrlock, pthread_rwlock_timedwrlock(&rw, &past)),
	CALL(pthread_rwlock_clockrdlock, pthread_rwlock_clockrdlock(&rw, CLOCK_MONOTONIC, &past)),
	CALL(pthread_rwlock_clockwrlock, pthread_rwlock_clockwrlock(&rw, CLOCK_MONOTONIC, &past)),
	CALL(pthread_rwlock_unlock, pthread_rwlock_rdlock(&rw); pthread_rwlock_unlock(&rw)),
	CALL(pthread_cond_init, pthread_cond_init(&c, nullptr)),
	CALL(pthread_cond_destroy, pthread_cond_destroy(&c)),
	CALL(pthread_cond_signal, pthread_cond_signal(&c)),
	CALL(pthread_cond_broadcast, pthread_cond_broadcast(&c)),
	CALL(pthread_cond_wait, pthread_mutex_lock(&m); pthread_cond_wait(&c, &m)),
	CALL(pthread_cond_timedwait, pthread_mutex_lock(&m); pthread_cond_timedwait(&c, &m, &past)),
	CALL(pthread_cond_clockwait, pthread_mutex_lock(&m);
	     pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &past)),
	CALL(pthread_barrier_init, pthread_barrier_init(&one, nullptr, 1)),
	CALL(pthread_barrier_destroy, pthread_barrier_destroy(&one)),
	CALL(pthread_barrier_wait, pthread_barrier_wait(&one)),
	CALL(pthread_spin_lock, pthread_spin_lock(&spin)),
	CALL(pthread_spin_trylock, pthread_spin_trylock(&spin)),
	CALL(pthread_spin_unlock, pthread_spin_lock(&spin); pthread_spin_unlock(&spin)),
	CALL(pthread_once, pthread_once(&once_control, nothing_to_do)),
	CALL(call_once, call_once(&flag, nothing_to_do)),
	CALL(sem_init, sem_init(&full, 0, 1)),
	CALL(sem_destroy, sem_destroy(&full)),
	CALL(sem_post, sem_post(&full)),
	CALL(sem_trywait, sem_trywait(&full)),
	CALL(sem_wait, sem_wait(&full)),
	CALL(sem_timedwait, sem_timedwait(&full, &past)),
	CALL(sem_clockwait, sem_clockwait(&full, CLOCK_MONOTONIC, &past)),
	CALL(sem_open, sem_open("/no/such/name", 0)),
	CALL(sem_close, sem_close(sem_open("/cancel_points", O_CREAT, 0600, 0));
	     sem_unlink("/cancel_points")),
	CALL(mtx_init, mtx_init(&mtx, mtx_plain)),
	CALL(mtx_destroy, mtx_destroy(&mtx)),
	CALL(mtx_lock, mtx_lock(&mtx)),
	CALL(mtx_trylock, mtx_trylock(&mtx)),
	CALL(mtx_timedlock, mtx_timedlock(&mtx, &past)),
	CALL(mtx_unlock, mtx_lock(&mtx); mtx_unlock(&mtx)),
	CALL(cnd_init, cnd_init(&cnd)),
	CALL(cnd_destroy, cnd_destroy(&cnd)),
	CALL(cnd_signal, cnd_signal(&cnd)),
	CALL(cnd_broadcast, cnd_broadcast(&cnd)),
	CALL(cnd_wait, mtx_lock(&mtx); cnd_wait(&cnd, &mtx)),
	CALL(cnd_timedwait, mtx_lock(&mtx); cnd_timedwait(&cnd, &mtx, &past)),
	CALL(syscall, syscall(SYS_futex, &word, FUTEX_WAIT, 6, nullptr, nullptr, 0)),
	/* sleeping, waiting for descriptors and signals */
	CALL(nanosleep, nanosleep(&none, nullptr)),
	CALL(__nanosleep, __nanosleep(&none, nullptr)),
	CALL(clock_nanosleep, clock_nanosleep(CLOCK_MONOTONIC, 0, &none, nullptr)),
	CALL(usleep, usleep(0)),
	CALL(sleep, sleep(0)),
	CALL(pause, pause()),
	CALL(poll, poll(&pf, 1, 0)),
	CALL(__poll, __poll(&pf, 1, 0)),
	CALL(__poll_chk, __poll_chk(&pf, 1, 0, sizeof(pf))),
	CALL(ppoll, ppoll(&pf, 1, &none, nullptr)),
	CALL(__ppoll_chk, __ppoll_chk(&pf, 1, &none, nullptr, sizeof(pf))),
	CALL(select, select(0, nullptr, nullptr, nullptr, &no_time)),
	CALL(__select, __select(0, nullptr, nullptr, nullptr, &no_time)),
	CALL(pselect, pselect(0, nullptr, nullptr, nullptr, &none, nullptr)),
	CALL(epoll_wait, epoll_wait(ep, &ev, 1, 0)),
	CALL(epoll_pwait, epoll_pwait(ep, &ev, 1, 0, nullptr)),
#if __GLIBC_PREREQ(2, 35)
	CALL(epoll_pwait2, epoll_pwait2(ep, &ev, 1, &none, nullptr)),
#endif
	CALL(sigwait, int sig; sigwait(&usr2, &sig)),
	CALL(sigwaitinfo, sigwaitinfo(&usr2, nullptr)),
	CALL(sigtimedwait, sigtimedwait(&usr2, nullptr, &none)),
	CALL(sigsuspend, sigsuspend(&no_signals)),
	CALL(__sigsuspend, __sigsuspend(&no_signals)),
	CALL(sigpause, sigpause(SIGUSR2)),
	CALL(__sigpause, __sigpause(SIGUSR2, 1)),
	CALL(__xpg_sigpause, __xpg_sigpause(SIGUSR2)),
	/* files */
	CALL(read, read(-1, buf, 1)),
	CALL(__read, __read(-1, buf, 1)),
	CALL(__read_chk, __read_chk(-1, buf, 1, 1)),
	CALL(pread, pread(-1, buf, 1, 0)),
	CALL(pread64, pread64(-1, buf, 1, 0)),
	CALL(__pread64, __pread64(-1, buf, 1, 0)),
	CALL(__pread_chk, __pread_chk(-1, buf, 1, 0, 1)),
	CALL(__pread64_chk, __pread64_chk(-1, buf, 1, 0, 1)),
	CALL(readv, readv(-1, &v, 1)),
	CALL(preadv, preadv(-1, &v, 1, 0)),
	CALL(preadv64, preadv64(-1, &v, 1, 0)),
	CALL(preadv2, preadv2(-1, &v, 1, 0, 0)),
	CALL(preadv64v2, preadv64v2(-1, &v, 1, 0, 0)),
	CALL(write, write(-1, buf, 1)),
	CALL(__write, __write(-1, buf, 1)),
	CALL(pwrite, pwrite(-1, buf, 1, 0)),
	CALL(pwrite64, pwrite64(-1, buf, 1, 0)),
	CALL(__pwrite64, __pwrite64(-1, buf, 1, 0)),
	CALL(writev, writev(-1, &v, 1)),
	CALL(pwritev, pwritev(-1, &v, 1, 0)),
	CALL(pwritev64, pwritev64(-1, &v, 1, 0)),
	CALL(pwritev2, pwritev2(-1, &v, 1, 0, 0)),
	CALL(pwritev64v2, pwritev64v2(-1, &v, 1, 0, 0)),
	CALL(sendfile, sendfile(-1, -1, nullptr, 1)),
	CALL(sendfile64, sendfile64(-1, -1, nullptr, 1)),
	CALL(splice, splice(-1, nullptr, -1, nullptr, 1, 0)),
	CALL(tee, tee(-1, -1, 1, 0)),
	CALL(vmsplice, vmsplice(-1, &v, 1, 0)),
	CALL(copy_file_range, copy_file_range(-1, nullptr, -1, nullptr, 1, 0)),
	CALL(fsync, fsync(-1)),
	CALL(fdatasync, fdatasync(-1)),
	CALL(msync, msync(nullptr, 0, MS_SYNC)),
	CALL(sync, ),
	CALL(syncfs, syncfs(-1)),
	CALL(sync_file_range, sync_file_range(-1, 0, 0, 0)),
	CALL(fallocate, fallocate(-1, 0, 0, 1)),
	CALL(fallocate64, fallocate64(-1, 0, 0, 1)),
	CALL(posix_fallocate, posix_fallocate(-1, 0, 1)),
	CALL(posix_fallocate64, posix_fallocate64(-1, 0, 1)),
	CALL(ftruncate, ftruncate(-1, 0)),
	CALL(ftruncate64, ftruncate64(-1, 0)),
	CALL(readahead, readahead(-1, 0, 1)),
	CALL(open, open("/no/such", O_RDONLY)),
	CALL(open64, open64("/no/such", O_RDONLY)),
	CALL(__open, __open("/no/such", O_RDONLY)),
	CALL(__open64, __open64("/no/such", O_RDONLY)),
	CALL(__open_2, __open_2("/no/such", O_RDONLY)),
	CALL(__open64_2, __open64_2("/no/such", O_RDONLY)),
	CALL(openat, openat(-1, "no/such", O_RDONLY)),
	CALL(openat64, openat64(-1, "no/such", O_RDONLY)),
	CALL(__openat_2, __openat_2(-1, "no/such", O_RDONLY)),
	CALL(__openat64_2, __openat64_2(-1, "no/such", O_RDONLY)),
	CALL(creat, creat("/no/such", 0600)),
	CALL(creat64, creat64("/no/such", 0600)),
	CALL(close, close(-1)),
	CALL(__close, __close(-1)),
	CALL(flock, flock(-1, LOCK_EX)),
	CALL(lockf, lockf(-1, F_LOCK, 0)),
	CALL(lockf64, lockf64(-1, F_LOCK, 0)),
	CALL(fcntl, fcntl(-1, F_GETFD)),
	CALL(fcntl64, fcntl64(-1, F_GETFD)),
	CALL(__fcntl, __fcntl(-1, F_GETFD)),
	CALL(tcdrain, tcdrain(-1)),
	CALL(ioctl, ioctl(-1, FIONREAD, &word)),
	CALL(eventfd_read, eventfd_t v; eventfd_read(-1, &v)),
	CALL(eventfd_write, eventfd_write(-1, 1)),
	/* streams: in has two lines, out takes some */
	CALL(fopen, FILE *f = fopen("/no/such", "r"); (void)f),
	CALL(fclose, FILE *f = out; out = nullptr; fputs("x", f); fclose(f)),
	CALL(fflush, fputs("x", out); fflush(out)),
	CALL(fflush_unlocked, fputs("x", out); fflush_unlocked(out)),
	CALL(flockfile, flockfile(in); funlockfile(in)),
	CALL(fread, fread(buf, 1, 1, in)),
	CALL(fread_unlocked, (fread_unlocked)(buf, 1, 1, in)),
	CALL(__fread_chk, __fread_chk(buf, sizeof(buf), 1, 1, in)),
	CALL(__fread_unlocked_chk, __fread_unlocked_chk(buf, sizeof(buf), 1, 1, in)),
	CALL(fgets, fgets(buf, 30, in)),
	CALL(fgets_unlocked, fgets_unlocked(buf, 30, in)),
	CALL(__fgets_chk, __fgets_chk(buf, sizeof(buf), 30, in)),
	CALL(__fgets_unlocked_chk, __fgets_unlocked_chk(buf, sizeof(buf), 30, in)),
	CALL(getline, getline(&line, &line_room, in)),
	CALL(getdelim, getdelim(&line, &line_room, ' ', in)),
	CALL(fgetc, fgetc(in)),
	CALL(getc, (getc)(in)),
	CALL(getchar, (getchar)()),
	CALL(__uflow, __uflow(in)),
	CALL(__underflow, __underflow(in)),
	CALL(__overflow, setvbuf(out, nullptr, _IONBF, 0); __overflow(out, 'x')),
	CALL(fwrite, setvbuf(out, nullptr, _IONBF, 0); fwrite("x", 1, 1, out)),
	CALL(fwrite_unlocked, setvbuf(out, nullptr, _IONBF, 0); (fwrite_unlocked)("x", 1, 1, out)),
	CALL(fputs, setvbuf(out, nullptr, _IONBF, 0); fputs("x", out)),
	CALL(fputs_unlocked, setvbuf(out, nullptr, _IONBF, 0); fputs_unlocked("x", out)),
	CALL(fputc, setvbuf(out, nullptr, _IONBF, 0); fputc('x', out)),
	CALL(putc, setvbuf(out, nullptr, _IONBF, 0); (putc)('x', out)),
	CALL(puts, ),
	CALL(putchar, ),
	CALL(dlopen, dlopen(nullptr, RTLD_NOW)),
	CALL(dlmopen, dlmopen(LM_ID_BASE, nullptr, RTLD_NOW)),
	CALL(printf, printf("%s", "")),
	CALL(vprintf, LISTED(vprintf(&long_name[sizeof(long_name) - 1], args))),
	CALL(__printf_chk, __printf_chk(1, "%s", "")),
	CALL(__vprintf_chk, LISTED(__vprintf_chk(1, "", args))),
	CALL(fprintf, setvbuf(out, nullptr, _IONBF, 0); fprintf(out, "x%d", 1)),
	CALL(vfprintf, setvbuf(out, nullptr, _IONBF, 0); LISTED(vfprintf(out, "x", args))),
	CALL(__fprintf_chk, setvbuf(out, nullptr, _IONBF, 0); __fprintf_chk(out, 1, "x%d", 1)),
	CALL(__vfprintf_chk, setvbuf(out, nullptr, _IONBF, 0);
	     LISTED(__vfprintf_chk(out, 1, "x", args))),
	CALL(dprintf, dprintf(-1, "x%d", 1)),
	CALL(vdprintf, LISTED(vdprintf(-1, "x", args))),
	CALL(__dprintf_chk, __dprintf_chk(-1, 1, "x%d", 1)),
	CALL(__vdprintf_chk, LISTED(__vdprintf_chk(-1, 1, "x", args))),
	CALL(scanf, old_scanf("x")),
	CALL(vscanf, LISTED(old_vscanf("x", args))),
	CALL(__isoc99_scanf, __isoc99_scanf("x")),
	CALL(__isoc99_vscanf, LISTED(__isoc99_vscanf("x", args))),
	CALL(fscanf, old_fscanf(in, "x")),
	CALL(vfscanf, LISTED(old_vfscanf(in, "x", args))),
	CALL(__isoc99_fscanf, __isoc99_fscanf(in, "x")),
	CALL(__isoc99_vfscanf, LISTED(__isoc99_vfscanf(in, "x", args))),
	/* the resolver, with questions it need not ask anybody */
	CALL(getaddrinfo, addrinfo *a; getaddrinfo(nullptr, nullptr, nullptr, &a)),
	CALL(getaddrinfo_a, gaicb *l = nullptr; getaddrinfo_a(GAI_WAIT, &l, 1, nullptr)),
	CALL(getnameinfo, getnameinfo((sockaddr *)&name_un, 1, buf, 10, nullptr, 0, 0)),
	CALL(gethostbyname, gethostbyname("127.0.0.1")),
	CALL(gethostbyname2, gethostbyname2("127.0.0.1", AF_INET)),
	CALL(gethostbyname_r,
	     gethostbyname_r("127.0.0.1", &host, buf, 1024, &host_found, &host_error)),
	CALL(gethostbyname2_r,
	     gethostbyname2_r("127.0.0.1", AF_INET, &host, buf, 1024, &host_found, &host_error)),
	CALL(gethostbyaddr, gethostbyaddr(buf, 1, AF_INET)),
	CALL(gethostbyaddr_r,
	     gethostbyaddr_r(buf, 1, AF_INET, &host, buf + 100, 1024, &host_found, &host_error)),
	CALL(res_query, (res_query)(long_name, C_IN, T_A, (unsigned char *)buf, 512)),
	CALL(res_search, (res_search)(long_name, C_IN, T_A, (unsigned char *)buf, 512)),
	CALL(res_send, (res_send)((unsigned char *)buf, 1, (unsigned char *)buf, 1)),
	CALL(res_nquery, (res_nquery)(&resolver, long_name, C_IN, T_A, (unsigned char *)buf, 512)),
	CALL(res_nsearch,
	     (res_nsearch)(&resolver, long_name, C_IN, T_A, (unsigned char *)buf, 512)),
	CALL(res_nsend, (res_nsend)(&resolver, (unsigned char *)buf, 1, (unsigned char *)buf, 1)),
	/* sockets */
	CALL(connect, connect(-1, nullptr, 0)),
	CALL(__connect, __connect(-1, nullptr, 0)),
	CALL(accept, accept(-1, nullptr, nullptr)),
	CALL(accept4, accept4(-1, nullptr, nullptr, 0)),
	CALL(recv, recv(-1, buf, 1, 0)),
	CALL(__recv_chk, __recv_chk(-1, buf, 1, 1, 0)),
	CALL(recvfrom, recvfrom(-1, buf, 1, 0, nullptr, nullptr)),
	CALL(__recvfrom_chk, __recvfrom_chk(-1, buf, 1, 1, 0, nullptr, nullptr)),
	CALL(recvmsg, recvmsg(-1, &h, 0)),
	CALL(recvmmsg, recvmmsg(-1, &mm, 1, 0, nullptr)),
	CALL(send, send(-1, buf, 1, 0)),
	CALL(__send, __send(-1, buf, 1, 0)),
	CALL(sendto, sendto(-1, buf, 1, 0, nullptr, 0)),
	CALL(sendmsg, sendmsg(-1, &h, 0)),
	CALL(sendmmsg, sendmmsg(-1, &mm, 1, 0)),
	CALL(shutdown, shutdown(-1, SHUT_RDWR)),
	/* processes and messages */
	CALL(wait, wait(nullptr)),
	CALL(__wait, __wait(nullptr)),
	CALL(waitpid, waitpid(-1, nullptr, 0)),
	CALL(__waitpid, __waitpid(-1, nullptr, 0)),
	CALL(wait3, wait3(nullptr, 0, nullptr)),
	CALL(wait4, wait4(-1, nullptr, 0, nullptr)),
	CALL(waitid, waitid(P_ALL, 0, nullptr, WEXITED)),
	CALL(system, system(nullptr)),
	CALL(popen, FILE *f = popen("exit 0", "r"); pclose(f)),
	CALL(pclose, pclose(popen("exit 0", "r"))),
	CALL(semop, sembuf b = {0, -1, 0}; semop(-1, &b, 1)),
	CALL(semtimedop, sembuf b = {0, -1, 0}; semtimedop(-1, &b, 1, &none)),
	CALL(msgsnd, msgsnd(-1, buf, 1, 0)),
	CALL(msgrcv, msgrcv(-1, buf, 1, 0, 0)),
	CALL(mq_send, mq_send(-1, buf, 1, 0)),
	CALL(mq_timedsend, mq_timedsend(-1, buf, 1, 0, &past)),
	CALL(mq_receive, mq_receive(-1, buf, 1, nullptr)),
	CALL(mq_timedreceive, mq_timedreceive(-1, buf, 1, nullptr, &past)),
	CALL(aio_suspend, const aiocb *l = nullptr; aio_suspend(&l, 1, &none)),
	CALL(aio_suspend64, const aiocb64 *l = nullptr; aio_suspend64(&l, 1, &none)),
	CALL(lio_listio, aiocb *l = nullptr; lio_listio(LIO_WAIT, &l, 1, nullptr)),
	CALL(lio_listio64, aiocb64 *l = nullptr; lio_listio64(LIO_WAIT, &l, 1, nullptr)),
	CALL(gai_suspend, const gaicb *l = nullptr; gai_suspend(&l, 1, &none)),
};

/* --- blocked ---------------------------------------------------------------------------------------------------------- */

static void fill(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, buf, 4096) > 0)
		;
	fcntl(fd, F_SETFL, 0);
}

static const call blocked_calls[] = {
	CALL(pthread_join, pthread_join(eternal, nullptr)),
	CALL(pthread_timedjoin_np, pthread_timedjoin_np(eternal, nullptr, &later)),
	CALL(pthread_clockjoin_np, pthread_clockjoin_np(eternal, nullptr, CLOCK_MONOTONIC, &later)),
	CALL(thrd_join, thrd_join(thrd_eternal, nullptr)),
	CALL(thrd_sleep, thrd_sleep(&later, nullptr)),
	CALL(pthread_cond_wait, pthread_mutex_lock(&m); pthread_cond_wait(&c, &m)),
	CALL(pthread_cond_timedwait, pthread_mutex_lock(&m);
	     pthread_cond_timedwait(&c, &m, &later)),
	CALL(pthread_cond_clockwait, pthread_mutex_lock(&m);
	     pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &later)),
	CALL(cnd_wait, mtx_lock(&mtx); cnd_wait(&cnd, &mtx)),
	CALL(cnd_timedwait, mtx_lock(&mtx); cnd_timedwait(&cnd, &mtx, &later)),
	CALL(sem_wait, sem_wait(&empty)),
	CALL(sem_timedwait, sem_timedwait(&empty, &later)),
	CALL(sem_clockwait, sem_clockwait(&empty, CLOCK_MONOTONIC, &later)),
	CALL(nanosleep, nanosleep(&later, nullptr)),
	CALL(__nanosleep, __nanosleep(&later, nullptr)),
	CALL(clock_nanosleep, clock_nanosleep(CLOCK_MONOTONIC, 0, &later, nullptr)),
	CALL(usleep, usleep(4000000000u)),
	CALL(sleep, sleep(4000000000u)),
	CALL(pause, pause()),
	CALL(poll, poll(&pf, 1, -1)),
	CALL(__poll, __poll(&pf, 1, -1)),
	CALL(__poll_chk, __poll_chk(&pf, 1, -1, sizeof(pf))),
	CALL(ppoll, ppoll(&pf, 1, nullptr, nullptr)),
	CALL(__ppoll_chk, __ppoll_chk(&pf, 1, nullptr, nullptr, sizeof(pf))),
	CALL(select, select(0, nullptr, nullptr, nullptr, nullptr)),
	CALL(__select, __select(0, nullptr, nullptr, nullptr, nullptr)),
	CALL(pselect, pselect(0, nullptr, nullptr, nullptr, nullptr, nullptr)),
	CALL(epoll_wait, epoll_wait(ep, &ev, 1, -1)),
	CALL(epoll_pwait, epoll_pwait(ep, &ev, 1, -1, nullptr)),
#if __GLIBC_PREREQ(2, 35)
	CALL(epoll_pwait2, epoll_pwait2(ep, &ev, 1, nullptr, nullptr)),
#endif
	CALL(sigwait, int sig; sigwait(&usr2, &sig)),
	CALL(sigwaitinfo, sigwaitinfo(&usr2, nullptr)),
	CALL(sigtimedwait, sigtimedwait(&usr2, nullptr, &later)),
	CALL(sigsuspend, sigsuspend(&no_signals)),
	CALL(__sigsuspend, __sigsuspend(&no_signals)),
	CALL(sigpause, sigpause(SIGUSR2)),
	CALL(read, read(p[0], buf, 1)),
	CALL(__read, __read(p[0], buf, 1)),
	CALL(__read_chk, __read_chk(p[0], buf, 1, 1)),
	CALL(readv, readv(p[0], &v, 1)),
	CALL(write, fill(p[1]); write(p[1], buf, 4096)),
	CALL(__write, fill(p[1]); __write(p[1], buf, 4096)),
	CALL(writev, fill(p[1]); writev(p[1], &v, 1)),
	CALL(splice, splice(p[0], nullptr, s[1], nullptr, 8, 0)),
	CALL(vmsplice, fill(p[1]); vmsplice(p[1], &v, 1, 0)),
	CALL(tee, int q[2]; pipe(q); tee(p[0], q[1], 1, 0)),
	CALL(open, open("cancel_points.fifo", O_RDONLY)),
	CALL(open64, open64("cancel_points.fifo", O_RDONLY)),
	CALL(__open, __open("cancel_points.fifo", O_RDONLY)),
	CALL(__open64, __open64("cancel_points.fifo", O_RDONLY)),
	CALL(__open_2, __open_2("cancel_points.fifo", O_RDONLY)),
	CALL(openat, openat(AT_FDCWD, "cancel_points.fifo", O_RDONLY)),
	CALL(openat64, openat64(AT_FDCWD, "cancel_points.fifo", O_RDONLY)),
	CALL(creat, creat("cancel_points.fifo", 0600)),
	CALL(creat64, creat64("cancel_points.fifo", 0600)),
	CALL(fcntl, struct flock l = {}; l.l_type = F_WRLCK; fcntl(file, F_OFD_SETLKW, &l)),
	CALL(fcntl64, struct flock l = {}; l.l_type = F_WRLCK; fcntl64(file, F_OFD_SETLKW, &l)),
	CALL(fgets, fgets(buf, 30, in); fgets(buf, 30, in); fgets(buf, 30, in)),
	CALL(fread, fread(buf, 1, 100, in)),
	CALL(getline, while (getline(&line, &line_room, in) > 0);),
	CALL(fopen, FILE *f = fopen("cancel_points.fifo", "r"); (void)f),
	CALL(fflush, fill(p[1]); fputs("x", out); fflush(out)),
	CALL(fputs, fill(p[1]); setvbuf(out, nullptr, _IONBF, 0); fputs("x", out)),
	CALL(fprintf, fill(p[1]); setvbuf(out, nullptr, _IONBF, 0); fprintf(out, "x%d", 1)),
	CALL(accept, accept(listener, nullptr, nullptr)),
	CALL(accept4, accept4(listener, nullptr, nullptr, 0)),
	CALL(connect, int i = 0; for (;; i++) connect(socket(AF_UNIX, SOCK_STREAM, 0),
						      (sockaddr *)&name_un, sizeof(name_un))),
	CALL(recv, recv(s[0], buf, 1, 0)),
	CALL(__recv_chk, __recv_chk(s[0], buf, 1, 1, 0)),
	CALL(recvfrom, recvfrom(s[0], buf, 1, 0, nullptr, nullptr)),
	CALL(__recvfrom_chk, __recvfrom_chk(s[0], buf, 1, 1, 0, nullptr, nullptr)),
	CALL(recvmsg, recvmsg(s[0], &h, 0)),
	CALL(recvmmsg, recvmmsg(s[0], &mm, 1, 0, nullptr)),
	CALL(send, fill(s[1]); send(s[1], buf, sizeof(buf), 0)),
	CALL(__send, fill(s[1]); __send(s[1], buf, sizeof(buf), 0)),
	CALL(sendto, fill(s[1]); sendto(s[1], buf, sizeof(buf), 0, nullptr, 0)),
	CALL(sendmsg, fill(s[1]); v.iov_len = sizeof(buf); sendmsg(s[1], &h, 0)),
	CALL(sendmmsg, fill(s[1]); v.iov_len = sizeof(buf); sendmmsg(s[1], &mm, 1, 0)),
	CALL(wait, wait(nullptr)),
	CALL(__wait, __wait(nullptr)),
	CALL(waitpid, waitpid(-1, nullptr, 0)),
	CALL(__waitpid, __waitpid(-1, nullptr, 0)),
	CALL(wait3, wait3(nullptr, 0, nullptr)),
	CALL(wait4, wait4(-1, nullptr, 0, nullptr)),
	CALL(waitid, waitid(P_ALL, 0, nullptr, WEXITED)),
	CALL(msgrcv, msgrcv(queue, buf, 1, 1, 0)),
	CALL(mq_receive, mq_receive(mq, buf, sizeof(buf), nullptr)),
	CALL(mq_timedreceive, mq_timedreceive(mq, buf, sizeof(buf), nullptr, &later)),
	CALL(aio_suspend, io.aio_fildes = p[0]; io.aio_buf = buf; io.aio_nbytes = 1; aio_read(&io);
	     const aiocb *l = &io; aio_suspend(&l, 1, nullptr)),
	CALL(system, system("exec sleep 1000")),
};

/* --- doing it --------------------------------------------------------------------------------------------------------- */

static std::atomic<pid_t> waiter;
static bool is_pending;

static __attribute__((noinline)) void guarded(const call *t)
{
	Guard inner("inner");
	t->make();
	tell("returned");
}

static void *run(void *arg)
{
	Guard outer("outer");
	pthread_cleanup_push(cleanup, nullptr);
	waiter = gettid();
	if (is_pending)
		pthread_cancel(pthread_self());
	guarded(static_cast<const call *>(arg));
	pthread_cleanup_pop(1);
	return arg;
}

/* The kernel says when it is blocked. */
static void await_blocked(pid_t tid)
{
	char path[64], text[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	do {
		sched_yield();
		memset(text, 0, sizeof(text));
		if (syscall(SYS_pread64, fd, text, sizeof(text) - 1, 0L) <= 0)
			break;
	} while (text[0] < '0' || text[0] > '9');
	close(fd);
}

static void one_call(const call *t, bool pending)
{
	pthread_t th;
	void *ret;

	told.clear();
	waiter = 0;
	is_pending = pending;
	fresh();
	pthread_create(&th, nullptr, run, const_cast<call *>(t));
	if (!pending) {
		while (!waiter)
			sched_yield();
		await_blocked(waiter);
		pthread_cancel(th);
	}
	pthread_join(th, &ret);
	gone();
	printf("%s:%s %s\n", t->name, told.c_str(),
	       ret == PTHREAD_CANCELED ? "cancelled" : "ended");
}

/* What blocking takes, made once: a child that stays, a locked file, a full listener, queues. */
static pid_t prepare_blocking()
{
	int pipe_to_child[2], own;
	pid_t child;
	struct flock l = {};

	must(pipe(pipe_to_child) == 0, "pipe");
	child = fork();
	if (child == 0) {
		close(pipe_to_child[1]);
		while (syscall(SYS_read, pipe_to_child[0], buf, 1) > 0)
			;
		_exit(0);
	}
	mkfifo("cancel_points.fifo", 0600);
	own = open("cancel_points.file", O_RDWR | O_CREAT, 0600);
	file = open("cancel_points.file", O_RDWR);
	l.l_type = F_WRLCK;
	must(fcntl(own, F_OFD_SETLK, &l) == 0, "lock");
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	name_un.sun_family = AF_UNIX;
	strcpy(name_un.sun_path, "cancel_points.socket");
	unlink(name_un.sun_path);
	must(bind(listener, (sockaddr *)&name_un, sizeof(name_un)) == 0 && listen(listener, 1) == 0,
	     "listen");
	queue = msgget(IPC_PRIVATE, 0600);
	snprintf(mq_name, sizeof(mq_name), "/cancel_points.%d", getpid());
	mq = mq_open(mq_name, O_RDWR | O_CREAT, 0600, nullptr);
	mq_unlink(mq_name);
	return child;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, nullptr, _IOLBF, 0);
	alarm(50);
	sigemptyset(&no_signals);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	sigprocmask(SIG_BLOCK, &usr2, nullptr);
	signal(SIGPIPE, SIG_IGN);
	memset(long_name, 'a', sizeof(long_name) - 1);
	res_ninit(&resolver);
	pthread_create(&eternal, nullptr, pauses, nullptr);
	thrd_create(&thrd_eternal, thrd_pauses, nullptr);
	if (!strcmp(what, "names")) {
		for (const call &t : pending_calls)
			puts(t.name);
	} else if (!strcmp(what, "pending")) {
		for (const call &t : pending_calls)
			one_call(&t, true);
	} else if (!strcmp(what, "blocked")) {
		prepare_blocking();
		for (const call &t : blocked_calls)
			one_call(&t, false);
		msgctl(queue, IPC_RMID, nullptr);
	} else {
		return 2;
	}
	return 0;
}
