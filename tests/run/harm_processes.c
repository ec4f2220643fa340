/* cflags: -Wno-clobbered -Wno-unknown-warning-option */
/*
 * harm_processes.c - every way a program makes another process or loses its place in the world.
 *
 *	harm_processes CASE
 *
 * Run by harm_processes.sh, bare and traced.  A child of fork has one thread, its parent's memory and its parent's slot in its hands; of
 * vfork even the parent's stack.  Daemons close every descriptor, servers drop their root and their user.  Each case prints what it
 * did, the same in every run.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

extern char **environ;
static const char *self;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t sem;

static void *toggle(void *p)
{
	int i;

	for (i = 0; i < 20; i++) {
		pthread_mutex_lock(&lock);
		sched_yield();
		pthread_mutex_unlock(&lock);
		sem_post(&sem);
	}
	return p;
}

/* Threads that wait for each other, in whatever process this is. */
static void some_threads(int n)
{
	pthread_t t[600];
	int i;

	pthread_mutex_init(&lock, NULL);
	sem_init(&sem, 0, 0);
	for (i = 0; i < n; i++)
		if (pthread_create(&t[i], NULL, toggle, NULL))
			abort();
	for (i = 0; i < n * 20; i++)
		while (sem_wait(&sem))
			;
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

/* --- fork -------------------------------------------------------------------------------------------------------- */

static atomic_bool stop;
static atomic_int bad_ends;

static void *noise(void *p)
{
	while (!stop) {
		usleep(100);
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	}
	return p;
}

static void *forker(void *p)
{
	int i;

	for (i = 0; i < 25; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			switch (i % 5) {
			case 0: _exit(3);
			case 1: /* returns from a start routine that the parent's thread is in too */
				return p;
			case 2: usleep(1); exit(3);
			case 3: some_threads(2); _exit(3);
			default: execl("/bin/true", "true", "of-storm", NULL); _exit(9);
			}
		}
		bad_ends += wait_for(pid) != (i % 5 == 1 || i % 5 == 4 ? 0 : 3);
		usleep(50);
	}
	return p;
}

static void storm(void)
{
	pthread_t t[6];
	int i;

	fflush(stdout);
	for (i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, i < 3 ? forker : noise, NULL);
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	stop = true;
	for (; i < 6; i++)
		pthread_join(t[i], NULL);
	printf("storm: 75 children, %d bad ends\n", bad_ends);
}

static void chain(int depth)
{
	pid_t pid;

	if (!depth) {
		some_threads(2);
		return;
	}
	pid = fork();
	if (pid == 0) {
		usleep(1);
		chain(depth - 1);
		exit(depth);
	}
	if (wait_for(pid) != depth)
		abort();
}

/* --- other ways ----------------------------------------------------------------------------------------------------- */

static void others(void)
{
	char *argv[] = {"true", "by-spawn", NULL};
	static char stack[65536];
	char line[64] = "";
	pid_t pid;
	FILE *f;
	int i, r;

	for (i = 0; i < 5; i++) {
		pid = vfork();
		if (pid == 0) {
			(void)!write(2, "", 0);
			execl("/bin/true", "true", "by-vfork", NULL);
			_exit(9);
		}
		usleep(1);
		printf("vfork: %d\n", wait_for(pid));
		pid = vfork();
		if (pid == 0)
			_exit(4);
		printf("vfork and exit: %d\n", wait_for(pid));
	}
	r = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ);
	printf("posix_spawn: %d %d\n", r, wait_for(pid));
	r = posix_spawnp(&pid, "no-such-program", NULL, NULL, argv, environ);
	printf("posix_spawnp of nothing: %d\n", r);
	fflush(stdout);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		usleep(1);
		some_threads(2);
		_exit(5);
	}
	printf("raw clone: %d\n", wait_for(pid));
	pid = clone((int (*)(void *))(void *)chain, stack + sizeof(stack), SIGCHLD, NULL);
	printf("clone: %d\n", wait_for(pid) >= 0);
	printf("system: %d\n", WEXITSTATUS(system("exit 7")));
	f = popen("echo from popen", "r");
	printf("popen: %s", fgets(line, sizeof(line), f) ? line : "nothing\n");
	printf("pclose: %d\n", pclose(f));
}

static void *exec_it(void *p)
{
	execl(self, self, "exec-chain", p, NULL);
	abort();
}

