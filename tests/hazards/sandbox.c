/*
 * sandbox.c - programs that forbid themselves things after their start.
 *
 *	sandbox strict		seccomp's strict mode: read, write and exit are all that is left
 *	sandbox strict-syscall	the same asked for by syscall(SYS_seccomp)
 *	sandbox strict-thread	one thread of several goes there, the others work on
 *	sandbox tsc		the time stamp counter, for the process, its threads and its children
 *	sandbox filter		every system call but those that this program is known to make: threads, locks, pipes, sleep
 *	sandbox filter-fork	the same with fork and the three calls a forked child's recorder makes
 *
 * What is forbidden kills.  A recorder that reads the clock, or asks for its thread number, in the wrong moment is the program's death.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(9);
}

static void must(int is_good, const char *what)
{
	if (is_good)
		return;
	perror(what);
	exit(1);
}

static int pipe_ends[2];
static sem_t sem;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static atomic_int stop, rounds;

/* Of all that is wrapped what makes no other system call than read and write. */
static void work_strictly(void)
{
	char byte = 'x';
	int i;

	for (i = 0; i < 100; i++) {
		if (write(pipe_ends[1], &byte, 1) != 1 || read(pipe_ends[0], &byte, 1) != 1)
			say("pipe\n");
		sem_post(&sem);
		sem_wait(&sem);
		pthread_mutex_lock(&lock);
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&lock);
	}
}

/* Not the lock of the strict thread: to wait for one takes a system call, which kills it, and nobody would stop these. */
static void *work_on(void *p)
{
	static pthread_mutex_t theirs = PTHREAD_MUTEX_INITIALIZER;

	while (!stop) {
		usleep(50);
		pthread_mutex_lock(&theirs);
		rounds++;
		pthread_mutex_unlock(&theirs);
	}
	return p;
}

static void *go_strict(void *p)
{
	(void)p;
	usleep(1000);
	must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0), "seccomp");
	say("strict\n");
	work_strictly();
	stop = 1;
	syscall(SYS_exit, 0);
	return NULL;
}

static void strict_thread(void)
{
	pthread_t t[4];
	int i;

	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, work_on, NULL);
	pthread_create(&t[3], NULL, go_strict, NULL);
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	usleep(10);
	printf("others worked: %d\n", rounds > 0);
}

/* --- everything that a program of threads does ------------------------------------------------------------------ */

static sem_t ball[2];

static void *play(void *arg)
{
	int me = arg != NULL, i;
	char byte = 'x';

	for (i = 0; i < 50; i++) {
		while (sem_wait(&ball[me]))
			;
		pthread_mutex_lock(&lock);
		rounds++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&lock);
		if (write(pipe_ends[1], &byte, 1) != 1 || read(pipe_ends[0], &byte, 1) != 1)
			say("pipe\n");
		usleep(10);
		sem_post(&ball[!me]);
	}
	return arg;
}

static void games(int n)
{
	pthread_t t[2];
	int i;

	for (; n; n--) {
		sem_init(&ball[0], 0, 1);
		sem_init(&ball[1], 0, 0);
		for (i = 0; i < 2; i++)
			must(!pthread_create(&t[i], NULL, play, i ? &ball : NULL), "thread");
		for (i = 0; i < 2; i++)
			pthread_join(t[i], NULL);
	}
}

static void filter(int with_fork)
{
	static const int allowed[] = {SYS_read, SYS_write, SYS_futex, SYS_exit, SYS_exit_group,
				      SYS_clock_nanosleep, SYS_nanosleep,
				      /* pthread_create, and the end of a thread */
				      SYS_mmap, SYS_mprotect, SYS_munmap, SYS_madvise, SYS_clone,
				      SYS_clone3, SYS_rt_sigprocmask, SYS_set_robust_list, SYS_rseq,
				      SYS_sched_yield,
				      /* malloc and stdio, seldom */
				      SYS_brk, SYS_newfstatat};
	static const int for_fork[] = {SYS_wait4, SYS_getpid, SYS_getppid, SYS_gettid};
	struct sock_filter code[80];
	struct sock_fprog prog = {0, code};
	unsigned short n = 0;
	size_t i;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (unsigned)allowed[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	for (i = 0; with_fork && i < sizeof(for_fork) / sizeof(for_fork[0]); i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (unsigned)for_fork[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog.len = n;
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges");
	must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0), "filter");
}

static void fork_one(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		games(2);
		_exit(6);
	}
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 6)
		say("the child was killed\n");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	sem_init(&sem, 0, 0);
	must(!pipe(pipe_ends), "pipe");
	if (!strcmp(what, "strict") || !strcmp(what, "strict-syscall")) {
		usleep(10);
		if (what[6])
			must(!syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL), "seccomp");
		else
			must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0), "seccomp");
		work_strictly();
		say("the end\n");
		syscall(SYS_exit, 0);
	} else if (!strcmp(what, "strict-thread")) {
		strict_thread();
	} else if (!strcmp(what, "tsc")) {
		games(2);
#if defined(__x86_64__)
		must(!prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0), "counter");
#endif
		games(2);
		fork_one();
	} else if (!strcmp(what, "filter") || !strcmp(what, "filter-fork")) {
		/* what libc loads at the first use is loaded */
		games(1);
		filter(what[6] != 0);
		games(20);
		if (what[6])
			fork_one();
	} else {
		return 2;
	}
	say("done\n");
	return 0;
}