/* Threads wait, and one of them, not the first, turns the process into another program. */
static void exec_chain(int n)
{
	char next[16];
	pthread_t t;

	some_threads(2);
	if (n == 0) {
		puts("exec-chain: the end");
		return;
	}
	snprintf(next, sizeof(next), "%d", n - 1);
	pthread_create(&t, NULL, noise, NULL);
	pthread_create(&t, NULL, exec_it, next);
	pause();
}

/* --- losing one's place -------------------------------------------------------------------------------------------------- */

static void place(void)
{
	int fd, i;

	if (daemon(1, 1))
		abort();
	fd = dup(1);
	some_threads(2);
	for (i = 3; i < 1024; i++)
		if (i != fd)
			close(i);
	syscall(SYS_close_range, fd + 1, ~0u, 0);
	printf("first free descriptor after closing all: %d\n", dup(0) == (fd == 3 ? 4 : 3));
	if (geteuid() == 0) {
		if (mkdir("empty", 0755) | chroot("empty") | chdir("/"))
			abort();
		if (setgid(65534) || setuid(65534))
			abort();
	}
	some_threads(3);
	fflush(stdout);
	if (fork() == 0) {
		usleep(1);
		some_threads(2);
		puts("the child of a daemon, without root or user");
		exit(0);
	}
	printf("its end: %d\n", wait_for(-1));
}

static void limits(void)
{
	static const struct {
		__rlimit_resource_t what;
		rlim_t at;
	} all[] = {{RLIMIT_FSIZE, 0},
		   {RLIMIT_NOFILE, 3},
		   {RLIMIT_AS, 0},
		   {RLIMIT_STACK, 65536},
		   {RLIMIT_DATA, 0}};
	size_t i;

	some_threads(2); /* stacks are there now */
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct rlimit r;

		getrlimit(all[i].what, &r);
		r.rlim_cur = all[i].at;
		setrlimit(all[i].what, &r);
	}
	some_threads(2);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	printf("under limits\n");
}

static void many(void)
{
	int i;

	for (i = 0; i < 2000; i++) {
		pthread_t t;

		pthread_create(&t, NULL, toggle, NULL);
		pthread_join(t, NULL);
	}
	some_threads(500);
	puts("2000 threads one after another, 500 at once");
}

/* --- killed in the middle of it --------------------------------------------------------------------------------------------- */

static atomic_int hanging;

static void *hang(void *p)
{
	struct timespec forever = {4000000000, 0};
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	char byte;
	int fds[2];

	if (pipe(fds))
		abort();
	hanging = gettid();
	switch ((int)(intptr_t)p) {
	case 0: pthread_mutex_lock(&lock); break;
	case 1:
		pthread_mutex_lock(&m);
		pthread_cond_wait(&c, &m);
		break;
	case 2: sem_wait(&sem); break;
	case 3: (void)!read(fds[0], &byte, 1); break;
	case 4: nanosleep(&forever, NULL); break;
	}
	return p;
}

static void die_waiting(void)
{
	char path[64], text[16];
	pthread_t t[5];
	intptr_t i;

	sem_init(&sem, 0, 0);
	pthread_mutex_lock(&lock);
	for (i = 0; i < 5; i++) {
		pthread_create(&t[i], NULL, hang, (void *)i);
		while (!hanging)
			sched_yield();
		snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", hanging);
		hanging = 0;
		do {
			int fd = open(path, O_RDONLY);

			text[0] = 0;
			if (fd < 0 || syscall(SYS_pread64, fd, text, sizeof(text), 0L) < 0)
				abort();
			close(fd);
		} while (text[0] < '0' || text[0] > '9');
	}
	raise(SIGKILL);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	self = argv[0];
	alarm(60);
	if (!strcmp(what, "storm"))
		storm();
	else if (!strcmp(what, "chain"))
		chain(6), puts("chain: six generations");
	else if (!strcmp(what, "others"))
		others();
	else if (!strcmp(what, "exec-chain"))
		exec_chain(argc > 2 ? atoi(argv[2]) : 5);
	else if (!strcmp(what, "place"))
		place();
	else if (!strcmp(what, "limits"))
		limits();
	else if (!strcmp(what, "many"))
		many();
	else if (!strcmp(what, "die-waiting"))
		die_waiting();
	else
		return 2;
	return 0;
}
